"""Erasure: what an outsider, an unlucky id, a fresh device or a remark of staff can do to it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from sqlalchemy import select

from contracts.events import visitor_key
from erasure.inventory import unanswered
from erasure.lake.lake_tables import tables_there
from erasure.scan import Stock
from lake.overlay import parts
from lake.tables import BRONZE, EDGES, HISTORY, QUARANTINE, RECORDS, REVIEWS, path, read
from stores import schema
from tests.attacks.erased_world import (
    ADA,
    CRM,
    FRESH,
    KIOSK_FIRST,
    KIOSK_SECOND,
    KNOWN,
    MARION,
    NASTY,
    NOOR,
    STAYS,
    WRITTEN,
    Company,
    live_home,
    text_of,
)
from tests.erasure.erasing_home import STEPS


@pytest.fixture(scope="module")
def company(spark: SparkSession) -> Iterator[Company]:
    """People of every origin, some of whom were erased in one pass."""
    with live_home(spark, CRM) as of:
        of.killed = set(STEPS)
        made = Company(of)
        made.fill()
        made.erase([*NASTY, FRESH, KNOWN, KIOSK_FIRST], [MARION, NOOR])
        yield made


def test_an_erasure_of_people_of_every_origin_ends(company: Company) -> None:
    said = company.certificate
    assert [line for line in said["scanned"] if line["hits"]] == []
    assert (said["hits"], said["complete"], said["without_answer"]) == (0, True, [])
    with company.home.engine.connect() as connection:
        states = select(schema.privacy_requests.c.state).where(schema.privacy_requests.c.kind == "erasure")
        assert set(connection.scalars(states)) == {"done"}


def test_erasing_a_user_whose_id_is_a_word_of_every_message_empties_nobodys_inbox(company: Company) -> None:
    for table in ("inbox", "live_records", "records", "timeline", "profiles", "identifiers", "record_keys"):
        before, after = company.before[table], company.after[table]
        lost = {name: row for name, row in before.items() if name not in after and not company.is_theirs(row)}
        assert lost == {}, table
    staying = [f"app:{user}" for user in STAYS]
    for record in staying:
        kept = [row for row in company.after["inbox"].values() if row["record_id"] == record]
        assert len(kept) == len([row for row in company.before["inbox"].values() if row["record_id"] == record]) > 0


def test_what_stays_is_as_it_was(company: Company) -> None:
    free = {"reason", "note"}
    for table in ("inbox", "live_records", "records", "timeline", "profiles", "identifiers", "overrides", "edges"):
        for name, row in company.after[table].items():
            was = company.before[table].get(name)
            if was is not None and not company.is_theirs(row):
                assert {k: v for k, v in row.items() if k not in free} == {
                    k: v for k, v in was.items() if k not in free
                }


def test_of_a_user_with_any_id_nothing_stays_by_record_profile_or_identifier(company: Company) -> None:
    for table in ("inbox", "live_records", "records", "timeline", "profiles", "identifiers", "live_assignments"):
        assert [row for row in company.after[table].values() if company.is_theirs(row)] == [], table
    for table in (RECORDS, BRONZE["person"]):
        column = "record_id" if table is RECORDS else "concat(channel, ':', source_key) AS record_id"
        held = {
            row.record_id for row in read(company.home.spark, company.home.lake, table).selectExpr(column).collect()
        }
        assert held.isdisjoint(company.erased_records)
        assert {f"app:{user}" for user in STAYS} <= held


def test_live_events_that_the_lake_has_taken_in_leave_it_with_their_person(company: Company) -> None:
    held = read(company.home.spark, company.home.lake, BRONZE["event"]).select("channel", "payload").collect()
    users = {json.loads(row.payload)["user_id"] for row in held if row.channel == "app/events"}
    assert users == {*STAYS, KIOSK_SECOND}


def test_a_message_whose_id_is_somebodys_user_id_takes_nothing_of_theirs_along(company: Company) -> None:
    records = read(company.home.spark, company.home.lake, BRONZE["person"]).where("source_key = 'bob-77'").count()
    assert records > 0, "user 1 sent a message whose id is `bob-77`, and was erased"


def test_who_signed_in_on_a_fresh_device_leaves_no_visitor_behind(company: Company) -> None:
    left = company.after["live_records"]
    for device in ("device-of-fresh", "device-of-known", "device-of-kiosk"):
        assert f"app:{visitor_key(device)}" in company.before["live_records"]
        assert f"app:{visitor_key(device)}" not in left, device
    assert f"app:{KIOSK_SECOND}" in left, "who used the device after them stays, with its device"
    assert "device-of-kiosk" in text_of(left[f"app:{KIOSK_SECOND}"])
    assert FRESH not in text_of(company.after)


def test_the_tables_beside_the_large_ones_are_purged_with_them(company: Company) -> None:
    names = {table.name for table in tables_there(company.home.lake)}
    for table in (parts(EDGES)[1], parts(REVIEWS)[1]):
        assert table.name in names
        assert read(company.home.spark, company.home.lake, table).count() == 0
        folder = Path(path(company.home.lake, table))
        assert not (folder / "_change_data").exists()
        for file in folder.rglob("*.*"):
            assert not file.is_file() or b"marion" not in file.read_bytes().lower(), file


def test_a_name_in_a_stewards_reason_goes_however_it_is_written(company: Company) -> None:
    for table in ("overrides", "identity_history"):
        reasons = [row["reason"] for row in company.after[table].values()]
        assert len([one for one in reasons if "[erased]" in one]) >= len(WRITTEN)
        for reason in reasons:
            assert "fontloup" not in reason.lower() and "Фонтлоуп" not in reason, reason
    assert "no word of her" in {row["reason"] for row in company.after["overrides"].values()}
    assert company.after["identity_history"]["own"]["reason"] == "[erased]"
    lines = read(company.home.spark, company.home.lake, HISTORY).where("run = 'live:steward'").collect()
    assert len(lines) == len(WRITTEN) and all("[erased]" in line.reason for line in lines)


def test_so_does_one_in_an_officers_note_on_somebody_elses_request(company: Company) -> None:
    notes = [row["note"] for row in company.after["privacy_request_notes"].values()]
    assert notes == ["brought by [erased], her neighbour"]


def test_refused_rows_that_say_only_her_name_go_and_others_stay(company: Company) -> None:
    rows = read(company.home.spark, company.home.lake, QUARANTINE).collect()
    assert sorted(bytes(row.raw) for row in rows) == [b",Ada,Quastel,,,,", b",Noor,Beltane,,,,"]
    reasons = {row["reason"] for row in company.after["inbox_quarantine"].values()}
    assert reasons == {"nobody's"}


def test_what_cannot_be_erased_is_named_with_why_and_how_many_and_is_never_no_hits(company: Company) -> None:
    kept = {line["what"]: line for line in company.certificate["kept"]}
    assert kept["identifiers"]["found"] >= 2, "the landline of the household, and the kiosk"
    names = kept["names, and ids that are plain words"]
    assert names["found"] > 0 and "bronze/quarantine" in names["where"] and "public.records" in names["where"]
    assert all(line["why"] and line["looked_for"] >= line["found"] > 0 for line in kept.values())
    assert "Fontloup" not in text_of(company.certificate)


def test_a_pipeline_afterwards_brings_nobody_back_and_changes_nobody(company: Company) -> None:
    people = company.home.people()
    company.home.batch()
    assert company.home.people() == people
    assert company.home.owner(ADA) in people


def test_every_key_folder_table_and_column_has_an_answer(company: Company) -> None:
    home = company.home
    stock = Stock(home.lake, home.engine, home.client, home.config.store_dir)
    assert unanswered(stock) == []
    with home.engine.begin() as connection:
        connection.exec_driver_sql("create table notes_of_somebody (said text)")
        connection.exec_driver_sql("alter table records add column nickname text")
    home.client.set("cache:1", "x")
    (home.config.store_dir / "export.csv").write_text("x")
    home.spark.range(1).write.format("delta").save(f"{home.lake}/gold/segments")
    assert unanswered(stock) == [
        "export.csv",
        "gold/segments",
        "key 'cache:1'",
        "public.notes_of_somebody.said",
        "public.records.nickname",
    ]
