"""What a run of resolve has to start from: changed records, decisions and live assignments, and what stood before."""

import zlib
from dataclasses import dataclass
from urllib.parse import urlparse

from pyspark.sql import DataFrame, SparkSession

from spark_jobs.resolve.driver_engine import DriverEngine
from spark_jobs.resolve.engine import Engine
from spark_jobs.resolve.lake_engine import LakeEngine, states
from spark_jobs.resolve.name_parts import NameFrequencies
from spark_jobs.resolve.partition import Pair
from spark_jobs.resolve.rules import Rules
from spark_jobs.tables import (
    COMPARABLES,
    LIVE,
    MODELS,
    OVERRIDES,
    RECORDS,
    changed_rows,
    changes,
    exists,
    progress,
    read,
    table_id,
    version,
    versions,
)

SOURCES = [RECORDS, OVERRIDES, LIVE]
FOUNDATION = "identity/foundation"
"""Under this name, progress keeps what all evidence rests on: another one means that everything is looked at again."""


@dataclass(frozen=True)
class Position:
    """Where the sources are, where the last run left them, and whether that run can be built upon."""

    now: dict[str, int]
    done: dict[str, int]
    first: bool

    @property
    def nothing_new(self) -> bool:
        return not self.first and self.now == self.done


def position(spark: SparkSession, lake: str, rules: Rules) -> Position:
    """Compares the sources with the last run's."""
    now = versions(spark, lake, SOURCES) | {FOUNDATION: foundation(spark, lake, rules)}
    done = progress(spark, lake, "resolve")
    first = (
        not exists(spark, lake, COMPARABLES)
        or done.get(FOUNDATION) != now[FOUNDATION]
        or any(now[source.name] < done.get(source.name, -1) for source in SOURCES)
    )
    return Position(now, done, first)


def foundation(spark: SparkSession, lake: str, rules: Rules) -> int:
    """A number of the rules, the model, the very table of records, and the engine that compares them."""
    engine = "driver" if _is_here(spark, lake) else "spark"
    parts = [str(rules.digest), str(version(spark, lake, MODELS)), str(table_id(spark, lake, RECORDS)), engine]
    return zlib.crc32("\0".join(parts).encode())


def engine_of(spark: SparkSession, lake: str) -> Engine:
    """DuckDB in the driver where the lake and Spark are on this machine, else Spark (docs/decisions/0017)."""
    return DriverEngine(spark) if _is_here(spark, lake) else LakeEngine(spark)


def _is_here(spark: SparkSession, lake: str) -> bool:
    return urlparse(lake).scheme in ("", "file") and str(spark.sparkContext.master).startswith("local")


def fresh_states(spark: SparkSession, lake: str, at: Position, names: NameFrequencies) -> Engine:
    """An engine with `fresh`, the states of the records to look at, and `gone`, the ids of those that are no more."""
    records, gone = _fresh_records(spark, lake, at)
    engine = engine_of(spark, lake)
    engine.take("fresh", states(records, names))
    engine.take("gone", gone)
    return engine


def _fresh_records(spark: SparkSession, lake: str, at: Position) -> tuple[DataFrame, DataFrame]:
    records = read(spark, lake, RECORDS)
    after, until = at.done.get(RECORDS.name, -1), at.now[RECORDS.name]
    if at.first or after >= until:
        nobody = records.select("record_id").where("false")
        return (records if at.first else records.where("false")), nobody
    deleted = (
        changes(spark, lake, RECORDS, after, until).where("_change_type = 'delete'").select("record_id").distinct()
    )
    gone = deleted.join(records, "record_id", "left_anti")
    return changed_rows(spark, lake, RECORDS, after, until), gone


def decisions(spark: SparkSession, lake: str) -> tuple[list[Pair], list[Pair]]:
    """Pairs that a steward keeps apart, and pairs that a steward joins."""
    rows = read(spark, lake, OVERRIDES).select("left_id", "right_id", "kind").collect()
    found: dict[str, list[Pair]] = {"different": [], "same": []}
    for row in rows:
        found.setdefault(row.kind, []).append((row.left_id, row.right_id))
    return found["different"], found["same"]


def settled_records(spark: SparkSession, lake: str, at: Position) -> set[tuple[str]]:
    """The ids of the records that a decision or a live assignment touched since the last run."""
    found: set[tuple[str]] = set()
    for table, columns in ((OVERRIDES, ("left_id", "right_id")), (LIVE, ("record_id",))):
        after, until = at.done.get(table.name, -1), at.now[table.name]
        if after >= until:
            continue
        rows = read(spark, lake, table) if after < 0 else changes(spark, lake, table, after, until)
        found |= {(record,) for row in rows.select(*columns).distinct().toLocalIterator() for record in row}
    return found
