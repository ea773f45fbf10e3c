"""Raw rows that sources have deleted but bronze still has: they belong to the person whom they name."""

import json
from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from consent.tombstones.naming import named_in_row
from contracts.channel import Channel
from erasure.lake.rows import keyed, keys_where
from erasure.people.subject import Subject
from lake.tables import BRONZE, EVENTS, RECORDS, read

_MADE = {"person": (RECORDS, "record_id"), "event": (EVENTS, "event_id")}


def deleted_rows(spark: SparkSession, lake: str, holds: str, channels: Mapping[str, Channel]) -> DataFrame:
    """Raw rows of which silver has nothing any more, with the `id` that it had there."""
    names = [name for name, one in channels.items() if one.can_delete]
    table, key = _MADE[holds]
    made = read(spark, lake, table).where(F.col("channel").isin(*names)).select(F.col(key).alias("id"))
    rows = read(spark, lake, BRONZE[holds]).where(F.col("channel").isin(*names))
    return rows.withColumn("id", F.concat_ws(":", "channel", "source_key")).join(made, "id", "left_anti")


def deleted_of(
    spark: SparkSession, lake: str, subject: Subject, channels: Mapping[str, Channel]
) -> list[dict[str, Any]]:
    """Adds deleted records and events that name a subject with known identifiers; returns these."""
    if not any(one.can_delete for one in channels.values()):
        return []
    contracts, wanted, said = dict(channels), frozenset(subject.identifiers), []

    def theirs(row: Mapping[str, Any]) -> bool:
        return not wanted.isdisjoint(named_in_row(contracts[row["channel"]], json.loads(row["payload"]))[0])

    for holds, ids in (("person", subject.records), ("event", subject.events)):
        rows = deleted_rows(spark, lake, holds, channels)
        found = keys_where(rows.select("id", "channel", "payload"), "id", theirs)
        ids |= found
        of_them = rows.join(F.broadcast(keyed(spark, ["id"], [(one,) for one in found])), "id", "left_semi")
        said += [json.loads(row.payload) for row in of_them.select("payload").collect()]
    return said
