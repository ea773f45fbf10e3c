"""Channel files -> bronze: every row is accepted, a duplicate, or in quarantine with its reason."""

import argparse
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
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

from consent.erasure.tombstones import ERASED, NOBODY, Tombstones
from consent.imports import check_import
from contracts.channel import Channel
from contracts.dates import parse_instant
from contracts.keyed import keyed
from contracts.loading import load_channels
from contracts.reading import RefusedRow
from contracts.settings import settings
from contracts.standard import check_row, consent_row
from spark_jobs.erased import erased_people, note_in_store
from spark_jobs.files import RawRow, read_rows
from spark_jobs.session import spark_session
from spark_jobs.tables import BRONZE, QUARANTINE, append, arrow_schema, read

PARSED = (
    "channel string, holds string, file string, batch_id string, row_number bigint, source_key string,"
    " content_hash string, payload string, reason string, header array<string>, raw binary"
)
KEY = ["channel", "source_key", "content_hash"]
CONTENT = ("source_key", "content_hash", "payload", "header", "raw")


class SourceError(ValueError):
    """The source folder can't be used; the message says what was expected there."""


@dataclass(frozen=True)
class SourceFile:
    """A file that a contract names; the batch is its name and content, so the same file is the same batch."""

    channel: str
    name: str
    url: str
    batch_id: str


def source_files(sources: str, channels: dict[str, Channel]) -> list[SourceFile]:
    """Every file under the source folder that a contract names."""
    filesystem, root = fsspec.core.url_to_fs(sources)
    if not filesystem.isdir(root):
        raise SourceError(f"expected a folder of channel files at {sources}, found none; set SOURCES to one")
    found = []
    for channel, contract in sorted(channels.items()):
        for file in sorted(filesystem.glob(f"{root}/{contract.files}")):
            name = file.removeprefix(root).lstrip("/")
            digest = hashlib.blake2b(digest_size=32)
            with filesystem.open(file, "rb") as stream:
                while chunk := stream.read(1 << 20):
                    digest.update(chunk)
            # It stays in the rows of others when somebody who was in the file is erased.
            batch_id = keyed("batch", channel, name, digest.hexdigest(), size=16)
            found.append(SourceFile(channel, name, filesystem.unstrip_protocol(file), batch_id))
    return found


def parsed_row(contract: Channel, row: RawRow, received_at: datetime, erased: Tombstones = NOBODY) -> dict[str, Any]:
    """A raw row with its key and content hash, or with the reason for its quarantine; nothing of an erased person's."""
    if erased.cover_row(contract, row.payload, row.raw):
        return dict.fromkeys(CONTENT) | {
            "channel": contract.channel,
            "holds": contract.holds[0],
            "row_number": row.number,
            "reason": ERASED,
        }
    reason, key = row.reason, None
    if row.payload is not None:
        try:
            key = check_row(contract, row.payload, received_at)
            if "consent" in contract.holds:
                check_import(contract, consent_row(contract, row.payload))
        except RefusedRow as refusal:
            reason = str(refusal)
    payload = None if row.payload is None else json.dumps(row.payload, ensure_ascii=False, sort_keys=True)
    content = row.raw if payload is None else payload.encode()
    return {
        "channel": contract.channel,
        "holds": contract.holds[0],
        "row_number": row.number,
        "source_key": key,
        "content_hash": hashlib.blake2b(content, digest_size=16).hexdigest(),
        "payload": None if reason else payload,
        "reason": reason,
        "header": row.header if reason or row.number == 0 else None,
        "raw": row.raw if reason else None,
    }


def parse_files(
    spark: SparkSession,
    files: list[SourceFile],
    channels: dict[str, Channel],
    received_at: datetime,
    erased: Tombstones,
) -> DataFrame:
    """Every row of every file, files in parallel; row 0 of a file holds the columns that it has."""

    arrow = arrow_schema(PARSED)

    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for file in batch.to_pylist():
                contract = channels[file["channel"]]
                origin = {"file": file["name"], "batch_id": file["batch_id"]}
                with fsspec.open(file["url"], "rb") as stream:
                    rows = (
                        parsed_row(contract, row, received_at, erased) | origin for row in read_rows(stream, contract)
                    )
                    while some := list(islice(rows, 2_000)):
                        yield pa.RecordBatch.from_pylist(some, schema=arrow)

    schema = "channel string, name string, url string, batch_id string"
    listed = spark.createDataFrame([(f.channel, f.name, f.url, f.batch_id) for f in files], schema)
    return listed.repartition(max(1, len(files))).mapInArrow(parse, PARSED)


def classify(rows: DataFrame, known: DataFrame) -> DataFrame:
    """Adds `outcome`: quarantined with a reason, duplicate of a known row or of an earlier one, or accepted."""
    first = Window.partitionBy(*KEY, F.col("reason").isNull()).orderBy("file", "row_number")
    seen = known.select(*KEY).distinct().withColumn("_known", F.lit(True))
    ranked = rows.withColumn("_rank", F.row_number().over(first)).join(seen, KEY, "left")
    outcome = F.when(F.col("reason").isNotNull(), "quarantined")
    outcome = outcome.when(F.col("_known") | (F.col("_rank") > 1), "duplicate").otherwise("accepted")
    return ranked.withColumn("outcome", outcome).drop("_rank", "_known")


def quarantine_rows(rows: DataFrame, received_at: datetime) -> DataFrame:
    """Refused rows as they are kept: what arrived, why not, and the header to read it under at a replay."""
    refused = rows.where("outcome = 'quarantined'").where(F.col("reason") != ERASED)
    place = F.concat_ws("\x1f", "channel", "file", F.col("row_number").cast("string"), "content_hash")
    return refused.withColumns(
        {
            "quarantine_id": F.md5(place),
            "received_at": F.lit(received_at),
            "replayed_at": F.lit(None).cast("timestamp"),
        }
    )


def report(channels: dict[str, Channel], rows: DataFrame, columns: DataFrame, parsed: DataFrame) -> dict[str, Any]:
    """Per channel: received = accepted + duplicate + quarantined (asserted per batch), reasons, changed columns."""
    received = {row.batch_id: row["count"] for row in parsed.groupBy("batch_id").count().collect()}
    sorted_out: dict[str, int] = dict.fromkeys(received, 0)
    found: dict[str, Any] = {
        name: {"received": 0, "accepted": 0, "duplicate": 0, "quarantined": 0, "reasons": {}, "files": 0}
        for name in sorted(channels)
    }
    for row in rows.groupBy("channel", "batch_id", "outcome", "reason").count().collect():
        channel, count = found[row.channel], row["count"]
        sorted_out[row.batch_id] += count
        channel["received"] += count
        channel[row.outcome] += count
        if row.reason:
            channel["reasons"][row.reason] = channel["reasons"].get(row.reason, 0) + count
    for batch, count in received.items():
        if sorted_out[batch] != count:
            raise AssertionError(f"batch {batch}: expected {count} rows sorted out, found {sorted_out[batch]}")
    for row in columns.collect():
        channel, contract = found[row.channel], channels[row.channel]
        channel["files"] += 1
        extra = sorted(set(row.header) - set(contract.columns))
        missing = sorted(set(contract.columns) - set(row.header)) if row.header else []
        channel["extra_columns"] = sorted({*channel.get("extra_columns", []), *extra})
        channel["missing_columns"] = sorted({*channel.get("missing_columns", []), *missing})
    return found


def keep_accepted(spark: SparkSession, lake: str, rows: DataFrame, received_at: datetime) -> int:
    """Appends the accepted rows to bronze and tells how many they were."""
    accepted = rows.where("outcome = 'accepted'").withColumn("received_at", F.lit(received_at))
    counts = {row.holds: row["count"] for row in accepted.groupBy("holds").count().collect()}
    for holds in counts:
        append(spark, lake, BRONZE[holds], accepted.where(F.col("holds") == holds))
    return sum(counts.values())


def known_keys(spark: SparkSession, lake: str) -> DataFrame:
    """The key of every row that bronze holds."""
    records, events, consents = (read(spark, lake, table).select(*KEY) for table in BRONZE.values())
    return records.union(events).union(consents)


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
    files = source_files(sources, channels)
    everything = parse_files(spark, files, channels, received_at, erased).persist(StorageLevel.DISK_ONLY)
    parsed, columns = everything.where("row_number > 0"), everything.where("row_number = 0")
    rows = classify(parsed, known_keys(spark, lake)).persist(StorageLevel.DISK_ONLY)
    found = report(channels, rows, columns, parsed)
    changed = 0
    if any(channel["accepted"] for channel in found.values()):
        changed += keep_accepted(spark, lake, rows, received_at)
    if any(channel["quarantined"] for channel in found.values()):
        kept = read(spark, lake, QUARANTINE).select("quarantine_id")
        refused = quarantine_rows(rows, received_at).join(kept, "quarantine_id", "left_anti").persist()
        if fresh := refused.count():
            append(spark, lake, QUARANTINE, refused)
            changed += fresh
        refused.unpersist()
    rows.unpersist()
    everything.unpersist()
    return {"channels": found, "rows_changed": changed}


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", required=True, help="folder or URI of the channel files")
    parser.add_argument("--contracts", required=True, type=Path, help="folder of the channel contracts")
    parser.add_argument("--lake", default=settings().lake_uri)
    parser.add_argument("--received-at", type=lambda text: parse_instant(text, "iso"), default=datetime.now(UTC))
    given = parser.parse_args(args)
    spark = spark_session(settings())
    channels = load_channels(given.contracts)
    erased = erased_people(spark, given.lake, settings(), channels, given.received_at)
    done = ingest(spark, given.lake, given.sources, channels, given.received_at, erased)
    done["left_out"] = note_in_store(settings(), done["channels"], given.received_at)
    print(json.dumps(done, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
