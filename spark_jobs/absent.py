"""Deletes from silver what a source has deleted, and with it from identity, profiles, features and serving."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from channel_files.gone import id_in, id_of_row, keys_that_are_gone
from consent.tombstones.digests import NOBODY, Tombstones
from contracts.channel import Channel
from lake.tables import Table, exists, path, read


@dataclass
class Absent:
    """By channel how many rows went, and how many stayed of which the contract refuses by now what the source said."""

    deleted: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)


def delete_absent(
    spark: SparkSession,
    lake: str,
    table: Table,
    bronze: DataFrame,
    rows: DataFrame,
    channels: Mapping[str, Channel],
    erased: Tombstones = NOBODY,
) -> Absent:
    """Deletes from a silver table what `rows` lacks of the keys of `bronze`, unless the contract refuses it by now.

    Only channels that can delete are looked at: those of full deliveries, and those with a tombstone column.
    """
    deleting = {name: one for name, one in channels.items() if one.can_delete}
    if not deleting or not exists(spark, lake, table):
        return Absent()
    looked_at = bronze.where(F.col("channel").isin(*deleting)).withColumn("_of", id_of_row())
    held = read(spark, lake, table).where(F.col("channel").isin(*deleting))
    key = table.key[0]
    held = held.withColumn("_of", id_in(table)).join(looked_at.select("_of").distinct(), "_of", "left_semi")
    missing = held.join(rows.select(key), key, "left_anti").select(key, "channel", "_of").localCheckpoint()
    if missing.isEmpty():
        return Absent()
    of_them = looked_at.join(missing.select("_of").distinct(), "_of", "left_semi")
    gone = keys_that_are_gone(of_them, deleting, erased).select("_of")
    going = missing.join(gone, "_of", "left_semi").localCheckpoint()
    merging = DeltaTable.forPath(spark, path(lake, table)).alias("t")
    merging.merge(going.select(key).alias("s"), f"t.{key} = s.{key}").whenMatchedDelete().execute()
    return Absent(_by_channel(going), _by_channel(missing.join(gone, "_of", "left_anti")))


def _by_channel(rows: DataFrame) -> dict[str, int]:
    return {row.channel: row["count"] for row in rows.groupBy("channel").count().collect()}
