"""Events that no purpose keeps any more: each is deleted when its own period has passed, whoever's it is."""

from collections import Counter
from datetime import datetime
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from contracts.sources import EVENTS as OF_LIVE
from erasure.lake.rows import delete_keys
from erasure.retention.people import OnHold, Starts
from lake.progress import remember
from lake.tables import BRONZE, EVENTS, TIMELINE, Table, exists, read
from read_model.outbox.emitting import emit_all
from read_model.outbox.kinds import PROFILE_UPDATED
from stores.due import make_due
from stores.schema import profiles, timeline

RAW = ("channel", "source_key")


def served(connection: Connection, starts: Starts, held: OnHold) -> Counter[str]:
    """How many served events are due, by category."""
    category = timeline.c.document["categories"]["type"].astext
    query = select(category, func.count()).where(_is_due(starts, held)).group_by(category)
    return Counter({row[0] or "unlabelled": row[1] for row in connection.execute(query)})


def forget_served(connection: Connection, starts: Starts, held: OnHold, now: datetime) -> dict[str, int]:
    """Deletes them from the timelines; the affected people's features are computed anew at once."""
    gone = delete(timeline).where(_is_due(starts, held)).returning(timeline.c.profile_id)
    whose = list(connection.scalars(gone))
    touched = sorted({one for one in whose if one is not None})
    if touched:
        make_due(connection, touched)
        newer = update(profiles).where(profiles.c.profile_id.in_(touched))
        connection.execute(newer.values(version=profiles.c.version + 1))
        emit_all(connection, PROFILE_UPDATED, [(one, {}) for one in touched], now)
    return {"timeline": len(whose)} if whose else {}


def in_lake(spark: SparkSession, lake: str, starts: Starts, held: OnHold) -> DataFrame:
    """The events of the lake that are due: event_id, channel, source_key, category."""
    category = F.col("categories")["type"]
    whose = read(spark, lake, TIMELINE).select("event_id", "profile_id")
    found = read(spark, lake, EVENTS).where(_has_passed(starts, category)).join(whose, "event_id", "left")
    for column, kept in (("record_id", held.records), ("profile_id", held.profiles)):
        names = spark.createDataFrame([(one,) for one in sorted(kept)], f"{column} string")
        found = found.join(F.broadcast(names), column, "left_anti")
    key = F.expr("substring(event_id, length(channel) + 2)").alias("source_key")
    return found.select("event_id", "channel", key, F.coalesce(category, F.lit("unlabelled")).alias("category"))


def counted(found: DataFrame) -> Counter[str]:
    """How many they are, by category."""
    return Counter({row.category: row["count"] for row in found.groupBy("category").count().collect()})


def forget_in_lake(spark: SparkSession, lake: str, starts: Starts, held: OnHold) -> dict[str, int]:
    """Deletes them, the raw rows first and `silver/events`, which identifies them, last; returns rows by table."""
    found = in_lake(spark, lake, starts, held).localCheckpoint()
    if found.isEmpty():
        return {}
    by_id: tuple[str, ...] = ("event_id",)
    live = found.withColumn("channel", F.concat("channel", F.lit(OF_LIVE)))  # as raw events of a live source have it
    order = [(BRONZE["event"], RAW), (BRONZE["person"], RAW), (TIMELINE, by_id), (EVENTS, by_id)]
    gone = {
        table.name: _forget(spark, lake, table, found.unionByName(live).select(*columns), columns)
        for table, columns in order
    }
    remember(spark, lake, "features", {TIMELINE.name: -1})  # computed anew by the next run
    return {name: count for name, count in gone.items() if count}


def _forget(spark: SparkSession, lake: str, table: Table, keys: DataFrame, columns: tuple[str, ...]) -> int:
    if not exists(spark, lake, table):
        return 0
    return delete_keys(spark, lake, table, columns, keys.distinct().localCheckpoint())


def _has_passed(starts: Starts, category: Column) -> Column:
    moment = F.col("occurred_at")
    passed = F.coalesce(~category.isin(*[one.value for one in starts]), F.lit(True)) & (
        moment <= F.lit(max(starts.values()))
    )
    for one, start in starts.items():
        passed = passed | (category.eqNullSafe(one.value) & (moment <= F.lit(start)))
    return passed


def _is_due(starts: Starts, held: OnHold) -> ColumnElement[bool]:
    columns: Any = timeline.c
    category, moment = columns.document["categories"]["type"].astext, columns.occurred_at
    known = [one.value for one in starts]
    unknown = and_(or_(category.is_(None), category.not_in(known)), moment <= max(starts.values()))
    passed = [and_(category == one.value, moment <= start) for one, start in starts.items()]
    free = and_(
        or_(columns.record_id.is_(None), columns.record_id.not_in(held.records)),
        or_(columns.profile_id.is_(None), columns.profile_id.not_in(held.profiles)),
    )
    return and_(or_(unknown, *passed), free)
