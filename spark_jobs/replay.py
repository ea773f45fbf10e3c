"""Quarantine -> bronze: reads refused rows again, under the contracts as they are now."""

import argparse
import json
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from channel_files.rows import reread
from consent.imports import known_kinds
from consent.tombstones.digests import NOBODY, Tombstones
from contracts.channel import Channel
from contracts.dates import parse_instant
from contracts.loading import load_channels
from contracts.settings import settings
from contracts.sources import load_sources
from erasure.erased_people import erased_people
from lake.session import spark_session
from lake.tables import QUARANTINE, arrow_schema, read, write_changes
from spark_jobs.ingest import PARSED, classify, keep_accepted, known_keys, parsed_row


def replay(
    spark: SparkSession,
    lake: str,
    channels: dict[str, Channel],
    now: datetime,
    erased: Tombstones = NOBODY,
    looked_at: Collection[str] = (),
) -> dict[str, int]:
    """Accepts what can be read now; the rest stays in quarantine with its newest reason.

    Of channels that somebody has `looked_at`, the rest is settled as well: it is kept, and stands for nobody's refusal.
    """
    waiting = read(spark, lake, QUARANTINE).where("replayed_at is null").where(F.col("channel").isin(*channels))
    kinds = known_kinds([*channels.values(), *load_sources(settings()).channels().values()])
    ddl = PARSED + ", quarantine_id string"
    arrow = arrow_schema(ddl)

    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows: list[dict[str, Any]] = []
            for kept in batch.to_pylist():
                contract = channels[kept["channel"]]
                row = reread(contract, kept["row_number"], kept["raw"], kept["header"])
                origin = {key: kept[key] for key in ("file", "batch_id", "received_at", "quarantine_id")}
                # It was delivered when it was: what came after it is newer.
                rows.append(parsed_row(contract, row, kept["received_at"], erased, kinds) | origin | {"is_known": True})
            yield pa.RecordBatch.from_pylist(rows, schema=arrow)

    rows = classify(waiting.mapInArrow(parse, ddl), known_keys(spark, lake)).persist(StorageLevel.DISK_ONLY)
    counts = {row.outcome: row["count"] for row in rows.groupBy("outcome").count().collect()}
    keep_accepted(spark, lake, rows)
    outcome = rows.select("quarantine_id", F.col("reason").alias("newest_reason"), "outcome")
    is_settled = (F.col("outcome") != "quarantined") | F.col("channel").isin(*looked_at)
    settled = F.when(is_settled, F.lit(now))
    updated = waiting.join(outcome, "quarantine_id").withColumn("replayed_at", settled)
    write_changes(spark, lake, QUARANTINE, updated.withColumn("reason", F.coalesce("newest_reason", "reason")))
    rows.unpersist()
    return {outcome: counts.get(outcome, 0) for outcome in ("accepted", "duplicate", "quarantined")}


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contracts", required=True, type=Path, help="folder of the channel contracts")
    parser.add_argument("--lake", default=settings().lake_uri)
    parser.add_argument("--now", type=lambda text: parse_instant(text, "iso"), default=datetime.now(UTC))
    parser.add_argument(
        "--looked-at",
        nargs="*",
        default=[],
        metavar="CHANNEL",
        help="channels that somebody has looked at: what still can't be read there stands for no refusal any more",
    )
    given = parser.parse_args(args)
    spark = spark_session(settings())
    channels = load_channels(given.contracts)
    erased = erased_people(spark, given.lake, settings(), channels, given.now)
    print(json.dumps(replay(spark, given.lake, channels, given.now, erased, given.looked_at)))


if __name__ == "__main__":
    main()
