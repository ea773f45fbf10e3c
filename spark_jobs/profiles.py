"""Silver + identity -> gold: one golden record a person, and every interaction on that person's timeline."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from contracts.channel import Channel
from contracts.loading import load_channels
from contracts.settings import settings
from contracts.sources import load_sources, with_live
from lake.gold import attributed, golden_profiles, trust_of
from lake.progress import progress, remember
from lake.session import spark_session
from lake.tables import (
    ASSIGNMENTS,
    CHANNEL_TRUST,
    EVENTS,
    PROFILES,
    RECORDS,
    RECTIFICATIONS,
    TIMELINE,
    read,
    versions,
    write_changes,
)
from stores.taking_turns import batch_job


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
    with batch_job(settings()):
        spark = spark_session(settings())
        channels = with_live(load_channels(given.contracts), load_sources(settings()))
        print(json.dumps(build(spark, given.lake, channels), indent=2))


if __name__ == "__main__":
    main()
