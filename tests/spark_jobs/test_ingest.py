from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from channel_files.folder import SourceError
from consent.tombstones.digests import Tombstones, tombstones_of
from contracts.channel import Channel
from contracts.identifiers import Identifier
from contracts.loading import load_channels
from lake.tables import BRONZE, QUARANTINE, RECORDS, read
from spark_jobs.ingest import ingest
from spark_jobs.replay import replay
from spark_jobs.standardise import standardise

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ANNA = "1,Anna,Roux,02/03/1980,anna@mail.example,0639980001,2025-01-01T00:00:00Z"
LUC = "2,Luc,Petit,05/06/1990,luc@mail.example,,2025-02-01T00:00:00Z"

Channels = dict[str, Channel]
WriteCrm = Callable[..., None]


def test_every_row_is_accepted_duplicate_or_quarantined_with_its_reason(
    spark: SparkSession, lake: str, sources: Path, channels: Channels, write_crm: WriteCrm
) -> None:
    write_crm(ANNA, ANNA, LUC, ",No,Key,,,,", "3,Too,Short")
    (sources / "web.jsonl").write_text(
        '{"id": "w1", "at": "2025-03-01T00:00:00Z", "who": {"mail": "a@b.example"}}\n{"id"'
    )
    found = ingest(spark, lake, str(sources), channels, NOW)
    crm = found["channels"]["crm"]
    assert (crm["received"], crm["accepted"], crm["duplicate"], crm["quarantined"]) == (5, 2, 1, 2)
    assert crm["reasons"] == {"id: expected a value (key), found none": 1, "expected 7 fields, found 3": 1}
    web = found["channels"]["web"]
    assert (web["received"], web["accepted"], web["quarantined"]) == (2, 1, 1)
    assert found["channels"]["consents"]["files"] == 0
    assert found["rows_changed"] == 3 + 3
    kept = {row.reason: bytes(row.raw) for row in read(spark, lake, QUARANTINE).collect()}
    assert kept["expected 7 fields, found 3"] == b"3,Too,Short"


def test_rows_of_erased_people_are_counted_and_nothing_of_them_is_kept(
    spark: SparkSession, lake: str, sources: Path, channels: Channels, write_crm: WriteCrm
) -> None:
    anna = [Identifier("email", "anna@mail.example"), Identifier("phone", "+33639980001")]
    erased = Tombstones(b"key", frozenset(tombstones_of(b"key", anna, ["crm:1"])))
    write_crm(
        "7,Anne,Roux,,,06 39 98 00 01,", ANNA, LUC, "1,Anna,Roux,x", ',Anna,"Roux,anna@mail.example', ",No,Key,,,,"
    )
    (sources / "web.jsonl").write_text(
        '{"id": "w1", "at": "2025-03-01T00:00:00Z", "who": {"mail": "Anna@MAIL.example"}}'
    )
    (sources / "consents.csv").write_text(
        "kind,who,what,said,at\nemail,ANNA@mail.example,advice,granted,2025-01-01T00:00:00Z"
    )
    found = ingest(spark, lake, str(sources), channels, NOW, erased)["channels"]
    crm = found["crm"]
    assert (crm["received"], crm["accepted"], crm["quarantined"], crm["reasons"]["erased"]) == (6, 1, 5, 4)
    assert found["web"]["reasons"] == found["consents"]["reasons"] == {"erased": 1}
    assert [row.reason for row in read(spark, lake, QUARANTINE).collect()] == ["id: expected a value (key), found none"]
    assert replay(spark, lake, channels, NOW, erased)["quarantined"] == 1
    (sources / "crm.csv").unlink()
    write_crm(ANNA, file="crm-2.csv")
    ingest(spark, lake, str(sources), channels, NOW)  # bronze as a restored backup would have it
    assert standardise(spark, lake, channels, erased)["rows_changed"] == 1
    assert [row.record_id for row in read(spark, lake, RECORDS).collect()] == ["crm:2"]


def test_the_same_files_again_change_no_row_and_added_files_bring_only_what_is_new(
    spark: SparkSession, lake: str, sources: Path, channels: Channels, write_crm: WriteCrm
) -> None:
    write_crm(ANNA, ",No,Key,,,,")
    ingest(spark, lake, str(sources), channels, NOW)
    again = ingest(spark, lake, str(sources), channels, NOW)
    assert again["rows_changed"] == 0
    assert again["channels"]["crm"]["duplicate"] == 1
    assert again["channels"]["crm"]["quarantined"] == 1
    write_crm(ANNA, LUC, file="crm-2.csv")
    added = ingest(spark, lake, str(sources), channels, NOW)
    assert added["rows_changed"] == 1
    assert added["channels"]["crm"]["accepted"] == 1
    assert read(spark, lake, BRONZE["person"]).count() == 2


def test_a_changed_schema_is_reported(spark: SparkSession, lake: str, sources: Path, channels: Channels) -> None:
    (sources / "crm.csv").write_text("id,given,nickname\n1,Anna,Nanou\n")
    crm = ingest(spark, lake, str(sources), channels, NOW)["channels"]["crm"]
    assert crm["accepted"] == 1
    assert crm["extra_columns"] == ["nickname"]
    assert crm["missing_columns"] == ["born", "changed", "family", "mail", "phone"]


def test_an_empty_file_and_a_header_alone_bring_no_row_and_no_error(
    spark: SparkSession, lake: str, sources: Path, channels: Channels, write_crm: WriteCrm
) -> None:
    write_crm()
    (sources / "web.jsonl").write_bytes(b"")
    found = ingest(spark, lake, str(sources), channels, NOW)
    assert found["rows_changed"] == 0
    assert found["channels"]["crm"]["received"] == found["channels"]["web"]["received"] == 0


def test_a_folder_that_is_not_there_is_one_clear_error(
    spark: SparkSession, lake: str, sources: Path, channels: Channels
) -> None:
    with pytest.raises(SourceError, match=r"expected a folder of channel files at .*nowhere, found none"):
        ingest(spark, lake, str(sources / "nowhere"), channels, NOW)


def test_quarantined_rows_can_be_replayed_once_their_contract_is_right(
    spark: SparkSession, lake: str, sources: Path, contracts_folder: Path, channels: Channels
) -> None:
    line = "1,Zoé,Roux,02/03/1980,zoe@mail.example,,2025-01-01T00:00:00Z"
    header = "id,given,family,born,mail,phone,changed\n"
    (sources / "crm.csv").write_bytes((header + line + "\n,No,Key,,,,\n").encode("cp1252"))
    assert ingest(spark, lake, str(sources), channels, NOW)["channels"]["crm"]["quarantined"] == 2
    assert replay(spark, lake, channels, NOW) == {"accepted": 0, "duplicate": 0, "quarantined": 2}
    path = contracts_folder / "crm.yml"
    path.write_text(path.read_text().replace("format: csv", "format: csv\nencoding: cp1252", 1))
    mended = load_channels(contracts_folder)
    assert replay(spark, lake, mended, NOW) == {"accepted": 1, "duplicate": 0, "quarantined": 1}
    assert "Zoé" in read(spark, lake, BRONZE["person"]).first().payload
    assert replay(spark, lake, mended, NOW) == {"accepted": 0, "duplicate": 0, "quarantined": 1}
