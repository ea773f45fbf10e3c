"""Bronze -> silver: the newest version of every source record, every event and every consent, in canonical form."""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from channel_files.versions import VERSION, Version, decisions_of, events_of, keeps_contract, latest
from consent.tombstones.digests import NOBODY, Tombstones
from contracts.channel import Channel
from contracts.loading import load_channels
from contracts.reading import RefusedRow
from contracts.settings import settings
from contracts.sources import load_sources, with_live
from contracts.standard import person_record
from erasure.erased_people import ask_for_key, erased_people
from lake.progress import progress, remember
from lake.session import spark_session
from lake.tables import (
    BRONZE,
    CONSENTS,
    EVENTS,
    QUARANTINE,
    RECORDS,
    Table,
    arrow_schema,
    changes,
    read,
    versions,
    write_changes,
)
from spark_jobs.absent import delete_absent
from spark_jobs.doubts import doubt
from stores.taking_turns import batch_job

Rows = Iterator[dict[str, Any]]
Standardiser = Callable[[Channel, list[Version]], Rows]


def as_record(contract: Channel, versions: list[Version]) -> Rows:
    if (newest := latest(contract, versions)) is not None:
        yield person_record(contract, newest.payload, newest.received_at).as_row() | _came(newest)


def as_event(contract: Channel, versions: list[Version]) -> Rows:
    for event, version in events_of(contract, versions):
        yield event.as_row() | _came(version)


def as_consent(contract: Channel, versions: list[Version]) -> Rows:
    for decided, version in decisions_of(contract, versions):
        yield decided.as_row() | _came(version)


def _rows(standardiser: Standardiser, contract: Channel, versions: list[Version]) -> list[dict[str, Any]]:
    """The rows of one key, without versions that an older contract took in and this one refuses."""
    try:
        return list(standardiser(contract, versions))
    except RefusedRow:
        return list(standardiser(contract, [one for one in versions if keeps_contract(contract, one)]))


def _came(version: Version) -> dict[str, Any]:
    return {"content_hash": version.content_hash}


def standardised(
    bronze: DataFrame,
    channels: dict[str, Channel],
    table: Table,
    standardiser: Standardiser,
    erased: Tombstones = NOBODY,
) -> DataFrame:
    """Raw payloads, all that came under a key together, as rows of a silver table.

    A restored backup may hold rows of erased people again; they go no further.
    """

    schema = arrow_schema(table.schema)

    def standardise(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = []
            for key in batch.to_pylist():
                contract = channels[key["channel"]]
                versions = [Version(**one | {"payload": json.loads(one["payload"])}) for one in key["versions"]]
                versions = [one for one in versions if not erased.cover_row(contract, one.payload)]
                rows += [row | {"categories": {}} for row in _rows(standardiser, contract, versions)]
            yield pa.RecordBatch.from_pylist(rows, schema=schema)

    of_ours = bronze.where(F.col("channel").isin(*channels))
    # By key, and in as many parts as there are cores: Spark would put little data into one.
    spread = of_ours.repartition(bronze.sparkSession.sparkContext.defaultParallelism, "channel", "source_key")
    keys = spread.groupBy("channel", "source_key").agg(F.collect_list(F.struct(*VERSION)).alias("versions"))
    rows = keys.mapInArrow(standardise, table.schema)
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


def once(rows: DataFrame, key: str) -> DataFrame:
    """One row a key, whichever channel and content comes first."""
    order = Window.partitionBy(key).orderBy("channel", "content_hash")
    return rows.withColumn("_rank", F.row_number().over(order)).where("_rank = 1").drop("_rank")


def standardise(
    spark: SparkSession, lake: str, channels: dict[str, Channel], erased: Tombstones = NOBODY
) -> dict[str, Any]:
    """Brings the silver tables up to date with the bronze rows that came since the last run."""
    sources = versions(spark, lake, [*BRONZE.values(), QUARANTINE])
    done = progress(spark, lake, "standardise")
    changed = 0
    unreadable: dict[str, dict[str, int]] = {}
    deleted: dict[str, int] = {}
    refused: dict[str, int] = {}
    steps: list[tuple[Table, Standardiser, str, tuple[str, ...]]] = [
        (RECORDS, as_record, "person", ("person",)),
        (EVENTS, as_event, "event", ("person", "event")),  # some people's records are events too
        (CONSENTS, as_consent, "consent", ("person", "consent")),  # or say what their person decided
    ]
    for table, standardiser, holds, origins in steps:
        of_origins = {name: contract for name, contract in channels.items() if contract.holds[0] in origins}
        wanted = {name: contract for name, contract in of_origins.items() if holds in contract.holds}
        fresh = [
            _of_changed_keys(spark, lake, BRONZE[origin], done.get(BRONZE[origin].name, -1), sources)
            for origin in origins
            if sources[BRONZE[origin].name] > done.get(BRONZE[origin].name, -1)
        ]
        if not fresh or not wanted:
            continue
        bronze = reduce(DataFrame.unionByName, fresh)
        rows = standardised(bronze, wanted, table, standardiser, erased)
        if table is CONSENTS or (table is EVENTS and any("person" in one.holds for one in wanted.values())):
            rows = once(rows, table.key[0])  # several keys may tell of one decision, or of one event
        rows = rows.localCheckpoint()
        changed += write_changes(spark, lake, table, rows)
        if holds != "consent":
            absent = delete_absent(spark, lake, table, bronze, rows, wanted, erased)
            changed += sum(absent.deleted.values())
            for counted, found in ((deleted, absent.deleted), (refused, absent.refused)):
                counted |= {name: counted.get(name, 0) + count for name, count in found.items()}
        if "issues" in table.struct.fieldNames():
            told = rows.select("channel", F.explode("issues").alias("issue")).groupBy("channel", "issue").count()
            for row in told.collect():
                unreadable.setdefault(row.channel, {})[row.issue] = row["count"]
    doubted, in_doubt = doubt(spark, lake, channels, done.get(QUARANTINE.name, -1), sources[QUARANTINE.name])
    if sources != done:
        remember(spark, lake, "standardise", sources)
    return {
        "rows_changed": changed + doubted,
        "unreadable": unreadable,
        "deleted": deleted,
        "refused_now": refused,
        "in_doubt": in_doubt,
    }


def _of_changed_keys(spark: SparkSession, lake: str, table: Table, after: int, upto: Mapping[str, int]) -> DataFrame:
    """Everything that came under the keys under which something came since."""
    if after < 0:
        return read(spark, lake, table)
    keys = changes(spark, lake, table, after, upto[table.name]).select("channel", "source_key").distinct()
    return read(spark, lake, table).join(keys, ["channel", "source_key"], "left_semi")


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contracts", required=True, type=Path, help="folder of the channel contracts")
    parser.add_argument("--lake", default=settings().lake_uri)
    given = parser.parse_args(args)
    ask_for_key(settings())
    with batch_job(settings()):
        spark = spark_session(settings())
        channels = with_live(load_channels(given.contracts), load_sources(settings()))
        erased = erased_people(spark, given.lake, settings(), channels, datetime.now(UTC))
        done = standardise(spark, given.lake, channels, erased)
        print(json.dumps(done, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
