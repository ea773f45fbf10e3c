"""What a delivery says: in the order in which files came, what comes back is news, and what is gone is gone."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from contracts.channel import Channel
from contracts.loading import load_channels
from lake.tables import BRONZE, CONSENTS, EVENTS, QUARANTINE, RECORDS, read
from spark_jobs.ingest import ingest
from spark_jobs.replay import replay
from spark_jobs.standardise import standardise
from tests.spark_jobs.conftest import CRM_HEADER

NOW = datetime(2026, 1, 2, tzinfo=UTC)
Channels = dict[str, Channel]
WriteCrm = Callable[..., None]
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(spark: SparkSession, lake: str, sources: Path) -> Run:
    """A day's run of ingest and standardise; each day is one later."""
    days = iter(range(100))

    def one(channels: Channels) -> dict[str, Any]:
        found = ingest(spark, lake, str(sources), channels, NOW + timedelta(days=next(days)))
        return found | {"silver": standardise(spark, lake, channels)}

    return one


def families(spark: SparkSession, lake: str) -> dict[str, str | None]:
    return {row.source_key: row.family_name for row in read(spark, lake, RECORDS).collect()}


def with_contract(folder: Path, name: str, old: str, new: str) -> Channels:
    path = folder / f"{name}.yml"
    path.write_text(path.read_text().replace(old, new, 1))
    return load_channels(folder)


def test_a_value_that_comes_back_is_news_in_one_file_in_several_and_in_one_that_is_overwritten(
    spark: SparkSession, lake: str, channels: Channels, write_crm: WriteCrm, run: Run
) -> None:
    a, b = "1,Anna,Roux,,,,", "1,Anna,Petit,,,,"
    for line in (a, b, a):
        write_crm(line)
        crm = run(channels)["channels"]["crm"]
        assert (crm["accepted"], crm["duplicate"]) == (1, 0)
    assert families(spark, lake) == {"1": "Roux"}
    assert run(channels)["channels"]["crm"]["duplicate"] == 1
    write_crm("2,Luc,A,,,,", "2,Luc,B,,,,", "2,Luc,A,,,,", file="crm-2.csv")
    write_crm("2,Luc,C,,,,", file="crm-10.csv")
    run(channels)
    assert families(spark, lake) == {"1": "Roux", "2": "C"}
    assert run(channels)["rows_changed"] == 0


def test_a_value_that_comes_back_is_news_beside_files_that_lie_there_still(
    spark: SparkSession, lake: str, sources: Path, channels: Channels, write_crm: WriteCrm, run: Run
) -> None:
    for n, line in enumerate(("1,Anna,Roux,,,,", "1,Anna,Petit,,,,", "1,Anna,Roux,,,,")):
        write_crm(line, file=f"crm-{n}.csv")
        run(channels)
        (sources / "crm-1.csv").unlink(missing_ok=True)
    assert families(spark, lake) == {"1": "Roux"}


def test_an_order_that_is_corrected_back_counts_as_it_was_delivered_last(
    spark: SparkSession, lake: str, sources: Path, contracts_folder: Path, run: Run
) -> None:
    (contracts_folder / "orders.yml").write_text(
        "channel: orders\nfiles: orders*.csv\nformat: csv\nholds: [event]\nevent: {type: order}\ncolumns:\n"
        "  no: {is: event_id}\n  on: {is: event_time, format: iso}\n  total: {is: amount}\n"
    )
    channels = load_channels(contracts_folder)
    for total in ("10", "20", "10"):
        (sources / "orders.csv").write_text(
            f'no,on,total\n1,2025-01-01,{total}\n2,2099-01-01,5\n3,2025-01-01,"81,62"\n'
        )
        found = run(channels)
    assert {row.event_id: row.amount for row in read(spark, lake, EVENTS).collect()} == {
        "orders:1": 10.0,
        "orders:3": None,
    }
    orders = found["channels"]["orders"]
    assert orders["reasons"] == {
        "on: expected a time before its arrival, found one that is later by more than a day": 1
    }


def test_a_row_read_again_later_is_older_than_what_came_after_it(
    spark: SparkSession, lake: str, sources: Path, contracts_folder: Path, channels: Channels, run: Run
) -> None:
    (sources / "crm-1.csv").write_bytes((CRM_HEADER + "1,Anna,Née,,,,\n").encode("cp1252"))
    run(channels)
    (sources / "crm-2.csv").write_text(CRM_HEADER + "1,Anna,Petit,,,,\n")
    run(channels)
    mended = with_contract(contracts_folder, "crm", "format: csv", "format: csv\nencoding: cp1252")
    assert replay(spark, lake, mended, NOW + timedelta(days=9))["accepted"] == 1
    standardise(spark, lake, mended)
    assert families(spark, lake) == {"1": "Petit"}


def test_who_is_missing_from_a_full_delivery_is_gone_and_comes_back(
    spark: SparkSession, lake: str, contracts_folder: Path, write_crm: WriteCrm, run: Run
) -> None:
    channels = with_contract(contracts_folder, "crm", "format: csv", "format: csv\ndelivery: full\nmay_go: 0.4")
    people = [f"{n},Anna,F{n},,,," for n in range(1, 6)]
    write_crm(*people)
    run(channels)
    write_crm(*people[:3])
    found = run(channels)
    assert found["channels"]["crm"]["gone"] == 2 and found["silver"]["deleted"] == {"crm": 2}
    assert set(families(spark, lake)) == {"1", "2", "3"}
    assert run(channels)["rows_changed"] == 0
    write_crm(*people[:4])
    run(channels)
    assert set(families(spark, lake)) == {"1", "2", "3", "4"}


def test_a_full_delivery_that_would_delete_too_many_or_cannot_be_read_deletes_nobody(
    spark: SparkSession, lake: str, contracts_folder: Path, write_crm: WriteCrm, run: Run
) -> None:
    channels = with_contract(contracts_folder, "crm", "format: csv", "format: csv\ndelivery: full")
    people = [f"{n},Anna,F{n},,,," for n in range(1, 7)]
    write_crm(*people)
    run(channels)
    write_crm(*people[:1])
    assert (
        "5 of 6 keys are missing from crm.csv, and kept: expected at most 20%"
        in run(channels)["channels"]["crm"]["kept"]
    )
    write_crm(*people[:5], "6,torn")
    assert "1 rows of it could not be read" in run(channels)["channels"]["crm"]["kept"]
    assert len(families(spark, lake)) == 6
    write_crm(*people[:5])
    assert run(channels)["channels"]["crm"]["gone"] == 1
    write_crm()
    assert "5 of 5 keys are missing" in run(channels)["channels"]["crm"]["kept"]


def test_a_tombstone_deletes_a_record_and_a_row_that_leaves_a_value_empty_does_not_delete_it(
    spark: SparkSession, lake: str, contracts_folder: Path, write_crm: WriteCrm, run: Run
) -> None:
    channels = with_contract(contracts_folder, "crm", "phone: {is: phone}", "phone: {is: deleted}")
    write_crm("1,Anna,Roux,,,,", "2,Luc,Petit,,luc@mail.example,,")
    run(channels)
    write_crm("1,,,,,Y,", "2,Luc,,,,N,", file="crm-2.csv")
    found = run(channels)
    assert found["silver"]["deleted"] == {"crm": 1}
    assert families(spark, lake) == {"2": "Petit"}


def test_a_row_that_a_changed_contract_refuses_is_not_missing(
    spark: SparkSession, lake: str, sources: Path, contracts_folder: Path, write_crm: WriteCrm, run: Run
) -> None:
    channels = with_contract(contracts_folder, "crm", "format: csv", "format: csv\ndelivery: full\nmay_go: 0.9")
    write_crm("1,Anna,Roux,,,,", "2,Luc,Petit,,,,", "3,Eva,Blanc,,,,")
    run(channels)
    write_crm("1,Anna,Leroy,,,,", "2,Luc,Petit,,,,")  # Anna's row changes, and Eva is deleted
    ingest(spark, lake, str(sources), channels, NOW + timedelta(days=1))
    stricter = with_contract(contracts_folder, "crm", "phone: {is: phone}", "phone: {is: phone, required: true}")
    found = standardise(spark, lake, stricter)
    assert (found["deleted"], found["refused_now"]) == ({"crm": 1}, {"crm": 1})
    assert families(spark, lake) == {"1": "Roux", "2": "Petit"}, "as it was, until somebody mends the contract"


def test_every_file_is_in_the_report_with_what_was_found_in_it(
    sources: Path, channels: Channels, write_crm: WriteCrm, run: Run
) -> None:
    write_crm("1,Anna,Roux,,,,")
    write_crm(file="crm-empty.csv")
    (sources / "crm-mac.csv").write_bytes((CRM_HEADER + "2,Luc,Petit,,,,\n").replace("\n", "\r").encode())
    (sources / "crm-packed.csv.gz").write_bytes(gzip.compress((CRM_HEADER + "3,Zoé,Roux,,,,\n").encode("utf-16")))
    (sources / "crm-headless.csv").write_text("4,Max,Secretname,02/03/1980,max@mail.example,,\n")
    (sources / "clients.csv").write_text("x")
    found = run(channels)
    crm = found["channels"]["crm"]
    assert {one["file"]: (one["received"], one["accepted"]) for one in crm["delivered"]} == {
        "crm.csv": (1, 1),
        "crm-empty.csv": (0, 0),
        "crm-mac.csv": (1, 1),
        "crm-packed.csv.gz": (1, 1),
        "crm-headless.csv": (1, 0),
    }
    notes = {one["file"]: one["note"] for one in crm["delivered"] if "note" in one}
    assert notes["crm-empty.csv"] == "no row found in it"
    assert found["unnamed_files"] == ["clients.csv"]
    assert "Secretname" not in str(found) and "max@mail.example" not in str(found)


def test_a_decision_that_nobody_understands_is_a_refusal_until_it_is_read_again(
    spark: SparkSession, lake: str, sources: Path, contracts_folder: Path, channels: Channels, run: Run
) -> None:
    header = "kind,who,what,said,at\n"
    rows = "email,ana@mail.example,advice,NEIN,2025-01-01\nemail,bob@mail.example,advice,Refused,2025-01-01\n"
    (sources / "consents.csv").write_text(header + rows)
    found = run(channels)
    assert found["channels"]["consents"]["quarantined"] == 1
    assert found["silver"]["in_doubt"] == {"consents": 1}

    def said() -> set[tuple[str, str, str]]:
        return {(row.identifier, row.purpose, row.decision) for row in read(spark, lake, CONSENTS).collect()}

    ana, bob = "ana@mail.example", "bob@mail.example"
    assert said() == {(ana, "advice", "not_understood"), (bob, "advice", "refused")}
    assert run(channels)["rows_changed"] == 0
    mended = with_contract(contracts_folder, "consents", "{is: decision}", "{is: decision, values: {nein: refused}}")
    assert replay(spark, lake, mended, NOW + timedelta(days=9))["accepted"] == 1
    standardise(spark, lake, mended)
    assert said() == {
        (ana, "advice", "not_understood"),
        (ana, "advice", "looked_at"),
        (ana, "advice", "refused"),
        (bob, "advice", "refused"),
    }
    assert standardise(spark, lake, mended)["rows_changed"] == 0
    assert read(spark, lake, QUARANTINE).where("replayed_at IS NULL").count() == 0
    assert read(spark, lake, BRONZE["consent"]).count() == 2


def test_a_torn_decision_is_a_refusal_until_somebody_says_that_they_looked(
    spark: SparkSession, lake: str, sources: Path, channels: Channels, run: Run
) -> None:
    (sources / "consents.csv").write_text("kind,who,what,said,at\nemail,ana@mail.example,adv\n")
    run(channels)
    purposes = {row.purpose for row in read(spark, lake, CONSENTS).where("decision = 'not_understood'").collect()}
    assert {"advice", "marketing_email"} <= purposes
    assert replay(spark, lake, channels, NOW)["quarantined"] == 1
    assert standardise(spark, lake, channels)["rows_changed"] == 0
    assert replay(spark, lake, channels, NOW, looked_at=["consents"])["quarantined"] == 1
    assert standardise(spark, lake, channels)["rows_changed"] == len(purposes)
    assert read(spark, lake, CONSENTS).where("decision = 'looked_at'").count() == len(purposes)
    assert run(channels)["silver"]["rows_changed"] == 0
