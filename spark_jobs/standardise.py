"""Bronze -> silver: the newest version of every source record, every event and every consent, in canonical form."""

import argparse
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from consent.erasure.tombstones import NOBODY, Tombstones
from contracts.channel import Channel
from contracts.loading import load_channels
from contracts.settings import settings
from contracts.sources import load_sources
from contracts.standard import consent_row, interaction_event, person_record
from spark_jobs.erased import erased_people
from spark_jobs.inbox import with_live
from spark_jobs.progress import progress, remember
from spark_jobs.session import spark_session
from spark_jobs.tables import (
    BRONZE,
    CONSENTS,
    EVENTS,
    RECORDS,
    Table,
    arrow_schema,
    changed_rows,
    read,
    versions,
    write_changes,
)

Standardiser = Callable[[Channel, dict[str, Any], datetime], dict[str, Any]]


def as_record(contract: Channel, payload: dict[str, Any], received_at: datetime) -> dict[str, Any]:
    return person_record(contract, payload, received_at).as_row()


def as_event(contract: Channel, payload: dict[str, Any], received_at: datetime) -> dict[str, Any]:
    return interaction_event(contract, payload).as_row()


def as_consent(contract: Channel, payload: dict[str, Any], received_at: datetime) -> dict[str, Any]:
    return consent_row(contract, payload).as_row()


def standardised(
    bronze: DataFrame,
    channels: dict[str, Channel],
    table: Table,
    standardiser: Standardiser,
    erased: Tombstones = NOBODY,
) -> DataFrame:
    """Raw payloads as rows of a silver table, with `_received` to order versions of the same key by.

    A restored backup may hold rows of erased people again; they go no further.
    """

    carried = ", _received timestamp, _row bigint"
    schema = arrow_schema(table.schema + carried)

    def standardise(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = []
            for raw in batch.to_pylist():
                contract, payload = channels[raw["channel"]], json.loads(raw["payload"])
                if erased.cover_row(contract, payload):
                    continue
                row = standardiser(contract, payload, raw["received_at"])
                came = {"content_hash": raw["content_hash"], "_received": raw["received_at"], "_row": raw["row_number"]}
                rows.append(row | came | {"categories": {}})
            yield pa.RecordBatch.from_pylist(rows, schema=schema)

    spread = bronze.where(F.col("channel").isin(*channels)).repartition(
        bronze.sparkSession.sparkContext.defaultParallelism
    )
    rows = spread.mapInArrow(standardise, table.schema + carried)
    return _labelled(rows, channels) if "categories" in table.struct.fieldNames() else rows


def _labelled(rows: DataFrame, channels: dict[str, Channel]) -> DataFrame:
    """The channels' categories, added by Spark: they are the same for every row of a channel."""
    of_channel = [
        part
        for contract in channels.values()
        for part in (
            F.lit(contract.channel),
            F.create_map(*[F.lit(text) for pair in contract.categories.items() for text in pair]),
        )
    ]
    return rows.withColumn("categories", F.create_map(*of_channel)[F.col("channel")])


def newest(rows: DataFrame, key: str, version: str) -> DataFrame:
    """One row a key: the highest version; of equal versions the one that came last."""
    order = Window.partitionBy(key).orderBy(F.desc(version), F.desc("_received"), F.desc("_row"), "content_hash")
    return rows.withColumn("_rank", F.row_number().over(order)).where("_rank = 1").drop("_rank")


def standardise(
    spark: SparkSession, lake: str, channels: dict[str, Channel], erased: Tombstones = NOBODY
) -> dict[str, Any]:
    """Brings the silver tables up to date with the bronze rows that came since the last run."""
    sources = versions(spark, lake, list(BRONZE.values()))
    done = progress(spark, lake, "standardise")
    changed = 0
    unreadable: dict[str, dict[str, int]] = {}
    steps: list[tuple[Table, Standardiser, str, str, tuple[str, ...]]] = [
        (RECORDS, as_record, "observed_at", "person", ("person",)),
        (EVENTS, as_event, "occurred_at", "event", ("person", "event")),  # some people's records are events too
        (CONSENTS, as_consent, "decided_at", "consent", ("consent",)),
    ]
    for table, standardiser, version, holds, origins in steps:
        of_origins = {name: contract for name, contract in channels.items() if contract.holds[0] in origins}
        wanted = {name: contract for name, contract in of_origins.items() if holds in contract.holds}
        fresh = [
            changed_rows(spark, lake, BRONZE[origin], done.get(BRONZE[origin].name, -1), sources[BRONZE[origin].name])
            for origin in origins
            if sources[BRONZE[origin].name] > done.get(BRONZE[origin].name, -1)
        ]
        if not fresh or not wanted:
            continue
        bronze = reduce(DataFrame.unionByName, fresh)
        rows = newest(standardised(bronze, wanted, table, standardiser, erased), table.key[0], version)
        kept = read(spark, lake, table).select(table.key[0], F.col(version).alias("_kept"))
        older = F.coalesce(F.col(version) < F.col("_kept"), F.col(version).isNull() & F.col("_kept").isNotNull())
        rows = rows.join(kept, table.key[0], "left").where(~older).localCheckpoint()
        changed += write_changes(spark, lake, table, rows)
        if "issues" in table.struct.fieldNames():
            told = rows.select("channel", F.explode("issues").alias("issue")).groupBy("channel", "issue").count()
            for row in told.collect():
                unreadable.setdefault(row.channel, {})[row.issue] = row["count"]
    if sources != done:
        remember(spark, lake, "standardise", sources)
    return {"rows_changed": changed, "unreadable": unreadable}


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contracts", required=True, type=Path, help="folder of the channel contracts")
    parser.add_argument("--lake", default=settings().lake_uri)
    given = parser.parse_args(args)
    spark = spark_session(settings())
    channels = with_live(load_channels(given.contracts), load_sources(settings()))
    erased = erased_people(spark, given.lake, settings(), channels, datetime.now(UTC))
    done = standardise(spark, given.lake, channels, erased)
    print(json.dumps(done, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
