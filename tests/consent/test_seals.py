"""The audit's chain: rows are sealed after they were committed, and what was changed since is found and located."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, func, insert, select, text
from sqlalchemy.exc import ProgrammingError

from consent.chain import Chain
from consent.seals import seal, sealing
from consent.verify import AUDIT, main, verify
from contracts.settings import settings
from stores.embedded import Stores
from stores.schema import audit, audit_seals

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
KEY = b"a key of the tests"


def record(connection: Connection, actor: str = "claire", count: int = 1) -> None:
    row = {"at": NOW, "actor": actor, "role": "advisor", "purpose": "service", "action": "read", "outcome": "answered"}
    connection.execute(insert(audit), [row | {"decision": {"policy": "contract", "é": 1}}] * count)


def filled(engine: Engine) -> None:
    """Three batches of two rows."""
    for batch in range(3):
        with engine.begin() as connection:
            record(connection, f"reader-{batch}", 2)
        with engine.begin() as connection:
            assert seal(connection, KEY, NOW + timedelta(seconds=batch)) == 2


def tampered(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for table in ("audit", "audit_seals"):
            connection.execute(text(f"alter table {table} disable trigger append_only"))
        for statement in statements:
            connection.execute(text(statement))


def checked(engine: Engine, key: bytes | None = KEY, anchor: Path | None = None) -> Chain:
    return verify(engine, anchor, key, NOW + timedelta(seconds=9))[AUDIT]


def places(chain: Chain) -> list[tuple[str, int]]:
    return [(one.kind, one.sequence) for one in chain.findings]


def test_each_row_is_sealed_once_also_one_that_is_committed_after_a_later_number(engine: Engine) -> None:
    with engine.connect() as slow, slow.begin() as transaction:
        record(slow, "slow")
        filled(engine)
        transaction.commit()
    with engine.begin() as connection:
        assert seal(connection, KEY, NOW + timedelta(seconds=4), late=False) == 0
        assert (seal(connection, KEY, NOW + timedelta(seconds=5)), seal(connection, KEY, NOW)) == (1, 0)
        sealed = connection.scalars(select(func.unnest(audit_seals.c.audit_ids))).all()
        assert sorted(sealed) == sorted(connection.scalars(select(audit.c.audit_id)))
    assert (places(checked(engine)), checked(engine).waiting, checked(engine).count) == ([], 0, 4)


def test_one_sealer_works_at_a_time(engine: Engine) -> None:
    with engine.begin() as connection:
        record(connection)
    with engine.begin() as first, engine.begin() as second:
        assert (seal(first, KEY, NOW), seal(second, KEY, NOW)) == (1, 0)


def test_the_service_seals_by_itself_and_to_the_end(engine: Engine) -> None:
    with sealing(engine, KEY, lambda: NOW), engine.begin() as connection:
        record(connection, count=3)
    assert (places(checked(engine, None)), checked(engine, None).waiting, checked(engine, None).count) == ([], 0, 1)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("update audit set actor = 'nobody' where audit_id = 3", [("edited", 3)]),
        ("update audit set decision = '{}' where audit_id = 1", [("edited", 1)]),
        ("delete from audit where audit_id = 4", [("removed", 4)]),
        ("insert into audit overriding system value select 0, at, actor, role, purpose, action, profile_id, decision,"
         " outcome from audit limit 1", [("unsealed", 0)]),
        ("delete from audit_seals where sequence = 2", [("removed", 3)]),
        ("update audit_seals set hashes = '{a,b}' where sequence = 1", [("edited", 1), ("edited", 1), ("edited", 2)]),
        ("update audit_seals set sequence = 7 - sequence", [("removed", 4), ("reordered", 5), ("reordered", 6)]),
        ("update audit_seals set mac = 'x' where sequence = 3", [("forged", 3)]),
    ],
)  # fmt: skip
def test_what_was_changed_is_found_where_it_was(
    engine: Engine, statement: str, expected: list[tuple[str, int]]
) -> None:
    filled(engine)
    tampered(engine, statement)
    assert sorted(places(checked(engine))) == sorted(expected)


def test_without_the_key_nobody_can_seal_and_with_an_anchor_nobody_can_take_seals_away(
    engine: Engine, tmp_path: Path
) -> None:
    filled(engine)
    anchor = tmp_path / "anchor.jsonl"
    assert checked(engine, anchor=anchor).whole
    tampered(engine, "delete from audit_seals", "update audit set actor = 'nobody' where audit_id = 3")
    with engine.begin() as connection:
        seal(connection, b"another key", NOW)
    assert places(checked(engine)) == [("forged", 1)]
    assert places(checked(engine, anchor=anchor)) == [("forged", 1), ("truncated", 1)]


@pytest.mark.parametrize("statement", ["update audit_seals set mac = ''", "delete from audit_seals"])
def test_no_statement_changes_a_seal(engine: Engine, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("key", [None, "k" * 32])
def test_without_the_key_the_audit_is_called_whole_only_as_far_as_it_was_checked(
    engine: Engine,
    database_url: str,
    stores: Stores,
    key: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = {"database_url": database_url, "redis_url": stores.redis_url, "demo": False}
    chosen = settings().model_copy(update=given | {"audit_key": SecretStr(key) if key else None})
    monkeypatch.setattr("consent.verify.settings", lambda: chosen)
    main([])
    said = capsys.readouterr().out
    [last] = [line for line in said.splitlines() if line.startswith(f"{AUDIT}: ") and "head" in line]
    assert last.endswith(", whole") is (key is not None)
    assert last.endswith("whole as far as it can be checked without the key") is (key is None)
    assert ("MACs were not checked" in said and "OCV_AUDIT_KEY" in said) is (key is None)
