"""Silver + identity -> gold: one golden record a person, and every interaction on that person's timeline."""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from contracts.channel import Channel
from contracts.identifiers import KINDS, OTHER_EXTERNAL_ID
from contracts.loading import load_channels
from contracts.settings import settings
from contracts.sources import load_sources
from spark_jobs.inbox import with_live
from spark_jobs.progress import progress, remember
from spark_jobs.rectifications import pull_by_itself
from spark_jobs.session import spark_session
from spark_jobs.survivorship import golden_record
from spark_jobs.tables import (
    ASSIGNMENTS,
    CHANNEL_TRUST,
    EVENTS,
    PROFILES,
    RECORDS,
    RECTIFICATIONS,
    TIMELINE,
    arrow_schema,
    read,
    versions,
    write_changes,
)


def trust_of(channels: Mapping[str, Channel]) -> dict[tuple[str, str], int]:
    """How far each channel is trusted, by (channel, field); field "" is the channel's own default."""
    trust = {(contract.channel, ""): contract.trust for contract in channels.values()}
    for contract in channels.values():
        trust |= {(contract.channel, field): weight for field, weight in contract.trust_in.items()}
    return trust


def golden_profiles(
    records: DataFrame,
    assignments: DataFrame,
    trust: Mapping[tuple[str, str], int],
    rectified: DataFrame | None = None,
) -> DataFrame:
    """The golden record of every profile; what people put right wins, whichever profile their record is in."""
    schema = arrow_schema(PROFILES.schema)

    def build(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = [
                golden_record(row["profile_id"], row["records"], trust, row["rectified"] or ())
                for row in batch.to_pylist()
            ]
            yield pa.RecordBatch.from_pylist(rows, schema=schema)

    of_profile = records.join(assignments.select("record_id", "profile_id"), "record_id")
    grouped = of_profile.groupBy("profile_id").agg(F.collect_list(F.struct(*records.columns)).alias("records"))
    if rectified is None:
        rectified = records.sparkSession.createDataFrame([], RECTIFICATIONS.struct)
    right = rectified.join(assignments.select("record_id", "profile_id"), "record_id").groupBy("profile_id")
    said = right.agg(F.collect_list(F.struct(*RECTIFICATIONS.struct.fieldNames())).alias("rectified"))
    return grouped.join(said, "profile_id", "left").mapInArrow(build, PROFILES.struct)


def attributed(events: DataFrame, records: DataFrame, assignments: DataFrame) -> DataFrame:
    """Events with the profile they belong to: their own record's, or that of an identifier only one profile holds.

    The identifier that fewest people may share speaks first. An event that nobody or several people could have
    caused has no profile; it stays in silver until the identities say more.
    """
    owner = assignments.select("record_id", "profile_id")
    held = records.select("record_id", F.explode("identifiers").alias("held")).join(owner, "record_id")
    holders = held.groupBy("held").agg(F.min("profile_id").alias("holder"), F.max("profile_id").alias("other"))
    unique = holders.where("holder = other").select("held", "holder")
    caps = F.create_map(*[F.lit(part) for kind, rules in KINDS.items() for part in (kind, rules.cap)])
    carried = events.where("record_id is null").select("event_id", F.explode("identifiers").alias("held"))
    cap = F.coalesce(caps[F.col("held.kind")], F.lit(OTHER_EXTERNAL_ID.cap))
    strongest = Window.partitionBy("event_id").orderBy(cap, "held.kind", "held.value")
    by_identifier = carried.join(unique, "held").withColumn("_rank", F.row_number().over(strongest)).where("_rank = 1")
    by_record = events.where("record_id is not null").join(owner, "record_id").select("event_id", "profile_id")
    found = by_record.union(by_identifier.select("event_id", F.col("holder")))
    return events.join(found, "event_id", "left")


def build(spark: SparkSession, lake: str, channels: Mapping[str, Channel]) -> dict[str, Any]:
    """Brings gold profiles and timeline up to date; does nothing where neither records, events nor identity changed."""
    sources = versions(spark, lake, [RECORDS, EVENTS, ASSIGNMENTS, RECTIFICATIONS])
    if sources == progress(spark, lake, "profiles"):
        return {"rows_changed": 0, "unattributed_events": None}
    records, assignments = read(spark, lake, RECORDS), read(spark, lake, ASSIGNMENTS)
    rectified = read(spark, lake, RECTIFICATIONS)
    changed = write_changes(
        spark, lake, PROFILES, golden_profiles(records, assignments, trust_of(channels), rectified), deletes=True
    )
    # Whoever rebuilds a golden record outside this job weighs the sources alike.
    weights = {channel.channel: {"": channel.trust, **channel.trust_in} for channel in channels.values()}
    said = sorted(weights.items(), key=lambda one: one[0])
    write_changes(spark, lake, CHANNEL_TRUST, spark.createDataFrame(said, CHANNEL_TRUST.struct), deletes=True)
    events = attributed(read(spark, lake, EVENTS), records, assignments).localCheckpoint()
    changed += write_changes(spark, lake, TIMELINE, events.where("profile_id is not null"), deletes=True)
    remember(spark, lake, "profiles", sources)
    return {"rows_changed": changed, "unattributed_events": events.where("profile_id is null").count()}


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contracts", required=True, type=Path, help="folder of the channel contracts")
    parser.add_argument("--lake", default=settings().lake_uri)
    given = parser.parse_args(args)
    spark = spark_session(settings())
    pull_by_itself(spark, given.lake, settings())
    channels = with_live(load_channels(given.contracts), load_sources(settings()))
    print(json.dumps(build(spark, given.lake, channels), indent=2))


if __name__ == "__main__":
    main()
