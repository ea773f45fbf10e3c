"""What a run of resolve has to start from: changed records, decisions and live assignments, and what stood before."""

import zlib
from dataclasses import dataclass

from pyspark.sql import SparkSession

from spark_jobs.local_tables import is_local, rows, table_id, version
from spark_jobs.progress import progress
from spark_jobs.resolve.driver_engine import DriverEngine
from spark_jobs.resolve.engine import Engine
from spark_jobs.resolve.graph import Pair
from spark_jobs.resolve.lake_engine import LakeEngine
from spark_jobs.resolve.name_parts import NameFrequencies
from spark_jobs.resolve.rules import Rules
from spark_jobs.resolve.state import FORM
from spark_jobs.tables import (
    COMPARABLES,
    LIVE,
    MODELS,
    OVERRIDES,
    RECORDS,
    changes,
    read,
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
    now = {source.name: version(spark, lake, source) for source in SOURCES}
    now[FOUNDATION] = foundation(spark, lake, rules)
    done = progress(spark, lake, "resolve")
    first = (
        version(spark, lake, COMPARABLES) < 0
        or done.get(FOUNDATION) != now[FOUNDATION]
        or any(now[source.name] < done.get(source.name, -1) for source in SOURCES)
    )
    return Position(now, done, first)


def foundation(spark: SparkSession, lake: str, rules: Rules) -> int:
    """A number of the rules, the model, the very table of records, the form of states, and the engine that compares
    them."""
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


def take_fresh(lake: str, engine: Engine, at: Position, names: NameFrequencies) -> None:
    """Makes `fresh`, the states of the records to look at, and `gone`, the ids of those that are no more; `records` is
    there."""
    if at.first:
        engine.states("fresh", "select * from records", names)
        engine.put("gone", ["record_id"], [])
        return
    after, until = at.done.get(RECORDS.name, -1), at.now[RECORDS.name]
    if 0 <= after < until:
        engine.changed("asked", lake, RECORDS, after, until)
    else:
        engine.view("asked", f"select record_id from records where {str(after < until).lower()}")
    named = "exists (select 1 from asked a where a.record_id = r.record_id)"
    engine.states("fresh", f"select * from records r where {named}", names)
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


def settled_records(spark: SparkSession, lake: str, at: Position) -> set[tuple[str]]:
    """The ids of the records that a decision or a live assignment touched since the last run."""
    found: set[tuple[str]] = set()
    for table, columns in ((OVERRIDES, ("left_id", "right_id")), (LIVE, ("record_id",))):
        after, until = at.done.get(table.name, -1), at.now[table.name]
        if after >= until:
            continue
        seen = read(spark, lake, table) if after < 0 else changes(spark, lake, table, after, until)
        found |= {(record,) for row in seen.select(*columns).distinct().toLocalIterator() for record in row}
    return found
