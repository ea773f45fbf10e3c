"""Who says so: the batch knows of claims what live collection knows, and neither joins anybody by them."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from sqlalchemy import Engine, select

from contracts.channel import Channel
from contracts.live_keys import later_visitor_key, visitor_key
from contracts.loading import load_channels
from contracts.sources import with_live
from identity.matching.comparables import comparables
from identity.matching.name_parts import NameFrequencies
from lake.tables import ASSIGNMENTS, BRONZE, EVENTS, PROFILES, RECORDS, read, write_changes
from read_model.live.live_records import said_payload
from spark_jobs.inbox import land
from spark_jobs.ingest import ingest
from spark_jobs.profiles import build
from spark_jobs.publish import publish
from spark_jobs.resolve.deterministic import edges_sql, numbers_sql
from spark_jobs.resolve.driver_engine import DriverEngine
from spark_jobs.standardise import standardise
from stores import schema
from tests.attacks.claims import EXTERNAL, VICTIM
from tests.attacks.site import ANNA, ANNA_SAYS
from tests.read_model.live.collecting import SECRET, SOURCES, accept, owner, project_all, signed
from tests.spark_jobs.conftest import channels, contracts_folder, lake, sources, write_crm
from tests.spark_jobs.resolve.lake_in_memory import as_table
from tests.spark_jobs.test_inbox import NOW, shown

__all__ = ["channels", "contracts_folder", "lake", "sources", "write_crm"]

NEWSLETTER = """
channel: newsletter
files: newsletter*.csv
format: csv
holds: [person, event]
assurance: claimed
region: FR
event: {type: subscription}
columns:
  id: {is: key, kind: customer_number}
  given: {is: given_name}
  mail: {is: email}
  confirmed: {is: email, assurance: verified}
  topic: {is: attribute, name: topic, category: behaviour}
  at: {is: event_time, format: iso}
"""


@pytest.fixture
def forms(contracts_folder: Path) -> dict[str, Channel]:
    """The channels of the tests, and a form that anybody may fill in."""
    (contracts_folder / "newsletter.yml").write_text(NEWSLETTER, encoding="utf-8")
    return load_channels(contracts_folder)


def certain(spark: SparkSession, lake: str) -> set[tuple[str, str]]:
    """The pairs of records that identifiers alone join."""
    evidence = DriverEngine()
    rows = [row.asDict(recursive=True) for row in read(spark, lake, RECORDS).collect()]
    evidence.give("now", as_table(comparables(row, NameFrequencies()) for row in rows))
    evidence.let("numbers", numbers_sql("now"))
    return {(left, right) for left, right, *_ in evidence.rows(edges_sql("numbers"))}


def test_after_a_batch_too_claims_have_joined_nobody_and_everybody_is_as_live_had_them(
    spark: SparkSession, lake: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spark_jobs.publish.load_sources", lambda config: SOURCES)
    accept(engine, NOW, {"type": "identify", "userId": "u-anna", "traits": ANNA_SAYS | {"phone": ANNA["phone"]}})
    project_all(engine, NOW)
    claims = {"traits": VICTIM, "context": {"externalIds": EXTERNAL}}
    for message in (
        {"type": "identify", "anonymousId": "b-7"} | claims,
        {"type": "identify", "userId": "u-anna"} | claims,
        signed("mia", type="identify", anonymousId="b-8"),
        {"type": "page", "anonymousId": "b-8", "userId": "u-anna"} | claims,
        signed("mallory", type="identify", anonymousId="b-7", traits=VICTIM),
    ):
        accept(engine, NOW, message, server=False)
    project_all(engine, NOW)
    visitors = {name: f"app:{visitor_key(name)}" for name in ("b-7", "b-8")}
    later = f"app:{later_visitor_key('b-8')}"
    live = shown(engine)
    assert owner(engine, visitors["b-7"]) == owner(engine, "app:mallory") != owner(engine, "app:u-anna")
    assert len({owner(engine, one) for one in ("app:u-anna", "app:mia", "app:mallory", later)}) == 4

    land(spark, lake, engine, SOURCES, NOW)
    contracts = with_live({}, SOURCES)
    standardise(spark, lake, contracts)
    assert certain(spark, lake) == {("app:mallory", visitors["b-7"])}
    ids = [row.record_id for row in read(spark, lake, RECORDS).select("record_id").collect()]
    assert later in ids and len(ids) == 6
    rows = [(one, owner(engine, one), NOW) for one in ids]
    write_changes(spark, lake, ASSIGNMENTS, spark.createDataFrame(rows, ASSIGNMENTS.struct))
    build(spark, lake, contracts)
    publish(spark, engine, lake, NOW + timedelta(seconds=1))
    after = shown(engine)
    assert after["events"] == live["events"] and after["people"] == live["people"]

    kept = [row.payload for row in read(spark, lake, BRONZE["event"]).collect()]
    assert not any(ANNA["email"] in one or SECRET in one or "userHash" in one for one in kept)
    by_record = {row.record_id: row for row in read(spark, lake, EVENTS).collect()}
    assert {one.kind for one in by_record[later].identifiers} == {"visitor_id"}
    with engine.connect() as connection:
        payloads = connection.scalars(select(schema.live_records.c.payload)).all()
    assert all(json.dumps(said_payload(one)) for one in payloads)


def test_what_a_form_says_in_a_file_joins_nobody_until_it_is_verified(
    spark: SparkSession, lake: str, forms: dict[str, Channel], sources: Path, write_crm: Callable[..., None]
) -> None:
    write_crm("1,Anna,Roux,02/03/1980,anna.roux@mail.example,,2024-01-01T00:00:00Z")
    (sources / "newsletter.csv").write_text(
        "id,given,mail,confirmed,topic,at\n"
        "1,Mallory,anna.roux@mail.example,,garden,2024-01-02T00:00:00Z\n"
        "n-2,Anna,,anna.roux@mail.example,house,2024-01-02T00:00:00Z\n"
    )
    ingest(spark, lake, str(sources), forms, NOW)
    standardise(spark, lake, forms)
    assert certain(spark, lake) == {("crm:1", "newsletter:n-2")}
    rows = {row.record_id: row for row in read(spark, lake, RECORDS).collect()}
    said = {(one.name, one.value, one.category) for one in rows["newsletter:1"].claims}
    assert said == {
        ("given_name", "Mallory", "identity"),
        ("email", "anna.roux@mail.example", "contact"),
        ("customer_number", "1", "identity"),
        ("topic", "garden", "behaviour"),
    }
    assert rows["newsletter:1"].identifiers == [] and rows["crm:1"].claims == []
    assert [one.value for one in rows["newsletter:n-2"].proven] == ["anna.roux@mail.example"]
    assert {row.event_id: row.identifiers for row in read(spark, lake, EVENTS).collect()}["newsletter:1"] == []

    owners = [("crm:1", "p-1", NOW), ("newsletter:n-2", "p-1", NOW), ("newsletter:1", "p-2", NOW)]
    write_changes(spark, lake, ASSIGNMENTS, spark.createDataFrame(owners, ASSIGNMENTS.struct))
    build(spark, lake, forms)
    fields: dict[str, dict[str, Any]] = {
        row.profile_id: {one.field: (one.value, one.assurance) for one in row.fields}
        for row in read(spark, lake, PROFILES).collect()
    }
    assert fields["p-1"]["given_name"] == ("Anna", "source")
    assert fields["p-1"]["email"][0] == "anna.roux@mail.example"
    assert fields["p-1"]["topic"] == ("house", "claimed")
    assert fields["p-2"]["email"] == ("anna.roux@mail.example", "claimed")
