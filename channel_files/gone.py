"""Which keys of raw rows their source has deleted, and the id that a key has in silver."""

import json
from collections.abc import Iterator, Mapping

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from channel_files.versions import VERSION, Version, is_gone
from consent.tombstones.digests import NOBODY, Tombstones
from contracts.channel import Channel
from lake.tables import EVENTS, Table


def id_of_row() -> Column:
    """The id that a row of bronze has in silver."""
    return F.concat_ws(":", "channel", "source_key")


def id_in(table: Table) -> Column:
    """The id by which a silver row refers to its key: for an event in a person's row, that row's."""
    return F.coalesce("record_id", "event_id") if table is EVENTS else F.col(table.key[0])


def keys_that_are_gone(rows: DataFrame, channels: Mapping[str, Channel], erased: Tombstones = NOBODY) -> DataFrame:
    """The keys that their source has deleted, by channel, key and `_of`; `rows` are all raw rows that came under each.

    Of a channel without a contract, those that a later delivery lacked.
    """
    contracts = dict(channels)
    schema = pa.schema([(name, pa.string()) for name in ("channel", "source_key", "_of")])

    def find(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            found = []
            for key in batch.to_pylist():
                contract = contracts.get(key["channel"])
                versions = [Version(**one | {"payload": json.loads(one["payload"])}) for one in key["versions"]]
                if contract is not None:
                    versions = [one for one in versions if not erased.cover_row(contract, one.payload)]
                if is_gone(contract, versions):
                    found.append({name: key[name] for name in schema.names})
            yield pa.RecordBatch.from_pylist(found, schema=schema)

    keys = rows.groupBy("channel", "source_key").agg(F.collect_list(F.struct(*VERSION)).alias("versions"))
    found = keys.withColumn("_of", id_of_row()).mapInArrow(find, "channel string, source_key string, _of string")
    return found.localCheckpoint()
