"""Rewrites the servers' files, since deleted rows stay in them until then: tables, statistics, logs of every kind."""

import time
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from stores.server_folders import data_folder

PATIENCE = 120.0


def compact_tables(engine: Engine) -> dict[str, Any]:
    """Rewrites every table and drops the old write-ahead log, as far as the database user may."""
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    with autocommit.connect() as connection:
        connection.execute(text("SET lock_timeout = '120s'"))
        listed = text(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
        )
        tables = list(connection.scalars(listed))
        for table in tables:
            connection.execute(text(f"VACUUM (FULL, ANALYZE) {table}"))
        done = {"tables": len(tables), "statistics": _try(connection, "VACUUM FULL pg_catalog.pg_statistic")}
        done["log"] = _renew_wal(connection)
    folder = data_folder(engine)
    if folder is not None and (folder / "log").is_file():  # of the embedded server: errors may repeat values
        (folder / "log").write_bytes(b"")
    return done


def _renew_wal(connection: Connection) -> bool:
    """Old segments are deleted instead of recycled; recycled ones are used up, and so overwritten."""
    if not _try(connection, "ALTER SYSTEM SET wal_recycle = off"):
        return False
    try:
        _try(connection, "SELECT pg_reload_conf()")
        segments = int(connection.execute(text("SELECT count(*) FROM pg_ls_waldir()")).scalar_one())
        for _ in range(segments + 1):
            connection.execute(text("SELECT pg_logical_emit_message(true, 'erasure', 'passed')"))
            connection.execute(text("SELECT pg_switch_wal()"))
        connection.execute(text("CHECKPOINT"))
        connection.execute(text("CHECKPOINT"))
        return True
    except SQLAlchemyError:
        return False
    finally:
        _try(connection, "ALTER SYSTEM RESET wal_recycle")
        _try(connection, "SELECT pg_reload_conf()")


def _try(connection: Connection, statement: str) -> bool:
    try:
        connection.execute(text(statement))
        return True
    except SQLAlchemyError:
        return False


def compact_keys(client: Any) -> dict[str, Any]:
    """Rewrites the append-only file of a Redis, which otherwise keeps every value that a key ever had."""
    info = client.info("persistence")
    if not info.get("aof_enabled"):
        return {"append_only_file": False}
    give_up = time.monotonic() + PATIENCE
    while _rewriting(client):
        time.sleep(0.05)
    client.execute_command("BGREWRITEAOF")
    while _rewriting(client):
        if time.monotonic() > give_up:
            raise TimeoutError(f"expected the append-only file to be written anew within {PATIENCE:.0f} s")
        time.sleep(0.05)
    return {"append_only_file": True}


def _rewriting(client: Any) -> bool:
    info = client.info("persistence")
    return bool(info["aof_rewrite_in_progress"] or info["aof_rewrite_scheduled"])


def forget_online(client: Any, keys: list[bytes]) -> int:
    """Deletes the features of profiles by their own keys: Feast can only delete all of them."""
    return int(client.delete(*keys)) if keys else 0
