"""Who was erased, as every step that takes rows in must know: the tombstones of PostgreSQL and of the lake, united."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import SparkSession
from sqlalchemy import Connection, select

from consent.erasure.left_out import note_rows
from consent.erasure.tombstones import NOBODY, Tombstones, buried, bury
from consent.pseudonyms import reference_key
from contracts.channel import Channel
from contracts.settings import Settings
from spark_jobs.erasing.again import erase_again
from spark_jobs.tables import TOMBSTONES, read, write_changes
from stores.embedded import open_stores
from stores.postgres import migrate, open_engine
from stores.schema import tombstones


def united(
    spark: SparkSession,
    lake: str,
    connection: Connection,
    config: Settings,
    channels: Mapping[str, Channel],
    now: datetime,
) -> Tombstones:
    """All tombstones. A store that lacks some was restored from a backup: it gets them, and gives up whom they name."""
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
    """Copies PostgreSQL's tombstones into the lake, the new ones alone."""
    columns = tombstones.c
    found = connection.execute(select(columns.tombstone, columns.erasure_id, columns.at)).all()
    write_changes(spark, lake, TOMBSTONES, spark.createDataFrame([tuple(row) for row in found], TOMBSTONES.struct))


def erased_people(
    spark: SparkSession, lake: str, config: Settings, channels: Mapping[str, Channel], now: datetime
) -> Tombstones:
    """Like `united`, for a step that is run by itself."""
    with open_stores(config) as stores:
        engine = open_engine(stores.database_url)
        migrate(engine)
        with engine.begin() as connection:
            found = united(spark, lake, connection, config, channels, now)
        engine.dispose()
    return found


def note_in_store(config: Settings, channels: Mapping[str, Mapping[str, Any]], now: datetime) -> dict[str, int]:
    """Notes what a step that is run by itself left out of files, by its report, where the officer reads it."""
    with open_stores(config) as stores:
        engine = open_engine(stores.database_url)
        with engine.begin() as connection:
            found = note_rows(connection, channels, now.date())
        engine.dispose()
    return found
