"""Channel files -> bronze: every row is accepted, a duplicate, or in quarantine with its reason."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import astuple
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from channel_files.folder import SourceFile, source_files, unnamed_files
from channel_files.rows import RawRow, read_rows
from channel_files.versions import GONE
from consent.imports import COMMON_KINDS, Kinds, accepted_key, known_kinds
from consent.tombstones.digests import ERASED, NOBODY, Tombstones
from contracts.channel import Channel
from contracts.content import hash_of, payload_text
from contracts.dates import parse_instant
from contracts.loading import load_channels
from contracts.reading import RefusedRow
from contracts.settings import settings
from contracts.sources import load_sources
from erasure.erased_people import ask_for_key, erased_people, note_in_store
from lake.session import spark_session
from lake.tables import BRONZE, QUARANTINE, append, arrow_schema, read
from spark_jobs.deliveries import delete_missing, received, remember
from spark_jobs.ingest_report import report
from stores.taking_turns import batch_job

PARSED = (
    "channel string, holds string, file string, batch_id string, received_at timestamp, is_known boolean,"
    " row_number bigint, source_key string, content_hash string, payload string, reason string, header array<string>,"
    " raw binary"
)

KEY = ["channel", "source_key"]
CONTENT = ("source_key", "content_hash", "payload", "header", "raw")


def parsed_row(
    contract: Channel,
    row: RawRow,
    received_at: datetime,
    erased: Tombstones = NOBODY,
    kinds: Kinds = COMMON_KINDS,
) -> dict[str, Any]:
    """A raw row with its key and content hash, or with the reason for its quarantine; nothing of an erased person's."""
    if erased.cover_row(contract, row.payload, row.raw):
        return _erased(contract, row)
    reason, key = row.reason, None
    if row.payload is not None:
        try:
            key = accepted_key(contract, row.payload, received_at, kinds)
        except RefusedRow as refusal:
            reason = str(refusal)
    if reason and erased.cover_refused(contract.channel, row.raw):
        return _erased(contract, row)
    payload = None if row.payload is None else payload_text(row.payload)
    content = row.raw if payload is None else payload.encode()
    return {
        "channel": contract.channel,
        "holds": contract.holds[0],
        "row_number": row.number,
        "source_key": key,
        "content_hash": hash_of(content),
        "payload": None if reason else payload,
        "reason": reason,
        "header": row.header if reason or row.number == 0 else None,
        "raw": row.raw if reason else None,
    }


def _erased(contract: Channel, row: RawRow) -> dict[str, Any]:
    counted = {"channel": contract.channel, "holds": contract.holds[0], "row_number": row.number, "reason": ERASED}
    return dict.fromkeys(CONTENT) | counted


def parse_files(
    spark: SparkSession,
    files: list[SourceFile],
    channels: dict[str, Channel],
    erased: Tombstones,
    kinds: Kinds,
) -> DataFrame:
    """Every row of every file, files in parallel; row 0 of a file holds the columns that it has."""

    arrow = arrow_schema(PARSED)

    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for file in batch.to_pylist():
                contract = channels[file["channel"]]
                received_at = file["received_at"]
                origin = {"file": file["name"]} | {name: file[name] for name in ("batch_id", "received_at", "is_known")}
                with fsspec.open(file["url"], "rb") as stream:
                    rows = (
                        parsed_row(contract, row, received_at, erased, kinds) | origin
                        for row in read_rows(stream, contract)
                    )
                    while some := list(islice(rows, 2_000)):
                        yield pa.RecordBatch.from_pylist(some, schema=arrow)

    schema = "channel string, name string, url string, batch_id string, received_at timestamp, is_known boolean"
    listed = spark.createDataFrame([astuple(file) for file in files], schema)
    return listed.repartition(max(1, len(files))).mapInArrow(parse, PARSED)


def classify(rows: DataFrame, known: DataFrame) -> DataFrame:
    """Adds `outcome`: quarantined with a reason, duplicate of its key's last row, or accepted.

    A value that changes back is accepted. Rows of an unchanged file are always duplicates, even if the source has
    deleted them since and they are not kept any more.
    """
    in_turn = Window.partitionBy(*KEY, "is_known", F.col("reason").isNull()).orderBy(
        "received_at", "file", "row_number"
    )
    compared = rows.withColumn("_before", F.lag("content_hash").over(in_turn)).join(known, KEY, "left")
    own = F.col("content_hash")
    known_content = F.coalesce(F.array_contains("_held", own), F.lit(False))
    gone = F.coalesce((F.col("_last") == GONE) & (F.col("received_at") <= F.col("_last_at")), F.lit(False))
    repeated = F.coalesce(F.coalesce("_before", "_last") == own, F.lit(False))
    again = repeated | (F.col("is_known") & (known_content | gone))
    outcome = F.when(F.col("reason").isNotNull(), "quarantined").when(again, "duplicate").otherwise("accepted")
    return compared.withColumn("outcome", outcome).drop("_before", "_last", "_last_at", "_held")


def quarantine_rows(rows: DataFrame) -> DataFrame:
    """Refused rows as they are kept: what arrived, why not, and the header to read it under at a replay."""
    refused = rows.where("outcome = 'quarantined'").where(F.col("reason") != ERASED)
    place = F.concat_ws("\x1f", "channel", "file", F.col("row_number").cast("string"), "content_hash")
    return refused.withColumns(
        {
            "quarantine_id": F.md5(place),
            "replayed_at": F.lit(None).cast("timestamp"),
        }
    )


def keep_accepted(spark: SparkSession, lake: str, rows: DataFrame) -> int:
    """Appends the accepted rows to bronze, as of their delivery, and tells how many they were."""
    accepted = rows.where("outcome = 'accepted'")
    counts = {row.holds: row["count"] for row in accepted.groupBy("holds").count().collect()}
    for holds in counts:
        append(spark, lake, BRONZE[holds], accepted.where(F.col("holds") == holds))
    return sum(counts.values())


def known_keys(spark: SparkSession, lake: str) -> DataFrame:
    """Every key in bronze, with the content hash of its last row (`_last`), its time (`_last_at`), and all hashes
    (`_held`)."""
    columns = [*KEY, "content_hash", "received_at", "row_number"]
    records, events, consents = (read(spark, lake, table).select(*columns) for table in BRONZE.values())
    last = F.max_by("content_hash", F.struct("received_at", "row_number")).alias("_last")
    held = F.collect_set("content_hash").alias("_held")
    told = records.union(events).union(consents).groupBy(*KEY)
    return told.agg(last, F.max("received_at").alias("_last_at"), held)


def ingest(
    spark: SparkSession,
    lake: str,
    sources: str,
    channels: dict[str, Channel],
    received_at: datetime,
    erased: Tombstones = NOBODY,
) -> dict[str, Any]:
    """Takes in what is new under the source folder and tells what became of every row.

    Rows of erased people are counted, and not kept.
    """
    files = received(spark, lake, source_files(sources, channels), received_at)
    kinds = known_kinds([*channels.values(), *load_sources(settings()).channels().values()])
    everything = parse_files(spark, files, channels, erased, kinds).persist(StorageLevel.DISK_ONLY)
    parsed, columns = everything.where("row_number > 0"), everything.where("row_number = 0")
    rows = classify(parsed, known_keys(spark, lake)).persist(StorageLevel.DISK_ONLY)
    found = report(channels, files, rows, columns, parsed)
    changed = 0
    if any(channel["accepted"] for channel in found.values()):
        changed += keep_accepted(spark, lake, rows)
    if any(channel["quarantined"] for channel in found.values()):
        kept = read(spark, lake, QUARANTINE).select("quarantine_id")
        refused = quarantine_rows(rows).join(kept, "quarantine_id", "left_anti").persist()
        if fresh := refused.count():
            append(spark, lake, QUARANTINE, refused)
            changed += fresh
        refused.unpersist()
    changed += delete_missing(spark, lake, files, channels, rows, found)
    remember(spark, lake, files)
    rows.unpersist()
    everything.unpersist()
    return {"channels": found, "unnamed_files": unnamed_files(sources, files), "rows_changed": changed}


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", required=True, help="folder or URI of the channel files")
    parser.add_argument("--contracts", required=True, type=Path, help="folder of the channel contracts")
    parser.add_argument("--lake", default=settings().lake_uri)
    parser.add_argument("--received-at", type=lambda text: parse_instant(text, "iso"), default=datetime.now(UTC))
    given = parser.parse_args(args)
    ask_for_key(settings())
    with batch_job(settings()):
        spark = spark_session(settings())
        channels = load_channels(given.contracts)
        erased = erased_people(spark, given.lake, settings(), channels, given.received_at)
        done = ingest(spark, given.lake, given.sources, channels, given.received_at, erased)
        done["left_out"] = note_in_store(settings(), done["channels"], given.received_at)
        print(json.dumps(done, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
