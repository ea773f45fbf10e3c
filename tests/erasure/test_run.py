"""People are erased from a lake with all its traps, from PostgreSQL and from the online store, and stay away."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from redis import Redis
from sqlalchemy import delete

from consent.tombstones.digests import ERASED
from contracts.channel import Channel
from contracts.settings import Settings
from erasure import verify
from erasure.lake import purge, rows
from feature_repo.wire import online_key
from identity.clustering.stable_ids import nth_id
from lake.tables import ASSIGNMENTS, COMPARABLES, COMPONENTS, CONSENTS, PROFILES, QUARANTINE, RECORDS, path, read
from profile_api.stewardship.queries.effect import reassign
from spark_jobs.publish import publish
from stores import schema
from stores.embedded import open_stores
from stores.postgres import migrate, open_engine
from tests.erasure.erasing_home import (
    CRM,
    EMAIL,
    EVE,
    EVELYNKA,
    FREDRIK,
    GONE,
    GUNDULA,
    HANNELORE,
    NOW,
    STEPS,
    Home,
    Killed,
)


@pytest.fixture
def home(
    spark: SparkSession,
    store_folder: Path,
    sources: Path,
    channels: dict[str, Channel],
    write_crm: Callable[..., None],
) -> Iterator[Home]:
    lake = str(store_folder / "lake")
    config = Settings(local=store_folder, lake=lake, demo=True, database_url=None, redis_url=None)
    write_crm(*CRM)
    login = {"id": "w-1", "at": "2024-02-01T10:00:00Z", "who": {"mail": EMAIL}}
    (sources / "web.jsonl").write_text(json.dumps(login) + "\n", encoding="utf-8")
    said = f"kind,who,what,said,at\nemail,{EMAIL},personalisation,granted,2024-02-01T00:00:00Z\n"
    (sources / "consents.csv").write_text(said, encoding="utf-8")
    with open_stores(config) as stores:
        engine = open_engine(stores.database_url)
        migrate(engine)
        with Redis.from_url(stores.redis_url) as client:
            yield Home(config, spark, stores, engine, client, sources, channels)
        engine.dispose()


def set_traps(home: Home) -> None:
    """What Delta keeps of a row that was deleted or changed, as a lake has it that was made otherwise."""
    told, silver = path(home.lake, CONSENTS), path(home.lake, RECORDS)
    # 1. Statistics of columns that hold personal data, in the log's entries, checksums and a checkpoint.
    home.spark.sql(f"ALTER TABLE delta.`{told}` SET TBLPROPERTIES ('delta.dataSkippingStatsColumns' = 'identifier')")
    home.spark.sql(f"UPDATE delta.`{told}` SET notice = '2024-1'")
    log = home.spark._jvm.org.apache.spark.sql.delta.DeltaLog  # type: ignore[union-attr]  # py4j
    log.forTable(home.spark._jsparkSession, told).checkpoint()
    # 2. A row that a deletion vector hides in a file that goes on; the change feed of it; its condition in the log.
    home.spark.sql(f"ALTER TABLE delta.`{silver}` SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
    home.spark.sql(f"UPDATE delta.`{silver}` SET family_name = 'Zarwell' WHERE record_id = '{EVELYNKA}'")
    assert list(Path(silver).glob("deletion_vector_*.bin"))
    found = home.seen(EMAIL)
    for trap in ("/_change_data/", ".crc", ".json", ".checkpoint."):
        assert any(place.startswith("lake") and trap in place for place in found), (trap, sorted(found))
    assert any(place.startswith("lake:/silver/records/") for place in found)


def test_erased_people_leave_every_store_whenever_it_is_killed_and_nothing_brings_them_back(
    home: Home, write_crm: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert home.batch()["quarantined"] == 1
    eve, fred, both = (home.owner(record) for record in (EVELYNKA, FREDRIK, GUNDULA))
    assert home.owner(HANNELORE) == both and len({eve, fred, both}) == 3
    home.subscribe("profile.erased", "profile.updated")
    set_traps(home)
    home.asked_online |= {eve, fred, both}
    for profile_id in home.asked_online:
        home.client.hset(online_key(profile_id), "said", profile_id)
    assert home.online() == {eve, fred, both}
    for said in (EMAIL, "something else"):  # the append-only file keeps what a key was
        home.client.set("materialised:cache", said)
    before = home.people()
    shutil.copytree(home.lake, tmp_path / "backup")
    assert {"tables", "postgresql", "valkey", "lake"} <= {place.partition(":")[0] for place in home.seen(EMAIL)}

    # 1. Killed after each step, and in the midst of deleting from the lake and of purging it.
    midst = {"lake": "identity/assignments", "files": "silver/records"}

    def dying(step: str, work: Callable[..., Any], of: Callable[..., str]) -> Callable[..., Any]:
        def once(*given: Any) -> Any:
            if step in midst and of(*given).endswith(midst[step]):
                del midst[step]
                raise Killed(step)
            return work(*given)

        return once

    monkeypatch.setattr(rows, "_delete", dying("lake", rows._delete, lambda spark, lake, table, *_: table.name))
    monkeypatch.setattr(purge, "_forget_entries", dying("files", purge._forget_entries, lambda where, newest: where))
    requests = home.request("r1", eve), home.request("r2", both, HANNELORE)
    document = home.erase(*requests)
    assert home.killed == set(STEPS) and not midst
    said = document["certificate"]
    assert (said["hits"], said["complete"], said["people"]) == (0, True, 2)
    assert (said["profiles_erased"], said["profiles_kept_without_the_erased_records"]) == (1, 1)
    for value in GONE:
        assert home.seen(value) == set(), value
        assert value not in json.dumps(document)
    file = home.config.store_dir / "certificates" / f"{said['erasure_id']}.json"
    verify.main([str(file), "--key", str(home.config.store_dir / "certificate-public.pem")])
    file.write_text(file.read_text().replace('"hits": 0', '"hits": 1'))
    with pytest.raises(SystemExit, match="changed afterwards"):
        verify.main([str(file), "--key", str(home.config.store_dir / "certificate-public.pem")])

    # 2. The household and the one who was merged with her are whole.
    after = home.people()
    assert after.keys() == {fred, both}
    assert after[fred] == before[fred] and any("170009999" in one for one in after[fred][1])
    assert (after[both][0]["given_name"], after[both][1]) == ("Gundula", ["g-7000003", "gundula@inbox.example"])
    assert home.online() == {fred, both}
    assert [tuple(row) for row in read(home.spark, home.lake, COMPONENTS).collect()] == [(FREDRIK, FREDRIK)]
    assert home.told() == [("profile.erased", eve), ("profile.updated", both)], "once, however often it was killed"

    # 3. Neither the same file, nor one that says more, brings them back; the readers go on where they were.
    write_crm(EVE.replace("Evelynka,", "Evelynka Maria,"), file="crm-again.csv")
    again = home.take_in()
    assert (again["accepted"], again["reasons"]["erased"]) == (0, 4), "two rows of hers, and of Hannelore, in two files"

    # 4. Nor does a backup of PostgreSQL's tombstones, or of the whole lake.
    with home.engine.begin() as connection:
        connection.execute(delete(schema.tombstones))
    home.take_in()
    assert home.people() == after
    shutil.rmtree(home.lake)
    shutil.copytree(tmp_path / "backup", home.lake)
    home.spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()  # type: ignore[union-attr]  # py4j
    assert {EVELYNKA, HANNELORE} <= home.known(RECORDS)
    home.take_in()
    publish(home.spark, home.engine, home.lake, NOW)
    assert home.people() == after
    for table in (RECORDS, ASSIGNMENTS, COMPARABLES):
        assert home.known(table) == {FREDRIK, GUNDULA}


def test_a_refused_row_that_says_nothing_but_a_name_does_not_come_back_with_its_file(
    home: Home, write_crm: Callable[..., None]
) -> None:
    write_crm(*CRM[:4], ",Evelynka,Zarwell,,,,", ",Evelynka,Quastel,,,,")
    home.killed |= set(STEPS)
    assert home.batch()["quarantined"] == 2
    home.erase(home.request("r1", home.owner(EVELYNKA)))
    assert home.seen("Evelynka Zarwell") == home.seen(EMAIL) == set()
    came = home.batch()
    assert (came["quarantined"], came["reasons"][ERASED]) == (3, 2), "counted, and not kept"
    assert [b"Quastel" in row.raw for row in read(home.spark, home.lake, QUARANTINE).collect()] == [True]


def split(home: Home, record: str, others: str) -> tuple[str, str]:
    """A steward takes a record out of the profile of another, live; the profiles of both, once the lake is behind."""
    was, own = home.owner(others), nth_id(record, 1)
    assert home.owner(record) == was
    said: dict[str, Any] = {"actor": "steward", "reason": "two people", "evidence": {}, "features": None}
    with home.engine.begin() as connection:
        reassign(connection, {record: was, others: was}, {record: own, others: was}, NOW, **said)
    return own, was


def test_who_was_taken_apart_live_is_erased_out_of_the_profile_that_the_lake_still_shows(home: Home) -> None:
    home.killed |= set(STEPS)
    home.batch()
    hannelore, gundula = split(home, HANNELORE, GUNDULA)
    assert {one.split(":")[1].split("/")[2] for one in home.seen(HANNELORE) if "/gold/" in one} == {"profiles"}
    statement = home.erase(home.request("r1", hannelore))["certificate"]
    assert (statement["hits"], statement["complete"]) == (0, True)
    for value in (HANNELORE, "hannelore@inbox.example"):
        assert home.seen(value) == set(), value
    shown = {row.profile_id: row.records for row in read(home.spark, home.lake, PROFILES).collect()}
    assert shown[gundula] == [GUNDULA] and home.owner(GUNDULA) == gundula


def test_whoever_left_a_profile_live_stays_when_it_is_erased(home: Home) -> None:
    home.killed |= set(STEPS)
    home.batch()
    hannelore, gundula = split(home, HANNELORE, GUNDULA)
    before = home.people()[hannelore]
    assert home.erase(home.request("r1", gundula))["certificate"]["complete"]
    assert home.seen("gundula@inbox.example") == home.seen(GUNDULA) == set()
    assert home.people()[hannelore] == before and home.owner(HANNELORE) == hannelore
    assert HANNELORE in home.known(RECORDS) & home.known(ASSIGNMENTS)
