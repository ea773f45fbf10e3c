"""Restores a backup into empty stores: `python -m recovery.restore --from DIR`. Whoever was erased since stays erased.

Until it has ended, neither the service nor a job opens the database. A restore that was killed is begun again with
empty stores.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from redis import Redis
from sqlalchemy import Engine, text

from consent.tombstones.digests import Tombstones, buried, bury
from consent.tombstones.kept import kept
from contracts.channel import Channel
from contracts.loading import load_channels
from contracts.pseudonyms import reference_key
from contracts.settings import MissingSecret, Settings, settings
from contracts.sources import load_sources, with_live
from erasure.erased_people import keep_in_lake
from erasure.followers import move_on
from erasure.lake.lake_tables import purged_tables
from erasure.lake.purge import purge
from erasure.operational.compaction import compact_tables
from erasure.reapply import erase_again
from lake.session import spark_session
from lake.tables import TOMBSTONES, read, versions
from recovery.archive import DUMP, LAKE, checked
from recovery.lake_copy import copy_in, is_empty
from recovery.postgres_tools import restore as restore_dump
from spark_jobs.publish import publish
from stores.embedded import Stores, open_stores
from stores.postgres import migrate, open_engine, restoring


class NotRestorable(RuntimeError):
    """The stores are not as a restore needs them; says what to do."""


def restore(
    config: Settings,
    stores: Stores,
    engine: Engine,
    folder: Path,
    channels: Mapping[str, Channel],
    spark: Callable[[], SparkSession],
    materialise: Callable[[], object],
    now: datetime,
) -> dict[str, Any]:
    """Fills the stores from a backup, erases again whoever any tombstone names, and publishes; returns what was done.

    `materialise` fills the online store from the lake.
    """
    manifest = checked(folder)
    if not config.kept_tombstones.exists():
        raise NotRestorable(
            f"expected the tombstones that are kept outside the stores in {config.kept_tombstones}, found no such file;"
            " put it there, or make an empty one if nobody was ever erased"
        )
    outside = kept(config.kept_tombstones)
    reference_key(config)  # whoever was erased is found again by it
    if not is_empty(config.lake_uri):
        raise NotRestorable(f"expected an empty lake, found files in {config.lake_uri}; move them away first")
    with engine.begin() as connection:
        if connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname IN ('public', 'feast')")):
            raise NotRestorable("expected an empty database, found tables in it; make a new one first")
    session = spark()
    with restoring(engine):
        # 1. The stores as they were. What is online is of no use without the lake, and is computed from it again.
        restore_dump(stores.database_url, folder / DUMP)
        files = copy_in(folder / LAKE, config.lake_uri)
        with Redis.from_url(stores.redis_url) as client:
            client.flushdb()
        migrate(engine, while_restoring=True)
        # 2. Whoever was erased before the backup or since.
        found = _erase_again(config, stores, engine, channels, session, outside, now)
        # 3. What is served follows.
        publish(session, engine, config.lake_uri, now)
        materialise()
    return {"made_at": manifest.made_at, "files": files, **found}


def _erase_again(
    config: Settings,
    stores: Stores,
    engine: Engine,
    channels: Mapping[str, Channel],
    spark: SparkSession,
    outside: Mapping[str, tuple[str, datetime]],
    now: datetime,
) -> dict[str, Any]:
    lake = config.lake_uri
    before, requests = versions(spark, lake, purged_tables(lake)), list[str]()
    with engine.begin() as connection:
        held = buried(connection, config).digests
        digests = held | outside.keys() | {row.tombstone for row in read(spark, lake, TOMBSTONES).collect()}
        if digests:
            everybody = with_live(dict(channels), load_sources(config))
            known = Tombstones(reference_key(config), frozenset(digests))
            for digest in sorted(outside.keys() - held):
                bury(connection, [digest], *outside[digest])
            requests = erase_again(spark, lake, connection, everybody, known, now)
            keep_in_lake(spark, lake, connection)
    if digests:
        purge(spark, lake, purged_tables(lake))
        after = versions(spark, lake, purged_tables(lake))
        moved = {name: (version, after[name]) for name, version in before.items()}
        with engine.begin() as connection, Redis.from_url(stores.redis_url) as client:
            move_on(spark, lake, connection, client, moved)
        compact_tables(engine)
    return {
        "tombstones": len(digests),
        "tombstones_since": len(outside.keys() - held),
        "requests_to_complete": requests,
    }


def _materialise(lake: str) -> None:
    """Feast in a process of its own, since it changes the settings of a Spark session."""
    command = [sys.executable, "-m", "feature_repo.materialise", "--lake", lake]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m recovery.restore", description=__doc__)
    parser.add_argument("--from", dest="folder", type=Path, required=True, help="folder of a backup")
    parser.add_argument("--contracts", type=Path, default=settings().contracts_dir, help="folder of channel contracts")
    given = parser.parse_args(args)
    config = settings()
    with open_stores(config) as stores:
        engine = open_engine(stores.database_url)
        try:
            channels = load_channels(given.contracts)
            done = restore(
                config,
                stores,
                engine,
                given.folder,
                channels,
                lambda: spark_session(config),
                lambda: _materialise(config.lake_uri),
                datetime.now(UTC),
            )
        except (RuntimeError, MissingSecret) as error:
            raise SystemExit(str(error)) from None
        finally:
            engine.dispose()
    print(json.dumps(done))


if __name__ == "__main__":
    main()
