"""Days of a small company, each closed by the real batch on Spark, one step at a time."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import SparkSession
from sqlalchemy import Engine

from contracts.sources import with_live
from lake.tables import ASSIGNMENTS, EVENTS, PROFILES, RECORDS, REDIRECTS, TIMELINE, Table, read, write_changes
from read_model.features_due import write_due
from spark_jobs.inbox import land
from spark_jobs.overrides import pull
from spark_jobs.profiles import build
from spark_jobs.publish import profile_documents, publish
from spark_jobs.resolve.__main__ import resolve
from spark_jobs.standardise import standardise
from tests.attacks.agreement import Lake
from tests.attacks.company import ManyKept
from tests.read_model.live.collecting import SOURCES, accept, owner, project_all
from tests.spark_jobs.silver import events, person_channel, records

DAWN = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHANNELS = with_live({"crm": person_channel()}, SOURCES)


@dataclass
class Days:
    """A lake and its operational store; `now` moves on with everything that happens."""

    spark: SparkSession
    lake: str
    engine: Engine
    features: ManyKept
    now: datetime = DAWN

    def tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def file(self, *people: dict[str, str]) -> None:
        """The company's own records, as ingestion and standardising would leave them."""
        write_changes(self.spark, self.lake, RECORDS, records(self.spark, *people))

    def file_events(self, *rows: dict[str, str]) -> None:
        write_changes(self.spark, self.lake, EVENTS, events(self.spark, *rows))

    def live(self, *messages: dict[str, Any]) -> None:
        """Messages are accepted and shown."""
        accept(self.engine, self.tick(), *messages)
        project_all(self.engine, self.tick())
        write_due(self.engine, self.features, lambda: self.now)

    def batch(self, before_publish: Callable[[], None] = lambda: None) -> None:
        """The pipeline, and what happens while it computes."""
        land(self.spark, self.lake, self.engine, SOURCES, self.tick())
        standardise(self.spark, self.lake, CHANNELS)
        pull(self.spark, self.engine, self.lake, self.now)
        resolve(self.spark, self.lake, self.tick())
        build(self.spark, self.lake, CHANNELS)
        before_publish()
        publish(self.spark, self.engine, self.lake, self.tick())
        write_due(self.engine, self.features, lambda: self.now)

    def said(self) -> Lake:
        """What the lake says."""

        def pairs(table: Table, key: str, value: str) -> dict[str, Any]:
            return {row[key]: row[value] for row in read(self.spark, self.lake, table).select(key, value).collect()}

        documents = profile_documents(read(self.spark, self.lake, PROFILES)).collect()
        nobodys = {row.event_id: None for row in read(self.spark, self.lake, EVENTS).select("event_id").collect()}
        return Lake(
            pairs(ASSIGNMENTS, "record_id", "profile_id"),
            {row.profile_id: json.loads(row.document) for row in documents},
            nobodys | pairs(TIMELINE, "event_id", "profile_id"),
            pairs(REDIRECTS, "old_id", "profile_id"),
        )

    def owner(self, record_id: str) -> str:
        return owner(self.engine, record_id)
