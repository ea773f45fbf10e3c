"""Finds the lake's rows of erased people by their tombstones, as a restored backup brought them back."""

import json
from collections.abc import Mapping
from typing import Any

from pyspark.sql import SparkSession

from consent.tombstones.digests import Tombstones
from contracts.channel import Channel
from contracts.identifiers import Identifier, of_persons
from erasure.lake.rows import keys_where
from lake.tables import BRONZE, Table, read


def covered_rows(spark: SparkSession, lake: str, table: Table, tombstones: Tombstones) -> set[str]:
    """The keys of rows that carry an erased identifier, or are of an erased record.

    A browser's id counts only where nothing else says whose a row is: somebody else may use the browser now.
    """

    def theirs(row: Mapping[str, Any]) -> bool:
        carried = row.get("identifiers") or [{"kind": row.get("identifier_kind"), "value": row.get("identifier")}]
        found = [Identifier(one["kind"], one["value"]) for one in carried if one["kind"]]
        if row.get("record_id"):
            return tombstones.cover(of_persons(found), [row["record_id"]])
        return tombstones.cover(of_persons(found) or found)

    columns = {"identifiers", "identifier_kind", "identifier", "record_id"} & set(table.struct.names)
    rows = read(spark, lake, table).select(table.key[0], *sorted(columns - {table.key[0]}))
    return keys_where(rows, table.key[0], theirs)


def covered_raw_rows(
    spark: SparkSession, lake: str, holds: str, tombstones: Tombstones, channels: Mapping[str, Channel]
) -> set[str]:
    """The ids of their raw rows, in every version."""

    def theirs(row: Mapping[str, Any]) -> bool:
        contract = channels.get(row["channel"])
        if contract is None:
            return tombstones.cover_raw(None, row["channel"], row["payload"].encode())
        return tombstones.cover_row(contract, json.loads(row["payload"]))

    key = "source_key" if holds == "consent" else "concat(channel, ':', source_key)"
    rows = read(spark, lake, BRONZE[holds]).selectExpr(f"{key} AS id", "channel", "payload")
    return keys_where(rows, "id", theirs)
