"""Live events land in the lake once, and live and batch say the same of them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession
from sqlalchemy import Engine, select, text

from contracts.live_keys import visitor_key
from contracts.sources import Sources, with_live
from feature_repo.batch import COMPUTED
from feature_repo.catalogue import LAKE_VIEWS, VIEWS
from identity.matching.comparables import comparables
from identity.matching.name_parts import NameFrequencies
from lake.tables import ASSIGNMENTS, BRONZE, EVENTS, PROFILES, RECORDS, TIMELINE, read, write_changes
from read_model.features_due import computed_rows
from spark_jobs.inbox import UnknownSource, land
from spark_jobs.profiles import build
from spark_jobs.publish import publish
from spark_jobs.resolve.deterministic import edges_sql, numbers_sql
from spark_jobs.resolve.driver_engine import DriverEngine
from spark_jobs.standardise import standardise
from stores import schema
from tests.read_model.live.collecting import SOURCES, accept, owner, project_all
from tests.spark_jobs.resolve.lake_in_memory import as_table
from tests.spark_jobs.test_features import rows_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ago(**passed: float) -> str:
    return str(NOW - timedelta(**passed))


def shown(engine: Engine) -> dict[str, Any]:
    """Everybody's timeline and golden record, but for what a version counts."""
    with engine.connect() as connection:
        event = schema.timeline.c
        events = connection.execute(select(event.event_id, event.profile_id, event.occurred_at, event.document)).all()
        people = connection.execute(select(schema.profiles.c.profile_id, schema.profiles.c.document)).all()
    return {"events": sorted(events, key=str), "people": {one.profile_id: one.document for one in people}}


def known(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.scalars(select(schema.live_assignments.c.record_id)))


def joined(spark: SparkSession, lake: str, engine: Engine) -> None:
    """Instead of the model, which has nothing to say here: the batch's certain evidence is what live went by."""
    found = read(spark, lake, RECORDS)
    evidence = DriverEngine()
    evidence.give(
        "now", as_table(comparables(row.asDict(recursive=True), NameFrequencies()) for row in found.collect())
    )
    evidence.let("numbers", numbers_sql("now"))
    edges = {(left, right) for left, right, *_ in evidence.rows(edges_sql("numbers"))}
    assert edges == {("app:u1", f"app:{visitor_key('a1')}")}
    assert owner(engine, "app:u1") == owner(engine, f"app:{visitor_key('a1')}") != owner(engine, "app:u2")
    verified = {row.record_id: [one.value for one in row.verified] for row in found.collect()}
    assert verified == {"app:u1": ["u1"], "app:u2": ["u2"], f"app:{visitor_key('a1')}": []}
    rows = [(one, owner(engine, one), NOW) for one in verified]
    write_changes(spark, lake, ASSIGNMENTS, spark.createDataFrame(rows, ASSIGNMENTS.struct))


@pytest.fixture
def batch(spark: SparkSession, lake: str, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """The batch, from the inbox to what is served."""
    monkeypatch.setattr("spark_jobs.publish.load_sources", lambda config: SOURCES)

    def run() -> dict[str, Any]:
        landed = land(spark, lake, engine, SOURCES, NOW, at_once=3)
        channels = with_live({}, SOURCES)
        standardise(spark, lake, channels)
        joined(spark, lake, engine)
        build(spark, lake, channels)
        publish(spark, engine, lake, NOW + timedelta(seconds=1))
        return landed

    return run


def test_messages_of_a_source_that_is_not_known_wait_for_it_and_nothing_is_lost(
    spark: SparkSession, lake: str, engine: Engine
) -> None:
    accept(engine, NOW, {"userId": "u1", "event": "Order Completed"})
    project_all(engine, NOW)
    nobodys = Sources([])
    with pytest.raises(UnknownSource, match=r"found none called app; name them in OCV_SOURCES_FILE, also if they send"):
        land(spark, lake, engine, nobodys, NOW)
    assert land(spark, lake, engine, SOURCES, NOW) == {"events": 1, "records": 1, "rows_changed": 2}
    assert land(spark, lake, engine, nobodys, NOW)["rows_changed"] == 0, "nothing of it waits any more"


def test_live_events_land_once_and_the_batch_comes_to_what_was_shown(
    spark: SparkSession, lake: str, engine: Engine, batch: Callable[[], Any]
) -> None:
    ana = {"email": "ana@inbox.example", "firstName": "Ana", "createdAt": "2019-03-02"}
    accept(
        engine,
        NOW,
        {"anonymousId": "a1", "event": "Search", "timestamp": ago(days=2)},
        {"type": "identify", "userId": "u1", "anonymousId": "a1", "traits": ana, "timestamp": ago(days=1)},
        {"userId": "u1", "event": "Order Completed", "properties": {"total": "49.90"}, "timestamp": ago(days=31)},
        {"userId": "u1", "event": "Order Refunded", "properties": {"total": 0.1}, "timestamp": ago(hours=3)},
        {"userId": "u1", "event": "Message", "properties": {"intent": "complaint"}, "timestamp": ago(minutes=3)},
        {"type": "identify", "userId": "u2", "anonymousId": "a1", "traits": {"firstName": "Ben"}},
        {"type": "page", "userId": "u2", "name": "Lamps", "properties": {"path": "/lamps", "plan": "gold", "own": 1}},
    )
    assert project_all(engine, NOW) == 7
    live = shown(engine)

    # 1. In ranges of three: every message is in bronze once, under the same event id, and nothing of it changes.
    assert batch() == {"events": 7, "records": 3, "rows_changed": 10}
    assert {row.event_id for row in read(spark, lake, EVENTS).collect()} == {one.event_id for one in live["events"]}
    after = shown(engine)
    assert after["events"] == live["events"]
    assert after["people"] == live["people"]
    assert known(engine) == set()

    # 2. Features: the lake's, and those computed live from what is served, are the same.
    profiles, happened = read(spark, lake, PROFILES), read(spark, lake, TIMELINE)
    with engine.connect() as connection:
        twins = computed_rows(connection, sorted(live["people"]), NOW)
    for view in LAKE_VIEWS:
        rows = rows_of(COMPUTED[view](profiles, happened, NOW))
        assert {one: {name: rows[one][name] for name in VIEWS[view]} for one in rows} == {
            one: found[view] for one, found in twins.items()
        }

    # 3. Again, and after a run that died before it noted how far it came: nothing is added twice.
    assert batch()["rows_changed"] == 0
    read(spark, lake, BRONZE["event"]).sparkSession.sql(f"DELETE FROM delta.`{lake}/progress` WHERE job = 'inbox'")
    assert land(spark, lake, engine, SOURCES, NOW)["rows_changed"] == 0
    assert read(spark, lake, BRONZE["event"]).count() == 7

    # 4. What comes between landing and publishing stays on top, also where a lake is built anew.
    accept(engine, NOW, {"type": "identify", "userId": "u1", "traits": {"firstName": "Anna"}}, {"userId": "u3"})
    land(spark, lake, engine, SOURCES, NOW)
    project_all(engine, NOW)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM publish_progress"))
    later = shown(engine)
    publish(spark, engine, lake, NOW + timedelta(seconds=2))
    assert shown(engine) == later
    assert "Anna" in json.dumps(later["people"][owner(engine, "app:u1")])

    # 5. A month later the lake has them all: the messages go, and the ids that told their repetitions.
    land(spark, lake, engine, SOURCES, NOW + timedelta(days=31))
    with engine.connect() as connection:
        for table in (schema.inbox, schema.message_ids):
            assert connection.execute(select(table)).all() == []
