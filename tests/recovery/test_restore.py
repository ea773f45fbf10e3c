"""A backup brings everybody back but those who were erased, before it or since."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from redis import Redis

from consent.tombstones.kept import UnreadableTombstones, kept
from contracts.channel import Channel
from contracts.settings import Settings
from erasure.operational import holds
from recovery.archive import MANIFEST, BrokenBackup
from recovery.backup import NotEmpty, back_up
from recovery.restore import NotRestorable, restore
from stores.embedded import open_stores
from stores.postgres import RestoreUnfinished, migrate, open_engine, restoring
from tests.erasure.erasing_home import CRM, EMAIL, EVELYNKA, FREDRIK, GUNDULA, NOW, STEPS, Home

Opened = Callable[[str], Home]


@pytest.fixture
def opened(
    spark: SparkSession,
    store_folder: Path,
    sources: Path,
    channels: dict[str, Channel],
    write_crm: Callable[..., None],
) -> Iterator[Opened]:
    """Homes with stores of their own, by name; what is kept outside of the stores they share."""
    write_crm(*CRM)
    (sources / "web.jsonl").write_text(
        json.dumps({"id": "w-1", "at": "2024-02-01T10:00:00Z", "who": {"mail": EMAIL}}) + "\n", encoding="utf-8"
    )
    with ExitStack() as stack:

        @contextmanager
        def home(name: str) -> Iterator[Home]:
            local = store_folder / name
            config = Settings(
                local=local,
                lake=str(local / "lake"),
                demo=True,
                database_url=None,
                redis_url=None,
                tombstones_file=store_folder / "outside" / "tombstones.jsonl",
            )
            with open_stores(config) as stores:
                engine = open_engine(stores.database_url)
                with Redis.from_url(stores.redis_url) as client:
                    yield Home(config, spark, stores, engine, client, sources, channels)
                engine.dispose()

        yield lambda name: stack.enter_context(home(name))


def filled(home: Home) -> Home:
    migrate(home.engine)
    home.batch()
    return home


def restored(home: Home, folder: Path) -> dict[str, Any]:
    return restore(home.config, home.stores, home.engine, folder, home.channels, lambda: home.spark, lambda: None, NOW)


def backup_of(home: Home, folder: Path) -> Path:
    back_up(home.config, home.stores.database_url, home.engine, folder, NOW)
    return folder


def test_who_was_erased_after_a_backup_stays_erased_when_it_is_restored_and_everybody_else_is_back(
    opened: Opened, store_folder: Path
) -> None:
    first = filled(opened("first"))
    before = first.people()
    gone = first.owner(EVELYNKA)
    with first.engine.begin() as connection:
        hold_id = holds.place(connection, [EVELYNKA, FREDRIK], "a court asks", "an officer", NOW)
    folder = backup_of(first, store_folder / "backup")
    with first.engine.begin() as connection:
        holds.lift(connection, hold_id, "the court has decided", "an officer", NOW)
    first.killed = set(STEPS)  # erased in one go
    first.erase(first.request("r1", gone))

    second = opened("second")
    done = restored(second, folder)

    assert done["tombstones_since"] > 0
    assert second.people() == {one: said for one, said in before.items() if one != gone}
    with second.engine.begin() as connection:  # hers ended before she was erased, whatever the backup says
        assert holds.standing(connection) == {hold_id: {FREDRIK}}
    assert second.seen(EMAIL) == set() and second.seen("E-7000001") == set()
    # The batch goes on where it was: her rows in the file are refused, the one without a key too.
    assert second.take_in()["reasons"].get("erased") == 2
    assert second.owner(FREDRIK) and second.owner(GUNDULA)


def test_what_a_restore_needs_is_asked_for_before_anything_is_written(opened: Opened, store_folder: Path) -> None:
    home = filled(opened("first"))
    folder = backup_of(home, store_folder / "backup")
    second = opened("second")
    # 1. The tombstones that are kept outside the stores.
    with pytest.raises(NotRestorable, match="make an empty one"):
        restored(second, folder)
    home.config.kept_tombstones.parent.mkdir(parents=True, exist_ok=True)
    home.config.kept_tombstones.touch()
    # 2. Empty stores; and an empty folder for a backup.
    with pytest.raises(NotRestorable, match="empty lake"):
        restored(home, folder)
    with pytest.raises(NotEmpty):
        backup_of(home, folder)
    # 3. A backup that is whole.
    file = next(one for one in (folder / "lake").rglob("*.parquet"))
    said = file.read_bytes()
    file.write_bytes(said + b"x")
    with pytest.raises(BrokenBackup, match="1 missing, changed or new"):
        restored(second, folder)
    file.write_bytes(said)
    assert not Path(second.lake).exists()
    migrate(second.engine)
    with pytest.raises(NotRestorable, match="empty database"):
        restored(second, folder)
    (folder / MANIFEST).unlink()
    with pytest.raises(BrokenBackup, match=MANIFEST):
        restored(second, folder)


def test_while_a_restore_has_not_ended_nobody_opens_the_database(opened: Opened, store_folder: Path) -> None:
    home = opened("first")

    def die() -> None:
        with restoring(home.engine):
            with pytest.raises(RestoreUnfinished):
                migrate(home.engine)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        die()
    with pytest.raises(RestoreUnfinished):
        migrate(home.engine)


def test_tombstones_outside_that_cannot_be_read_are_named_by_line_and_never_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "tombstones.jsonl"
    file.write_text('{"tombstone": "a", "erasure_id": "e", "at": "2026-01-01T00:00:00+00:00"}\n{"tombst\n')
    with pytest.raises(UnreadableTombstones, match="line 2"):
        kept(file)
