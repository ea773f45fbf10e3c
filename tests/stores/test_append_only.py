"""The database itself refuses to change what was decided and who read what."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, delete, func, insert, select, text, update
from sqlalchemy.exc import ProgrammingError

from stores.schema import audit, consent_events

NOW = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture(params=["consent_events", "audit"])
def table(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _fill(connection: Connection) -> None:
    connection.execute(
        insert(consent_events).values(
            consent_id="c1",
            identifier_kind="email",
            identifier="ana@inbox.example",
            purpose="analytics",
            decision="granted",
            decided_at=NOW,
            decided_through="web",
            channel="consents",
            received_at=NOW,
        )
    )
    connection.execute(
        insert(audit).values(
            at=NOW, actor="a", role="advisor", purpose="service", action="read", decision={}, outcome="answered"
        )
    )


@pytest.mark.parametrize(
    "statement",
    [
        "update {table} set purpose = 'resale'",
        "delete from {table}",
        "truncate {table}",
        "set session_replication_role = replica; delete from {table}",
    ],
)
def test_no_statement_changes_an_append_only_table(engine: Engine, table: str, statement: str) -> None:
    with engine.begin() as connection:
        _fill(connection)
    with pytest.raises(ProgrammingError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement.format(table=table)))
    with engine.connect() as connection:
        assert connection.scalar(text(f"select count(*) from {table}")) == 1


def test_a_row_that_matches_nothing_is_refused_as_well(engine: Engine) -> None:
    for statement in (
        update(consent_events).where(consent_events.c.consent_id == "none").values(decision="granted"),
        delete(audit).where(audit.c.audit_id == -1),
    ):
        with pytest.raises(ProgrammingError, match="append-only"), engine.begin() as connection:
            connection.execute(statement)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(audit)) == 0
