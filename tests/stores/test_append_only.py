"""The database itself refuses to change who read what; for what was decided see tests/consent/test_ledger.py."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, delete, func, insert, select, text, update
from sqlalchemy.exc import ProgrammingError

from stores.schema import audit

NOW = datetime(2024, 5, 1, tzinfo=UTC)


def _fill(connection: Connection) -> None:
    connection.execute(
        insert(audit).values(
            at=NOW, actor="a", role="advisor", purpose="service", action="read", decision={}, outcome="answered"
        )
    )


@pytest.mark.parametrize(
    "statement",
    [
        "update audit set purpose = 'resale'",
        "delete from audit",
        "truncate audit",
        "set session_replication_role = replica; delete from audit",
    ],
)
def test_no_statement_changes_the_audit(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        _fill(connection)
    with pytest.raises(ProgrammingError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from audit")) == 1


def test_a_row_that_matches_nothing_is_refused_as_well(engine: Engine) -> None:
    for statement in (
        update(audit).where(audit.c.audit_id == -1).values(actor="b"),
        delete(audit).where(audit.c.audit_id == -1),
    ):
        with pytest.raises(ProgrammingError, match="append-only"), engine.begin() as connection:
            connection.execute(statement)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(audit)) == 0
