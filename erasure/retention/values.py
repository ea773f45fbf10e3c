"""Values of categories that end before their person, such as a national id of somebody whose invoices are still kept.

They are taken out of what everything else is made from: raw rows, live records and rectifications. The batch then makes
the rest anew (`spark_jobs.retention`).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from channel_files.versions import GONE, Version, keeps_contract
from contracts.categories import Category
from contracts.channel import Channel
from contracts.content import payload_text
from contracts.without import without
from erasure.journal import NotErasable
from erasure.operational.live import visitors_of
from erasure.people.subject import source_keys
from lake.tables import BRONZE, arrow_schema, exists, path, read
from read_model.live.live_records import without_categories
from stores.schema import live_records, rectifications

RAW = BRONZE["person"]
EndedOf = Mapping[str, frozenset[Category]]
"""Record -> what of it has ended."""
_STRIPPED = "channel string, source_key string, content_hash string, payload string, changes boolean, is_read boolean"


def count(
    spark: SparkSession, lake: str, connection: Connection, contracts: Mapping[str, Channel], of: EndedOf
) -> dict[str, int]:
    """How many rows say something that has ended, by table."""
    found = {
        RAW.name: _raw(spark, lake, contracts, of).count() if of else 0,
        live_records.name: sum(1 for _ in _live(connection, contracts, of)),
        rectifications.name: sum(_rectified(connection, which) for which in _by_categories(of)),
    }
    return {name: number for name, number in found.items() if number}


def take_out_of_serving(connection: Connection, contracts: Mapping[str, Channel], of: EndedOf) -> None:
    """Takes it out of live records and rectifications; the caller keeps the projector out meanwhile."""
    for record_id, payload in list(_live(connection, contracts, of)):
        newer = func.nextval("inbox_order")  # so that the lake takes it in
        changed = update(live_records).where(live_records.c.record_id == record_id)
        connection.execute(changed.values(payload=payload, sequence=newer))
    for which in _by_categories(of):
        connection.execute(delete(rectifications).where(which))


def take_out_of_raw(spark: SparkSession, lake: str, contracts: Mapping[str, Channel], of: EndedOf) -> None:
    """Takes it out of raw rows."""
    if of and exists(spark, lake, RAW):
        rows = _raw(spark, lake, contracts, of).localCheckpoint().alias("s")
        on = " AND ".join(f"t.{column} = s.{column}" for column in RAW.key)
        merging = DeltaTable.forPath(spark, path(lake, RAW)).alias("t").merge(rows, on)
        merging.whenMatchedUpdate(set={"payload": "s.payload"}).execute()


def _raw(spark: SparkSession, lake: str, contracts: Mapping[str, Channel], of: EndedOf) -> DataFrame:
    """The raw rows that say something, as they are to be.

    Raises NotErasable where a contract is missing, or refuses by now all rows of a key: its record would stay as it is.
    """
    named = sorted((channel, key, _words(of[f"{channel}:{key}"])) for channel, key in source_keys(of))
    wanted = spark.createDataFrame(named, "channel string, source_key string, categories string")
    rows = read(spark, lake, RAW).where(F.col("content_hash") != GONE)
    rows = rows.join(F.broadcast(wanted), ["channel", "source_key"])
    there = {row.channel for row in rows.select("channel").distinct().collect()}
    if unknown := sorted(there - contracts.keys()):
        raise NotErasable(_missing(unknown))
    shipped = {channel: contracts[channel] for channel in there}
    schema = arrow_schema(_STRIPPED)

    def stripped(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            found = []
            for row in batch.to_pylist():
                contract, payload = shipped[row["channel"]], json.loads(row["payload"])
                new = without(contract, payload, _categories(row["categories"]))
                is_read = keeps_contract(contract, Version(new, row["content_hash"], row["received_at"], 0))
                found.append({**row, "payload": payload_text(new), "changes": new != payload, "is_read": is_read})
            yield pa.RecordBatch.from_pylist(found, schema=schema)

    done = rows.select(*RAW.key, "payload", "received_at", "categories").mapInArrow(stripped, _STRIPPED)
    keys = done.groupBy("channel", "source_key").agg(
        F.max("changes").alias("changes"), F.max("is_read").alias("is_read")
    )
    stuck = {row.channel for row in keys.where("changes AND NOT is_read").select("channel").distinct().collect()}
    if stuck:
        raise NotErasable(
            f"expected contracts that read the rows they took in, found that of {', '.join(sorted(stuck))} refuses some"
            " by now, so that their records would stay as they are; mend it, and start again"
        )
    return done.where("changes").select(*RAW.key, "payload").distinct()


def _missing(channels: list[str]) -> str:
    return (
        f"expected the contracts of all channels, found none of {', '.join(channels)}: it says which columns have"
        " ended; add it to the folder of contracts, or name the live source in OCV_SOURCES_FILE"
    )


def _live(
    connection: Connection, contracts: Mapping[str, Channel], of: EndedOf
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The live records that say something, as they are to be; visitors end with the user who took them along."""
    ended = dict(of)
    for categories in sorted(set(of.values()), key=sorted):
        their = {record_id for record_id, one in of.items() if one == categories}
        ended |= dict.fromkeys(visitors_of(connection, their) - of.keys(), categories)
    columns = live_records.c
    rows = select(columns.record_id, columns.source, columns.payload).where(columns.record_id.in_(sorted(ended)))
    for row in connection.execute(rows.order_by(columns.record_id)).all():
        if row.source not in contracts:
            raise NotErasable(_missing([row.source]))
        payload = without_categories(contracts[row.source], row.payload, ended[row.record_id])
        if payload != row.payload:
            yield row.record_id, payload


def _by_categories(of: EndedOf) -> Iterator[ColumnElement[bool]]:
    """Conditions on the rectifications of the records that ended alike."""
    for categories in sorted(set(of.values()), key=sorted):
        records = sorted(record_id for record_id, one in of.items() if one == categories)
        columns = rectifications.c
        yield columns.record_id.in_(records) & columns.category.in_([*categories])


def _rectified(connection: Connection, which: ColumnElement[bool]) -> int:
    return int(connection.scalar(select(func.count()).select_from(rectifications).where(which)) or 0)


def _words(categories: frozenset[Category]) -> str:
    return " ".join(sorted(categories))


def _categories(words: str) -> frozenset[Category]:
    return frozenset(Category(word) for word in words.split())
