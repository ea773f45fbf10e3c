"""People are erased from a lake with all its traps, from PostgreSQL and from the online store, and stay away."""

import base64
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pyspark.sql import SparkSession
from redis import Redis
from sqlalchemy import Engine, delete, insert, select

from consent.erasure import verify
from consent.erasure.places import data_folder, folder_files, key_folder, keys, lake_files, lake_values, tables
from consent.erasure.run import Erasure
from contracts.channel import Channel
from contracts.settings import Settings
from feature_repo.store import online_key
from spark_jobs.erased import united
from spark_jobs.erasing import purge, rows
from spark_jobs.features import features
from spark_jobs.ingest import ingest
from spark_jobs.profiles import build
from spark_jobs.publish import publish
from spark_jobs.resolve.lake_engine import states
from spark_jobs.resolve.name_parts import NameFrequencies
from spark_jobs.resolve.stable_ids import nth_id
from spark_jobs.standardise import standardise
from spark_jobs.tables import ASSIGNMENTS, COMPARABLES, COMPONENTS, CONSENTS, RECORDS, Table, path, read, write_changes
from stores import schema
from stores.embedded import Stores, open_stores
from stores.postgres import migrate, open_engine

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EMAIL, LANDLINE = "Evelynka.Zarwell@inbox.example", "0170009999"
EVE = f"E-7000001,Evelynka,Zarwell,05/03/1981,{EMAIL},{LANDLINE},2024-01-02T00:00:00Z"
CRM = [
    EVE,
    f"F-7000002,Fredrik,Zarwell,07/08/1979,fredrik@inbox.example,{LANDLINE},2024-01-02T00:00:00Z",
    "G-7000003,Gundula,Quastel,01/02/1990,gundula@inbox.example,,2024-01-02T00:00:00Z",
    "H-7000004,Hannelore,Quastel,03/04/1991,hannelore@inbox.example,,2024-01-02T00:00:00Z",
    f",Evelynka,Zarwell,,{EMAIL},,",  # refused: no key
]
EVELYNKA, FREDRIK, GUNDULA, HANNELORE = "crm:E-7000001", "crm:F-7000002", "crm:G-7000003", "crm:H-7000004"
STEPS = ("subject", "tombstones", "serving", "online", "followers", "compaction", "certificate")
GONE = (EMAIL, "hannelore@inbox.example", EVELYNKA, HANNELORE)


class Killed(BaseException):
    """What a test ends an erasure with, wherever it is."""


@dataclass
class Home:
    """A lake and its stores, with the jobs that fill them."""

    config: Settings
    spark: SparkSession
    stores: Stores
    engine: Engine
    client: Redis
    sources: Path
    channels: dict[str, Channel]
    asked_online: set[str] = field(default_factory=set)
    killed: set[str] = field(default_factory=set)

    @property
    def lake(self) -> str:
        return self.config.lake_uri

    def take_in(self) -> dict[str, Any]:
        """The steps of the batch in which somebody could come back."""
        with self.engine.begin() as connection:
            erased = united(self.spark, self.lake, connection, self.config, self.channels, NOW)
        taken = ingest(self.spark, self.lake, str(self.sources), self.channels, NOW, erased)
        standardise(self.spark, self.lake, self.channels, erased)
        return taken["channels"]["crm"]

    def resolve_wrongly(self) -> None:
        """Each record is a person, but that Hannelore becomes a part of Gundula."""
        found = read(self.spark, self.lake, RECORDS)
        ids = {row.record_id: nth_id(row.record_id, 0) for row in found.select("record_id").collect()}
        ids[HANNELORE] = ids[GUNDULA]
        owned = [(record, profile, NOW) for record, profile in ids.items()]
        write_changes(self.spark, self.lake, ASSIGNMENTS, self.spark.createDataFrame(owned, ASSIGNMENTS.struct))
        write_changes(self.spark, self.lake, COMPARABLES, states(found, NameFrequencies()))
        household = [(EVELYNKA, EVELYNKA), (FREDRIK, EVELYNKA)]  # a component is called by its first record
        write_changes(self.spark, self.lake, COMPONENTS, self.spark.createDataFrame(household, COMPONENTS.struct))

    def batch(self) -> dict[str, Any]:
        taken = self.take_in()
        self.resolve_wrongly()
        build(self.spark, self.lake, self.channels)
        features(self.spark, self.lake, NOW)
        publish(self.spark, self.engine, self.lake, NOW)
        return taken

    def owner(self, record_id: str) -> str:
        with self.engine.connect() as connection:
            held = schema.records.c
            return str(connection.scalar(select(held.profile_id).where(held.record_id == record_id)))

    def known(self, table: Table) -> set[str]:
        """The records that a table of the lake holds something of."""
        return {row.record_id for row in read(self.spark, self.lake, table).select("record_id").collect()}

    def people(self) -> dict[str, Any]:
        """Profile -> the values of its fields, and its identifiers."""
        with self.engine.connect() as connection:
            documents = connection.execute(select(schema.profiles.c.profile_id, schema.profiles.c.document)).all()
        return {
            one.profile_id: (
                {said["field"]: said["value"] for said in one.document["fields"]},
                sorted(said["value"] for said in one.document["identifiers"]),
            )
            for one in documents
        }

    def online(self) -> set[str]:
        """Of whom there are features online."""
        return {one for one in self.asked_online if self.client.exists(key_of(one))}

    def request(self, request_id: str, profile_id: str, *records: str) -> str:
        row = {"request_id": request_id, "kind": "erasure", "profile_id": profile_id, "state": "in_progress"}
        row |= {"received_at": NOW, "due_on": NOW.date(), "details": {"records": list(records)} if records else {}}
        with self.engine.begin() as connection:
            connection.execute(insert(schema.privacy_requests).values(row))
        return request_id

    def subscribe(self, *kinds: str) -> None:
        row = {"subscription_id": "s1", "url": "https://consumer.example", "kinds": list(kinds), "secret": "whsec_MA=="}
        row |= {"purpose": "service", "role": "bot", "created_by": "officer", "created_at": NOW}
        with self.engine.begin() as connection:
            connection.execute(insert(schema.webhook_subscriptions).values(row))

    def told(self) -> list[tuple[str, str]]:
        """What is on its way to the subscriber."""
        columns = schema.webhook_outbox.c
        with self.engine.connect() as connection:
            return sorted(connection.execute(select(columns.kind, columns.profile_id)).tuples())

    def erase(self, *request_ids: str) -> dict[str, Any]:
        """Killed once after every step, and started again each time."""

        def after(step: str) -> None:
            if step in STEPS and step not in self.killed:
                self.killed.add(step)
                raise Killed(step)

        while True:
            made = Erasure(self.config, self.stores, self.engine, self.channels, lambda: self.spark, lambda: NOW, after)
            try:
                return made.run(request_ids)
            except Killed:
                continue

    def seen(self, value: str) -> set[str]:
        """Where a value stands in any form; by plain search, without the scanner."""
        needles = {form for text in (value, value.lower()) for form in plain_forms(text)}
        postgres, valkey = data_folder(self.engine), key_folder(self.client)
        assert postgres and valkey
        places = {
            "lake, decoded": lake_values(self.lake),
            "lake": lake_files(self.lake),
            "tables": tables(self.engine),
            "postgresql": folder_files(postgres),
            "keys": keys(self.client),
            "valkey": folder_files(valkey),
        }
        return {
            f"{place}:{name}"
            for place, content in places.items()
            for name, data in content
            if any(needle in data for needle in needles)
        }


def key_of(profile_id: str) -> Any:
    return online_key(profile_id)  # bytes, which the driver takes and its annotations do not know


def plain_forms(text: str) -> tuple[bytes, ...]:
    plain = text.encode()
    return plain, base64.b64encode(plain)[:-4], hashlib.sha256(plain).hexdigest().encode(), quote(text).encode()


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
        home.client.hset(key_of(profile_id), "said", profile_id)
    assert home.online() == {eve, fred, both}
    for said in (EMAIL, "something else"):  # the append-only file keeps what a key was
        home.client.set("cache", said)
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
