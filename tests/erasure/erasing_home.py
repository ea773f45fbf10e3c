"""A lake and its stores from which people are erased, with all the steps of a batch in which they could come back."""

import base64
import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pyspark.sql import SparkSession
from redis import Redis
from sqlalchemy import Engine, insert, select

from contracts.channel import Channel
from contracts.settings import Settings
from erasure.erased_people import united
from erasure.run import Erasure
from erasure.scan_targets import folder_files, keys, lake_files, lake_values, tables
from feature_repo.wire import online_key
from identity.clustering.stable_ids import nth_id
from identity.matching.name_parts import NameFrequencies
from lake.tables import ASSIGNMENTS, COMPARABLES, COMPONENTS, RECORDS, Table, read, write_changes
from spark_jobs.features import features
from spark_jobs.ingest import ingest
from spark_jobs.profiles import build
from spark_jobs.publish import publish
from spark_jobs.resolve.comparables import comparables_of
from spark_jobs.standardise import standardise
from stores import schema
from stores.embedded import Stores
from stores.server_folders import data_folder, key_folder

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


def killed_after_each(
    steps: Collection[str], killed: set[str], run: Callable[[Callable[[str], None]], dict[str, Any]]
) -> dict[str, Any]:
    """The result of a run that is killed once after each step and started again; `killed` are the steps so far."""

    def after(step: str) -> None:
        if step in steps and step not in killed:
            killed.add(step)
            raise Killed(step)

    while True:
        try:
            return run(after)
        except Killed:
            continue


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
        write_changes(self.spark, self.lake, COMPARABLES, comparables_of(found, NameFrequencies()))
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
        return {one for one in self.asked_online if self.client.exists(online_key(one))}

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
            return sorted(connection.execute(select(columns.kind, columns.profile_id)))

    def erase(self, *request_ids: str) -> dict[str, Any]:
        """Killed once after every step, and started again each time."""

        of = (self.config, self.stores, self.engine, self.channels, lambda: self.spark, lambda: NOW)
        return killed_after_each(STEPS, self.killed, lambda after: Erasure(*of, after).run(request_ids))

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


def plain_forms(text: str) -> tuple[bytes, ...]:
    plain = text.encode()
    return plain, base64.b64encode(plain)[:-4], hashlib.sha256(plain).hexdigest().encode(), quote(text).encode()
