"""The migrations and the tables that the code names are the same."""

from concurrent.futures import ThreadPoolExecutor

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from consent.verify import verify_consents
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


def test_decisions_of_before_the_ledger_are_carried_over_in_order(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    given = (
        "insert into consent_events values (:id, 'email', 'a@x.example', :purpose, :word, now(), 'web', null, 'c', :at)"
    )
    with engine.begin() as connection:
        connection.execute(text("create schema former; set local search_path = former"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        for id_, purpose, word in [("c2", "analytics", "objected"), ("c1", "marketing_email", "granted")]:
            at = f"2024-01-0{id_[1]}T00:00:00Z"
            connection.execute(text(given), {"id": id_, "purpose": purpose, "word": word, "at": at})
        command.upgrade(config, "head")
        query = "select consent_id, state, contact_point, legal_basis from consent_events order by sequence"
        assert [tuple(row) for row in connection.execute(text(query))] == [
            ("c1", "ConsentGiven", "a@x.example", "consent"),
            ("c2", "ConsentRefused", None, "consent"),
        ]
        assert verify_consents(connection).whole
