"""How every part reaches PostgreSQL, and how its tables come to be."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, insert, select, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from contracts.keyed import keyed
from contracts.settings import MissingSecret, settings
from stores.roles import grant_service, owns
from stores.schema import installation

MIGRATIONS = Path(__file__).parent / "migrations"
RESTED = 1.0
"""Seconds of idleness after which a connection is tested before use."""
RESTORING = "restoring"
MIGRATION_LOCK = 0x0C5  # one number for all processes of this project

_CONNECTION: dict[str, Any] = {
    # Statements are small, whatever the planner thinks that they cost: compiling one would take longer.
    "options": "-c timezone=UTC -c lock_timeout=30s -c jit=off",
    "connect_timeout": 10,
    # If the network is dead, the server stays silent: by default the kernel waits for a quarter of an hour, or two
    # hours.
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


def open_engine(database_url: str, connections: int = 16) -> Engine:
    """An engine with at most so many connections, sessions in UTC and no wait without end."""
    engine = create_engine(
        database_url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=10,
        connect_args=_CONNECTION,
        hide_parameters=True,  # statement parameters are personal data, and would be in every error message
    )
    event.listen(engine, "checkin", _note_when)
    event.listen(engine, "checkout", _ask_if_it_rested)
    return engine


def driver_of(connection: Connection) -> psycopg.Connection[Any]:
    """The driver's own connection, for what SQLAlchemy has no words for: pipelines, COPY, notifications."""
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, psycopg.Connection)
    return raw


def is_passing(error: Exception) -> bool:
    """Whether the same may succeed a moment later: deadlocks, lock timeouts, a store that is away or shuts down."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, NoConnection | DisconnectionError)
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # the driver's own: of a broken connection, or of a value that it can't send
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return error.connection_invalidated or state[:2] in ("08", "40", "53", "55", "57")


def is_of_the_rows(error: Exception) -> bool:
    """Whether a value or a row is at fault: too long, malformed, or nothing that the driver can send."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, ValueError | TypeError)
    state = getattr(error.orig, "sqlstate", None)
    return not is_passing(error) and (state is None or state[:2] in ("22", "23", "54"))


def _note_when(connection: Any, record: Any) -> None:
    record.info["at"] = time.monotonic()


def _ask_if_it_rested(connection: psycopg.Connection[Any], record: Any, proxy: Any) -> None:
    # A server that was started again since is found out here; one that answered a moment ago is not asked each time.
    if time.monotonic() - record.info.get("at", float("-inf")) > RESTED:
        try:
            connection.execute("")
            connection.rollback()
        except psycopg.Error as error:
            raise DisconnectionError from error


class NotTheOwner(RuntimeError):
    """The tables are to be changed, and this role may not."""


class WrongKey(MissingSecret):
    """The installation's key is not the one that this database's ids were made with."""


class RestoreUnfinished(RuntimeError):
    """The database is being restored from a backup, or a restore of it did not end."""

    def __init__(self) -> None:
        super().__init__(
            "expected a database that can be used, found one whose restore has not ended: erased people may be in it;"
            " wait for the restore, or begin it again with an empty database"
        )


@contextmanager
def restoring(engine: Engine) -> Iterator[None]:
    """Keeps everybody else out of a database until what runs inside has ended well; a failure keeps them out for good.

    The mark is a schema, since it has to outlive a killed process and must not be part of any dump.
    """
    with engine.begin() as connection:
        if _is_restoring(connection):
            raise RestoreUnfinished
        connection.execute(text(f"CREATE SCHEMA {RESTORING}"))
    yield
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {RESTORING}"))


@contextmanager
def migrated(database_url: str) -> Iterator[Engine]:
    """The database with the newest tables, for as long as a command works on it."""
    engine = open_engine(database_url)
    try:
        migrate(engine)
        yield engine
    finally:
        engine.dispose()


def _is_restoring(connection: Connection) -> bool:
    return connection.scalar(text("SELECT to_regnamespace(:name)"), {"name": RESTORING}) is not None


def migrate(engine: Engine, while_restoring: bool = False) -> None:
    """Brings the tables to the newest version; safe when several processes do so at once.

    Every process does so before it uses the database, so this is where one that is being restored is refused.

    Raises WrongKey: with another key the same person would get other ids, and nothing would be found again. A role that
    is not the owner changes nothing; it raises NotTheOwner where the tables are of another version.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        if not while_restoring and _is_restoring(connection):
            raise RestoreUnfinished
        config.attributes["connection"] = connection
        if owns(connection):
            command.upgrade(config, "head")
            grant_service(connection)
        elif MigrationContext.configure(connection).get_current_revision() != _newest():
            raise NotTheOwner(
                "expected the tables of this version, found others, and a role that may not change them; run"
                " `python -m stores.postgres` with the owner's OCV_DATABASE_URL first"
            )
        _check_key(connection)


def _newest() -> str | None:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def _check_key(connection: Connection) -> None:
    own = keyed("key check")
    if (kept := connection.scalar(select(installation.c.key_check))) is None:
        connection.execute(insert(installation).values(key_check=own))
    elif kept != own:
        raise WrongKey(
            "expected the installation's key that the ids in this database were made with, found another; set"
            " OCV_INSTALLATION_KEY to what it was (embedded stores keep it in OCV_LOCAL/installation-key)"
        )


def main() -> None:
    """Brings the tables to this version, as their owner, and gives the service's role its rights."""
    url = settings().database_url
    if url is None:
        raise SystemExit("expected the owner's URL in OCV_DATABASE_URL, found none; embedded stores need no migration")
    engine = open_engine(url)
    try:
        migrate(engine)
    except MissingSecret as error:
        raise SystemExit(str(error)) from None
    engine.dispose()


if __name__ == "__main__":
    main()
