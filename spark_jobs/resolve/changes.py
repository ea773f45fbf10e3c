"""What a run of resolve has to start from: changed records, decisions and live assignments, and what stood before."""

import zlib
from dataclasses import dataclass

from pyspark.sql import SparkSession

from identity.clustering.cluster import Pair
from identity.matching.comparables import FORM
from identity.matching.name_parts import NameFrequencies
from identity.matching.rules import Rules
from lake.local_tables import is_local, rows, table_id, version
from lake.progress import progress
from lake.sql_engine import Engine
from lake.tables import (
    COMPARABLES,
    LIVE,
    MODELS,
    OVERRIDES,
    RECORDS,
    UNMATCHED,
    Table,
)
from spark_jobs.resolve.driver_engine import DriverEngine
from spark_jobs.resolve.lake_engine import LakeEngine

SOURCES = [RECORDS, OVERRIDES, LIVE, UNMATCHED]
FOUNDATION = "identity/foundation"
"""Under this name, progress keeps what all evidence rests on: another one means that everything is looked at again."""


@dataclass(frozen=True)
class SourceVersions:
    """Where the sources are, where the last run left them, and whether that run can be built upon."""

    now: dict[str, int]
    done: dict[str, int]
    first: bool

    @property
    def nothing_new(self) -> bool:
        return not self.first and self.now == self.done


def position(spark: SparkSession, lake: str, rules: Rules) -> SourceVersions:
    """Compares the sources with the last run's."""
    now = {source.name: version(spark, lake, source) for source in SOURCES}
    now[FOUNDATION] = foundation(spark, lake, rules)
    done = progress(spark, lake, "resolve")
    first = (
        version(spark, lake, COMPARABLES) < 0
        or done.get(FOUNDATION) != now[FOUNDATION]
        or any(now[source.name] < done.get(source.name, -1) for source in SOURCES)
    )
    return SourceVersions(now, done, first)


def foundation(spark: SparkSession, lake: str, rules: Rules) -> int:
    """A number of the rules, the model, the very table of records, the form of comparables, and the engine that
    compares them."""
    engine = "driver" if _is_here(spark, lake) else "spark"
    parts = [
        str(rules.digest),
        str(version(spark, lake, MODELS)),
        str(table_id(spark, lake, RECORDS)),
        str(FORM),
        engine,
    ]
    return zlib.crc32("\0".join(parts).encode())


def engine_of(spark: SparkSession, lake: str) -> Engine:
    """DuckDB in the driver where the lake and Spark are on this machine, else Spark (docs/decisions/0017)."""
    return DriverEngine(spark) if _is_here(spark, lake) else LakeEngine(spark)


def _is_here(spark: SparkSession, lake: str) -> bool:
    return is_local(lake) and str(spark.sparkContext.master).startswith("local")


def take_fresh(lake: str, engine: Engine, at: SourceVersions, names: NameFrequencies) -> None:
    """Makes `computed`, the comparables of the records to look at, and `gone`, the ids of those that are no more.

    `records` must be there."""
    if at.first:
        engine.comparables("computed", "select * from records", names)
        engine.put("gone", ["record_id"], [])
        return
    _take_changed(lake, engine, at, RECORDS, "new_records")
    _take_changed(lake, engine, at, UNMATCHED, "new_unmatched")
    engine.let("asked", "select record_id from new_records union select record_id from new_unmatched")
    named = "exists (select 1 from asked a where a.record_id = r.record_id)"
    engine.comparables("computed", f"select * from records r where {named}", names)
    engine.let(
        "gone",
        "select a.record_id from asked a where not exists (select 1 from records r where r.record_id = a.record_id)",
    )


def decisions(spark: SparkSession, lake: str) -> tuple[list[Pair], list[Pair]]:
    """Pairs that a steward keeps apart, and pairs that a steward joins."""
    found: dict[str, list[Pair]] = {"different": [], "same": []}
    for row in rows(spark, lake, OVERRIDES):
        found.setdefault(row["kind"], []).append((row["left_id"], row["right_id"]))
    return found["different"], found["same"]


def take_reassigned(lake: str, engine: Engine, at: SourceVersions) -> None:
    """Makes `reassigned`, the ids of the records that a decision or a live assignment touched since the last run."""
    _take_changed(lake, engine, at, OVERRIDES, "decided_since")
    _take_changed(lake, engine, at, LIVE, "assigned_since")
    engine.let(
        "reassigned",
        "select left_id as record_id from decided_since union select right_id from decided_since"
        " union select record_id from assigned_since",
    )


def _take_changed(lake: str, engine: Engine, at: SourceVersions, table: Table, name: str) -> None:
    """Names the keys of the rows that changed since the last run, all of them where it did not know the table."""
    after, until = at.done.get(table.name, -1), at.now[table.name]
    if 0 <= after < until:
        engine.changed(name, lake, table, after, until)
        return
    engine.delta(f"all_{name}", lake, table)
    engine.view(name, f"select {', '.join(table.key)} from all_{name} where {str(after < until).lower()}")
