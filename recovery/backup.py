"""Makes a backup of the database and the lake: `python -m recovery.backup --to DIR`.

The online store is left out: it holds nothing that the lake does not, and is filled again by a restore.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from contracts.settings import Settings, settings
from erasure.journal import NotErasable, alone
from recovery.archive import DUMP, LAKE, Manifest, digests
from recovery.lake_copy import copy_out
from recovery.postgres_tools import dump
from stores.embedded import open_stores
from stores.postgres import migrated


class NotEmpty(RuntimeError):
    """There is something already where the backup is to be written."""


def back_up(config: Settings, database_url: str, engine: Engine, folder: Path, now: datetime) -> Manifest:
    """Writes a backup into an empty folder, with no erasure at work meanwhile.

    The database comes first: the batch takes in again what the lake then has already, and changes no row by it.
    """
    if folder.exists() and any(folder.iterdir()):
        raise NotEmpty(f"expected an empty folder for the backup, found files in {folder}; name another one")
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    with alone(engine):
        dump(database_url, folder / DUMP)
        copy_out(config.lake_uri, folder / LAKE)
    with engine.connect() as connection:
        revision = str(connection.scalar(text("SELECT version_num FROM alembic_version")))
    manifest = Manifest(now.isoformat(), revision, digests(folder))
    manifest.write(folder)
    return manifest


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m recovery.backup", description=__doc__)
    parser.add_argument("--to", type=Path, required=True, help="an empty folder, or one that is made")
    given = parser.parse_args(args)
    config = settings()
    with open_stores(config) as stores, migrated(stores.database_url) as engine:
        try:
            made = back_up(config, stores.database_url, engine, given.to, datetime.now(UTC))
        except (NotEmpty, NotErasable, RuntimeError) as error:
            raise SystemExit(str(error)) from None
    print(f"{len(made.files)} files in {given.to}. Keep {config.kept_tombstones} elsewhere, and the keys.")


if __name__ == "__main__":
    main()
