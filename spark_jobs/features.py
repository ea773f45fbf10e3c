"""Gold profiles and timeline -> the two wide feature tables, as they stood at an instant."""

import argparse
import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts.dates import parse_instant
from contracts.keyed import keyed
from contracts.settings import settings
from feature_repo.batch import COMPUTED, FEATURES
from feature_repo.catalogue import (
    VERSION,
)
from lake.progress import progress, remember
from lake.session import spark_session
from lake.tables import PROFILES, TIMELINE, read, versions, write_changes
from stores.postgres import migrated
from stores.restricted import restricted_records
from stores.taking_turns import batch_job


def newest_event(timeline: DataFrame) -> datetime | None:
    """The instant at which a sample of the past stands."""
    newest = timeline.agg(F.unix_micros(F.max("occurred_at"))).collect()[0][0]
    return None if newest is None else datetime.fromtimestamp(newest / 1e6, UTC)


def features(spark: SparkSession, lake: str, as_of: datetime, restricted: Collection[str] = ()) -> dict[str, Any]:
    """Brings both feature tables to `as_of`; nothing is computed where neither inputs, instant nor meaning changed.

    Whoever has one of the `restricted` records is not computed on, and has no features.
    """
    state = versions(spark, lake, [PROFILES, TIMELINE])
    state |= {"as_of": round(as_of.timestamp() * 1e6), "definitions": VERSION}
    state |= {"restricted": int(keyed("restricted", *sorted(restricted), size=4), 16)}
    if progress(spark, lake, "features") == state:
        return {"rows_changed": 0}
    profiles, timeline = read(spark, lake, PROFILES), read(spark, lake, TIMELINE)
    if restricted:
        left_out = _holding(spark, profiles, restricted)
        profiles, timeline = (one.join(left_out, "profile_id", "left_anti") for one in (profiles, timeline))
    changed = 0
    for view, compute in COMPUTED.items():
        changed += write_changes(spark, lake, FEATURES[view], compute(profiles, timeline, as_of), deletes=True)
    remember(spark, lake, "features", state)
    return {"rows_changed": changed}


def _holding(spark: SparkSession, profiles: DataFrame, records: Collection[str]) -> DataFrame:
    """The ids of the profiles that hold any of these records."""
    named = spark.createDataFrame([(one,) for one in sorted(records)], "record_id string")
    held = profiles.select("profile_id", F.explode("records").alias("record_id"))
    return F.broadcast(held.join(F.broadcast(named), "record_id", "left_semi").select("profile_id").distinct())


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", default=settings().lake_uri)
    parser.add_argument(
        "--as-of", default=datetime.now(UTC).isoformat(), help="ISO 8601, or `newest` for the newest event"
    )
    given = parser.parse_args(args)
    with batch_job(settings()) as stores:
        spark = spark_session(settings())
        if given.as_of == "newest":
            as_of = newest_event(read(spark, given.lake, TIMELINE)) or datetime.now(UTC)
        else:
            as_of = parse_instant(given.as_of, "iso")
        with migrated(stores.database_url) as engine, engine.connect() as connection:
            restricted = restricted_records(connection)
        print(json.dumps(features(spark, given.lake, as_of, restricted) | {"as_of": as_of.isoformat()}))


if __name__ == "__main__":
    main()
