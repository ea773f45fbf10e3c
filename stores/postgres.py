"""How every part reaches PostgreSQL, and how its tables come to be."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, text

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x0C5  # one number for all processes of this project


def open_engine(database_url: str, connections: int = 16) -> Engine:
    """An engine with at most so many connections, sessions in UTC and no wait without end."""
    return create_engine(
        database_url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        connect_args={"options": "-c timezone=UTC -c lock_timeout=30s", "connect_timeout": 10},
        hide_parameters=True,  # statement parameters are personal data, and would be in every error message
    )


def migrate(engine: Engine) -> None:
    """Brings the tables to the newest version; safe when several processes do so at once."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
