"""The deliveries of files in their order, and the keys that a full delivery deletes by omission."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from channel_files.folder import SourceFile
from channel_files.versions import GONE
from consent.tombstones.digests import ERASED
from contracts.channel import Channel
from lake import local_tables
from lake.tables import BRONZE, DELIVERIES, append, arrow_schema, read


def received(spark: SparkSession, lake: str, files: Iterable[SourceFile], received_at: datetime) -> list[SourceFile]:
    """The files with the time of their delivery.

    An unchanged file is not a new delivery; a file that changes back to an earlier content is.
    """
    last: dict[tuple[str, str], Any] = {}
    for row in sorted(local_tables.rows(spark, lake, DELIVERIES), key=lambda one: one["received_at"]):
        last[row["channel"], row["file"]] = row
    found = []
    for at, file in enumerate(files):
        came = last.get((file.channel, file.name))
        if came is not None and came["batch_id"] == file.batch_id:
            found.append(replace(file, received_at=came["received_at"], is_known=True))
        else:
            found.append(replace(file, received_at=received_at + timedelta(microseconds=at)))
    return found


def remember(spark: SparkSession, lake: str, files: Iterable[SourceFile]) -> None:
    """Keeps which files came; call it after their rows are kept."""
    new = [(one.batch_id, one.channel, one.name, one.received_at) for one in files if not one.is_known]
    if new and local_tables.is_local(lake):
        names = DELIVERIES.struct.fieldNames()
        rows = [dict(zip(names, one, strict=True)) for one in new]
        local_tables.append(lake, DELIVERIES, pa.Table.from_pylist(rows, schema=arrow_schema(DELIVERIES.schema)))
    elif new:
        append(spark, lake, DELIVERIES, spark.createDataFrame(new, DELIVERIES.struct))


def delete_missing(
    spark: SparkSession,
    lake: str,
    files: list[SourceFile],
    channels: Mapping[str, Channel],
    rows: DataFrame,
    found: Mapping[str, Any],
) -> int:
    """Marks as gone, in bronze, the keys that the newest full delivery of a channel lacks; tells how many in `found`.

    A file with rows that could not be read deletes nobody: who is missing may be among them. Neither does one that
    would delete more than the contract's share.
    """
    changed = 0
    newest = {one.channel: one for one in sorted(files, key=_when)}
    for channel, file in newest.items():
        contract = channels[channel]
        if contract.delivery != "full" or _is_older(spark, lake, file):
            continue
        own = rows.where(F.col("batch_id") == file.batch_id)
        unread = own.where(F.col("reason").isNotNull() & (F.col("reason") != ERASED)).count()
        holding = BRONZE[contract.holds[0]]
        live = _live(read(spark, lake, holding).where(F.col("channel") == channel))
        missing = live.join(own.select("source_key").distinct(), "source_key", "left_anti").localCheckpoint()
        gone, all_of_them = missing.count(), live.count()
        if not gone:
            continue
        if problem := _problem(contract, gone, all_of_them, unread):
            found[channel]["kept"] = f"{gone} of {all_of_them} keys are missing from {file.name}, and kept: {problem}"
            continue
        marks = {
            "channel": F.lit(channel),
            "content_hash": F.lit(GONE),
            "payload": F.lit("{}"),
            "file": F.lit(file.name),
            "row_number": F.lit(0).cast("bigint"),
            "batch_id": F.lit(file.batch_id),
            "received_at": F.lit(file.received_at),
        }
        append(spark, lake, holding, missing.withColumns(marks))
        found[channel]["gone"] = gone
        changed += gone
    return changed


def _when(file: SourceFile) -> datetime:
    assert file.received_at is not None
    return file.received_at


def _is_older(spark: SparkSession, lake: str, file: SourceFile) -> bool:
    of_channel = [one for one in local_tables.rows(spark, lake, DELIVERIES) if one["channel"] == file.channel]
    return any(one["received_at"] > _when(file) for one in of_channel)


def _live(rows: DataFrame) -> DataFrame:
    newest = F.max_by("content_hash", F.struct("received_at", "row_number")).alias("newest")
    return rows.groupBy("source_key").agg(newest).where(F.col("newest") != GONE).select("source_key")


def _problem(contract: Channel, gone: int, all_of_them: int, unread: int) -> str | None:
    if unread:
        return f"{unread} rows of it could not be read; mend them and deliver it again"
    if gone > contract.may_go * all_of_them:
        return f"expected at most {contract.may_go:.0%} of them (`may_go`); raise it for this delivery if it is right"
    return None
