"""Consent: retention is decoration. A job deletes what no purpose keeps any more, with proof, also when killed."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from redis import Redis
from sqlalchemy import delete, func, insert, select

from consent.purposes import published_purposes
from contracts.channel import Channel
from contracts.settings import Settings
from erasure import verify
from erasure.operational import holds
from erasure.retention.people import ended
from erasure.retention.run import Retention
from feature_repo.wire import online_key
from identity.clustering.stable_ids import nth_id
from identity.matching.name_parts import NameFrequencies
from lake.tables import (
    ASSIGNMENTS,
    BRONZE,
    COMPARABLES,
    EVENTS,
    QUARANTINE,
    RECORDS,
    TIMELINE,
    append,
    read,
    write_changes,
)
from spark_jobs.resolve.comparables import comparables_of
from stores import schema
from stores.embedded import open_stores
from stores.postgres import migrate, open_engine
from tests.erasure.erasing_home import NOW, Home, killed_after_each
from tests.spark_jobs.conftest import channels, contracts_folder, sources, write_crm  # noqa: F401 -- fixtures

LATER = datetime(2030, 6, 1, 12, tzinfo=UTC)
"""Four years after everything of `erasing_home` was taken in."""

PURPOSES = {name: one for name, one in published_purposes().items() if not one.refused}
GONE = ("olga.altmark@inbox.example", "crm:O-7100001")
STEPS = ("people", "versions", "served", "reads", "lake", "files", "followers", "compaction")
CRM = [
    "O-7100001,Olga,Altmark,05/03/1941,olga.altmark@inbox.example,,2020-01-02T00:00:00Z",  # last seen ten years before
    "P-7100002,Pavel,Altmark,07/08/1949,pavel@inbox.example,,2019-01-02T00:00:00Z",  # the same, and held
    "Q-7100003,Quirin,Neuhof,01/02/1990,quirin@inbox.example,,2025-12-02T00:00:00Z",  # still a customer
    ",Quirin,Neuhof,,quirin@inbox.example,,",  # refused: no key
]
OLD, YOUNG = "weblogin-7200001", "weblogin-7200002"
LOGINS = [(OLD, "2024-02-01T10:00:00Z"), (YOUNG, "2025-09-01T10:00:00Z")]


class House(Home):
    """Each record is a person."""

    def resolve_wrongly(self) -> None:
        found = read(self.spark, self.lake, RECORDS)
        names = [row.record_id for row in found.select("record_id").collect()]
        owned = self.spark.createDataFrame([(one, nth_id(one, 0), NOW) for one in names], ASSIGNMENTS.struct)
        write_changes(self.spark, self.lake, ASSIGNMENTS, owned)
        write_changes(self.spark, self.lake, COMPARABLES, comparables_of(found, NameFrequencies()))


@pytest.fixture
def home(
    spark: SparkSession,
    store_folder: Path,
    sources: Path,  # noqa: F811 -- the fixture
    channels: dict[str, Channel],  # noqa: F811 -- the fixture
    write_crm: Callable[..., None],  # noqa: F811 -- the fixture
) -> Iterator[Home]:
    config = Settings(local=store_folder, lake=str(store_folder / "lake"), demo=True, database_url=None, redis_url=None)
    write_crm(*CRM)
    said = [{"id": key, "at": at, "who": {"mail": "quirin@inbox.example"}} for key, at in LOGINS]
    (sources / "web.jsonl").write_text("".join(json.dumps(one) + "\n" for one in said), encoding="utf-8")
    with open_stores(config) as stores:
        engine = open_engine(stores.database_url)
        migrate(engine)
        with Redis.from_url(stores.redis_url) as client:
            yield House(config, spark, stores, engine, client, sources, channels)
        engine.dispose()


def retention(home: Home, now: datetime = LATER, after: Callable[[str], None] = lambda step: None) -> Retention:
    of = (home.config, home.stores, home.engine, home.channels)
    return Retention(*of, lambda: home.spark, lambda: now, after, purposes=PURPOSES, follow=lambda at: home.batch())


def killed_at_every_step(home: Home) -> dict[str, Any]:
    killed: set[str] = set()
    document = killed_after_each(STEPS, killed, lambda after: retention(home, after=after).run())
    assert killed == set(STEPS)
    return document


def refused_live(home: Home, received_at: datetime) -> None:
    row = {"source": "web", "received_at": received_at, "reason": "no user", "raw": b"nobody@inbox.example"}
    with home.engine.begin() as connection:
        connection.execute(insert(schema.inbox_quarantine).values(row))


def count(home: Home, table: Any) -> int:
    with home.engine.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def rows_everywhere(home: Home) -> dict[str, int]:
    lake = {table.name: read(home.spark, home.lake, table).count() for table in (RECORDS, EVENTS, TIMELINE, QUARANTINE)}
    kept = (schema.profiles, schema.timeline, schema.identifiers, schema.inbox_quarantine, schema.legal_holds)
    return lake | {table.name: count(home, table) for table in kept}


def test_what_no_purpose_keeps_goes_from_every_store_with_proof_however_often_it_is_killed(home: Home) -> None:
    home.batch()
    olga, pavel, quirin = (home.owner(f"crm:{CRM[number].split(',')[0]}") for number in range(3))
    assert count(home, schema.timeline) == 2
    live = read(home.spark, home.lake, BRONZE["event"]).where(F.col("source_key") == OLD.removeprefix("web:"))
    assert live.count() == 1
    as_of_a_live_source = live.withColumn("channel", F.concat("channel", F.lit("/events")))
    append(home.spark, home.lake, BRONZE["event"], as_of_a_live_source)
    with home.engine.begin() as connection:
        hold = holds.place(connection, ["crm:P-7100002"], "lawsuit 24/1234", "officer", LATER)
    refused_live(home, LATER - timedelta(days=100))
    refused_live(home, LATER - timedelta(days=10))
    home.asked_online |= {olga, pavel, quirin}
    for one in home.asked_online:
        home.client.hset(online_key(one), "said", one)
    with home.engine.begin() as connection:
        connection.execute(delete(schema.features_due))
    before = rows_everywhere(home)

    # 1. A dry run says what would go, and changes nothing.
    plan = retention(home).plan(LATER)
    assert (plan["people"], plan["held"]) == (1, 1)
    assert plan["events"] == {"timeline": {"behaviour": 1}, EVENTS.name: {"behaviour": 1}}
    assert plan["values"] == {}
    assert plan["papers"] == {QUARANTINE.name: 1, "inbox_quarantine": 1}
    assert plan["why"]["people_and_events"]["identity"]["legal_obligation"] == "P10Y"
    assert plan["why"]["papers"][QUARANTINE.name]["keeps"] == "P90D"
    assert rows_everywhere(home) == before

    # 2. The run, killed after each step: who is due, and what is due of those who stay, is nowhere any more.
    document = killed_at_every_step(home)
    said = document["certificate"]
    assert (said["people"], said["held"], said["still_due"]) == (1, 1, 0)
    # What the database deleted is counted with it; rows of the lake that a killed step had deleted already are not.
    assert said["rows_gone"].items() >= {"timeline": 1, "inbox_quarantine": 1}.items()
    for value in (*GONE, OLD):
        assert home.seen(value) == set(), value
        assert value not in json.dumps(document)
    assert set(home.people()) == {pavel, quirin} and home.online() == {pavel, quirin}
    assert {row.event_id for row in read(home.spark, home.lake, EVENTS).collect()} == {f"web:{YOUNG}"}
    assert count(home, schema.inbox_quarantine) == 1 and count(home, schema.timeline) == 1
    file = home.config.store_dir / "certificates" / f"{said['run_id']}.json"
    verify.main([str(file), "--key", str(home.config.store_dir / "certificate-public.pem")])
    with home.engine.connect() as connection:
        due = set(connection.scalars(select(schema.features_due.c.profile_id)))
        assert due == {quirin}, "the features are computed without the old event"
        assert not connection.scalar(select(func.count()).select_from(schema.tombstones)), "who comes back is welcome"

    # 3. Done again it finds nothing; and the batch goes on where it was.
    assert retention(home).run()["certificate"]["rows_gone"] == {}
    home.batch()
    assert set(home.people()) >= {pavel, quirin}

    # 4. Once the hold is lifted, the one who was held goes like any other.
    with home.engine.begin() as connection:
        assert holds.lift(connection, hold, "it has ended", "officer", LATER)
    assert retention(home).run()["certificate"]["held"] == 0
    assert pavel not in home.people()


def test_somebody_whom_the_lake_knows_to_have_come_back_is_not_due(home: Home, write_crm: Callable[..., None]) -> None:  # noqa: F811 -- the fixture
    home.batch()
    olga = home.owner("crm:O-7100001")

    def due() -> set[str]:
        with home.engine.connect() as connection:
            found = ended(home.spark, home.lake, connection, PURPOSES.values(), LATER, LATER)
        return {one for one, of in found.items() if of.whole}

    assert olga in due()
    write_crm(CRM[0].replace("2020-01-02", "2025-05-06"), file="crm-again.csv")
    home.take_in()  # standardised, and not published yet
    assert olga not in due()
