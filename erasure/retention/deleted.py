"""Deletes raw rows that a source has deleted, once they are too old to show that a delivery was wrong.

A mark without content stays under the key, so that an old file in the folder does not bring it back.
"""

from collections.abc import Mapping
from datetime import datetime

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from channel_files.gone import id_in, id_of_row, keys_that_are_gone
from channel_files.versions import GONE
from contracts.channel import Channel
from erasure.retention.people import OnHold
from lake.tables import BRONZE, EVENTS, RECORDS, append, exists, path, read

NAME = "deleted_at_source"
"""Their name in periods.yml."""
KEY = ["channel", "source_key"]
_MADE = {"person": RECORDS, "event": EVENTS}


def count(spark: SparkSession, lake: str, channels: Mapping[str, Channel], held: OnHold, start: datetime) -> int:
    """How many rows are due: their source has deleted the key, and nothing came under it since `start`."""
    return sum(_due(spark, lake, holds, channels, held, start).count() for holds in _MADE)


def forget(
    spark: SparkSession, lake: str, channels: Mapping[str, Channel], held: OnHold, start: datetime
) -> dict[str, int]:
    """Deletes them."""
    found = 0
    for holds in _MADE:
        rows = _due(spark, lake, holds, channels, held, start).localCheckpoint()
        if not (own := rows.count()):
            continue
        found += own
        marks = rows.where("_newest != 'gone'").groupBy(*KEY).agg(F.max("_at").alias("received_at"))
        blank = {"content_hash": GONE, "payload": "{}", "file": "", "batch_id": "retention"}
        marks = marks.withColumns({name: F.lit(said) for name, said in blank.items()})
        append(spark, lake, BRONZE[holds], marks.withColumn("row_number", F.lit(0).cast("bigint")))
        keys = rows.select(*KEY).distinct().alias("s")
        merging = DeltaTable.forPath(spark, path(lake, BRONZE[holds])).alias("t")
        on = f"t.channel = s.channel AND t.source_key = s.source_key AND t.content_hash != '{GONE}'"
        merging.merge(keys, on).whenMatchedDelete().execute()
    return {NAME: found} if found else {}


def _due(
    spark: SparkSession, lake: str, holds: str, channels: Mapping[str, Channel], held: OnHold, start: datetime
) -> DataFrame:
    """The rows, with time and content hash of their key's last row (`_at`, `_newest`)."""
    table, made = BRONZE[holds], _MADE[holds]
    whole = read(spark, lake, table)
    if not exists(spark, lake, table):
        return whole.limit(0).withColumns({"_at": F.col("received_at"), "_newest": F.col("content_hash")})
    # Rows with consent decisions are the proof of these (Art. 7(1)), and stay until their person is erased.
    deciding = [name for name, one in channels.items() if one.tells_consents_of_its_rows]
    whole = whole.where(~F.col("channel").isin(*deciding)) if deciding else whole
    newest = F.max_by("content_hash", F.struct("received_at", "row_number")).alias("_newest")
    last = whole.groupBy(*KEY).agg(F.max("received_at").alias("_at"), newest)
    last = last.where(F.col("_at") <= F.lit(start)).withColumn("_of", id_of_row())
    in_use = read(spark, lake, made).select(id_in(made).alias("_of")).distinct()
    kept = spark.createDataFrame([(one,) for one in sorted(held.records)], "_of string")
    last = last.join(in_use, "_of", "left_anti").join(F.broadcast(kept), "_of", "left_anti").localCheckpoint()
    deleting = {name: one for name, one in channels.items() if one.can_delete}
    gone = keys_that_are_gone(whole.join(last.select(*KEY), KEY, "left_semi"), deleting)
    deleted = last.join(gone.select(*KEY), KEY, "left_semi").select(*KEY, "_at", "_newest")
    return whole.where(F.col("content_hash") != GONE).join(deleted, KEY)
