"""The tombstones of PostgreSQL and of the lake combined, for every step that ingests rows."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import SparkSession
from sqlalchemy import Connection, select

from consent.tombstones.digests import NOBODY, Tombstones, buried, bury
from consent.tombstones.kept import require_key
from consent.tombstones.left_out import note_rows
from contracts.channel import Channel
from contracts.pseudonyms import reference_key
from contracts.settings import MissingSecret, Settings
from erasure.reapply import erase_again
from lake.tables import TOMBSTONES, read, write_changes
from stores.embedded import open_stores
from stores.postgres import migrated, open_engine
from stores.schema import tombstones


def ask_for_key(config: Settings) -> None:
    """Ends a job with a message, before it starts anything, if people were erased and there is no key to recognise
    them."""
    try:
        require_key(config)
    except MissingSecret as error:
        raise SystemExit(str(error)) from None


def united(
    spark: SparkSession,
    lake: str,
    connection: Connection,
    config: Settings,
    channels: Mapping[str, Channel],
    now: datetime,
) -> Tombstones:
    """All tombstones. A store that lacks some was restored from a backup: they are added to it, and their people
    deleted."""
    held = buried(connection, config).digests
    rows = {row.tombstone: row for row in read(spark, lake, TOMBSTONES).collect()}
    digests = frozenset(held | rows.keys())
    if not digests:
        return NOBODY
    tombstones = Tombstones(reference_key(config), digests)
    if held != rows.keys():
        for digest in rows.keys() - held:
            bury(connection, [digest], rows[digest].erasure_id, rows[digest].at.replace(tzinfo=UTC))
        erase_again(spark, lake, connection, channels, tombstones, now)
        keep_in_lake(spark, lake, connection)
    return tombstones


def keep_in_lake(spark: SparkSession, lake: str, connection: Connection) -> None:
    """Copies PostgreSQL's new tombstones into the lake."""
    columns = tombstones.c
    found = connection.execute(select(columns.tombstone, columns.erasure_id, columns.at)).all()
    write_changes(spark, lake, TOMBSTONES, spark.createDataFrame([tuple(row) for row in found], TOMBSTONES.struct))


def erased_people(
    spark: SparkSession, lake: str, config: Settings, channels: Mapping[str, Channel], now: datetime
) -> Tombstones:
    """Like `united`, for a step that is run by itself."""
    with (
        open_stores(config) as stores,
        migrated(stores.database_url) as engine,
        engine.begin() as connection,
    ):
        return united(spark, lake, connection, config, channels, now)


def note_in_store(config: Settings, channels: Mapping[str, Mapping[str, Any]], now: datetime) -> dict[str, int]:
    """Stores the counts of dropped rows from the report of a step that is run by itself, for the officer."""
    with open_stores(config) as stores:
        engine = open_engine(stores.database_url)
        with engine.begin() as connection:
            found = note_rows(connection, channels, now.date())
        engine.dispose()
    return found
