"""Consent: retention is decoration. Old audit rows go, with a proof; whoever removes others is still found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select, text
from sqlalchemy.exc import ProgrammingError

from consent import cuts
from consent.chain import Chain
from consent.seals import seal
from consent.verify import AUDIT, verify
from erasure.retention import papers
from read_model.outbox.emitting import emit_all
from stores.roles import SERVICE
from stores.schema import audit, audit_cuts, audit_seals, webhook_deliveries, webhook_outbox, webhook_subscriptions

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=3 * 366)
KEY = b"a key of the tests"


def read_and_sealed(engine: Engine, at: datetime, count: int = 2) -> None:
    row = {"actor": "claire", "role": "advisor", "purpose": "service", "action": "read", "outcome": "answered"}
    with engine.begin() as connection:
        connection.execute(insert(audit), [row | {"at": at, "decision": {}, "profile_id": "p-ana"}] * count)
    with engine.begin() as connection:
        assert seal(connection, KEY, at + timedelta(seconds=1)) == count


@pytest.fixture
def years(engine: Engine) -> Engine:
    """Three seals of two rows from long ago, and two of this year."""
    for at in (OLD, OLD + timedelta(hours=1), OLD + timedelta(hours=2), NOW - timedelta(days=9), NOW):
        read_and_sealed(engine, at)
    return engine


def forgotten(engine: Engine) -> dict[str, int]:
    with engine.begin() as connection:
        due = {name: rows for name, rows in papers.due(connection, NOW).items() if name == papers.READS}
        gone = papers.forget_reads(connection, NOW, KEY)
        assert due == gone or not gone
        return gone


def checked(engine: Engine, key: bytes | None = KEY, anchor: Path | None = None) -> Chain:
    return verify(engine, anchor, key, NOW + timedelta(minutes=9))[AUDIT]


def kinds(engine: Engine, anchor: Path | None = None) -> set[str]:
    return {one.kind for one in checked(engine, KEY, anchor).findings}


def tampered(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for table in ("audit", "audit_seals", "audit_cuts"):
            connection.execute(text(f"alter table {table} disable trigger append_only"))
        for statement in statements:
            connection.execute(text(statement))


def test_reads_of_more_than_three_years_ago_go_with_their_seals_and_the_audit_is_still_whole(
    years: Engine, tmp_path: Path
) -> None:
    anchor = tmp_path / "anchor.jsonl"
    assert not kinds(years, anchor)
    assert forgotten(years) == {"audit": 6}
    assert forgotten(years) == {}
    with years.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(audit)) == 4
        assert connection.scalars(select(audit_seals.c.sequence).order_by(audit_seals.c.sequence)).all() == [4, 5]
    chain = checked(years, KEY, anchor)
    assert (chain.findings, chain.count, chain.start) == ([], 5, 3)
    read_and_sealed(years, NOW + timedelta(minutes=5))
    chain = checked(years, KEY, anchor)
    assert (chain.findings, chain.count) == ([], 6), "new rows go on where the chain is"


def test_the_chain_goes_on_where_every_row_went(engine: Engine) -> None:
    read_and_sealed(engine, OLD)
    assert forgotten(engine) == {"audit": 2}
    assert (checked(engine).findings, checked(engine).count) == ([], 1)
    read_and_sealed(engine, NOW)
    assert (checked(engine).findings, checked(engine).count) == ([], 2)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (("delete from audit_cuts",), {"removed"}),
        (("delete from audit where audit_id = 7",), {"removed"}),
        (("delete from audit_seals where sequence = 4", "delete from audit where audit_id in (7, 8)"), {"removed"}),
        (("update audit_cuts set sequence = 4, hash = (select hash from audit_seals where sequence = 4)",
          "delete from audit_seals where sequence = 4", "delete from audit where audit_id in (7, 8)"), {"forged"}),
        (("update audit_cuts set removed_at = removed_at - interval '1 year'",), {"forged"}),
        (("update audit_cuts set until = until - interval '1 year'",), {"forged"}),
        (("insert into audit_cuts select 4, s.hash, 8, 2, until, removed_at, c.mac from audit_cuts c, audit_seals s"
          " where s.sequence = 4", "select cut_audit(4)"), {"forged"}),
        (("insert into audit overriding system value select 3, at, actor, role, purpose, action, profile_id, decision,"
          " outcome from audit where audit_id = 9",), {"unsealed"}),
        (("delete from audit_seals", "delete from audit"), {"truncated"}),
    ],
)  # fmt: skip
def test_whoever_owns_the_database_cannot_remove_anything_else_unseen(
    years: Engine, tmp_path: Path, statements: tuple[str, ...], expected: set[str]
) -> None:
    forgotten(years)
    anchor = tmp_path / "anchor.jsonl"
    assert not kinds(years, anchor)
    tampered(years, *statements)
    assert kinds(years, anchor) >= expected


def test_what_was_anchored_is_past_only_where_a_signed_cut_says_so(years: Engine, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.jsonl"
    assert not kinds(years, anchor)
    tampered(years, "delete from audit_seals where sequence < 5", "delete from audit where audit_id < 9")
    assert "removed" in kinds(years, anchor)


def test_nothing_goes_while_anything_is_wrong_with_the_audit(years: Engine) -> None:
    tampered(years, "update audit set actor = 'nobody' where audit_id = 1")
    assert forgotten(years) == {}
    with years.connect() as connection:
        assert papers.due(connection, NOW) == {"audit": 6}, "the certificate says that it is still due"
    assert kinds(years) == {"edited"}


@pytest.mark.parametrize(
    "statement",
    [
        "delete from audit where audit_id = 1",
        "delete from audit_seals where sequence <= 1",
        "select cut_audit(2)",
        "update audit_cuts set rows = 0",
        "delete from audit_cuts",
        "truncate audit_cuts",
    ],
)
def test_nothing_but_a_recorded_cut_deletes_from_the_audit(years: Engine, statement: str) -> None:
    forgotten(years)
    with pytest.raises(ProgrammingError), years.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("statement", ["select cut_audit(3)", "insert into audit_cuts select * from audit_cuts"])
def test_the_service_cuts_nothing(years: Engine, statement: str) -> None:
    with years.begin() as connection:
        connection.execute(text(f"set local role {SERVICE}"))
        with pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(statement))


def test_a_cut_is_of_one_key_and_one_content(years: Engine) -> None:
    forgotten(years)
    with years.connect() as connection:
        cut = cuts.newest(connection)
        assert connection.scalar(select(func.count()).select_from(audit_cuts)) == 1
    assert cuts.findings(cut, KEY) == []
    changed = [replace(cut, **{name: value}) for name, value in (("rows", 5), ("last_id", 9), ("hash", "0" * 64))]
    assert all(cuts.findings(one, KEY) for one in [*changed, replace(cut, mac="")])
    assert cuts.findings(cut, b"another key")


def test_a_system_that_was_told_of_somebody_long_ago_still_hears_of_their_erasure(engine: Engine) -> None:
    system = {"url": "https://told.example/hook", "kinds": ["profile.updated"], "purpose": "advice", "role": "advisor"}
    system |= {"secret": "whsec_", "created_by": "officer", "created_at": OLD, "ended_at": OLD}
    row = {"role": "advisor", "purpose": "advice", "action": "webhook", "outcome": "answered", "at": OLD}
    with engine.begin() as connection:
        for name, allowed in (("sub_told", ["identity"]), ("sub_refused", [])):
            connection.execute(insert(webhook_subscriptions).values(system | {"subscription_id": name}))
            read = {"actor": f"webhook:{name}", "profile_id": "p-ana", "decision": {"allowed": allowed}}
            connection.execute(insert(audit).values(row | read))
    with engine.begin() as connection:
        seal(connection, KEY, OLD + timedelta(seconds=1))
    assert forgotten(engine) == {"audit": 2}
    with engine.begin() as connection:
        emit_all(connection, "profile.erased", [("p-ana", {}), ("p-ben", {})], NOW)
        told = select(webhook_deliveries.c.subscription_id, webhook_outbox.c.profile_id).join(webhook_outbox)
        assert connection.execute(told).all() == [("sub_told", "p-ana")]
