"""Whose data came in with a source's write key, by what the lake has kept since: also what is published no more, or was
never shown, and whatever its sender dated otherwise."""

from collections.abc import Iterator
from datetime import UTC, datetime

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts.sources import EVENTS as OF_LIVE
from lake.tables import ASSIGNMENTS, BRONZE, TIMELINE, Table, read
from spark_jobs.breach_sights import Sight


def arrived(spark: SparkSession, lake: str, source: str, since: datetime, until: datetime) -> Iterator[Sight]:
    """The people whose raw events and records of this source the lake took in between two instants."""
    own_id = F.concat(F.lit(f"{source}:"), "source_key")
    said = ("profile_id", "received_at", "category", "of")
    category = F.col("categories")["type"].alias("category")
    whose = read(spark, lake, TIMELINE).where("profile_id is not null").select("event_id", "profile_id", category)
    events = _raw(spark, lake, BRONZE["event"], source, since, until, own_id.alias("event_id")).join(whose, "event_id")
    owned = read(spark, lake, ASSIGNMENTS).select("record_id", "profile_id", F.lit(None).alias("category"))
    people = _raw(spark, lake, BRONZE["person"], source, since, until, own_id.alias("record_id"))
    records = people.join(owned, "record_id").withColumn("of", F.concat(F.lit("record "), "record_id"))
    for found in (events.withColumnRenamed("event_id", "of"), records):
        for row in found.select(*said).toLocalIterator():
            categories = frozenset([row.category] if row.category else ())
            yield Sight(row.profile_id, row.received_at.replace(tzinfo=UTC), None, categories, row.of)


def _raw(
    spark: SparkSession, lake: str, table: Table, source: str, since: datetime, until: datetime, own_id: Column
) -> DataFrame:
    came = F.col("received_at").between(F.lit(since), F.lit(until))
    named = F.col("channel").isin(source, source + OF_LIVE)
    return read(spark, lake, table).where(named & came).select(own_id, "received_at")
