"""The migrations and the tables that the code names are the same."""

from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from stores.postgres import MIGRATIONS, migrate
from stores.schema import metadata


def test_the_migrations_create_the_tables_of_the_schema(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_again_and_at_the_same_time_changes_nothing(engine: Engine) -> None:
    newest = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrate, [engine, engine]))
    with engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == newest
