"""The ledger in the database: written by its function alone, and checked from its first event to its last."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import ProgrammingError

from consent.anchor import InvalidAnchor
from consent.chain import Chain
from consent.ledger import Entry, append, find, read
from consent.macs import make_nobodys
from consent.model import ConsentState, Method
from consent.verify import LEDGER, verify
from contracts.identifiers import Identifier
from stores.schema import consent_events, erasures

NOW = datetime(2024, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)
ANA = Identifier("email", "ana@inbox.example")
KEY = b"a key of the tests"
GIVEN = Entry(ANA, "analytics", ConsentState.GIVEN, NOW, "consents", "web", Method.FORM, "ana")


def events(count: int) -> list[Entry]:
    def entry(number: int) -> Entry:
        who = Identifier("email", f"é{number}@inbox.example")
        point = who if number % 2 else None
        return replace(GIVEN, identifier=who, contact_point=point, decided_at=NOW + timedelta(seconds=number))

    return [entry(number) for number in range(count)]


def filled(engine: Engine, count: int = 6) -> None:
    with engine.begin() as connection:
        assert append(connection, events(count), NOW) == count


def tampered(engine: Engine, *statements: str) -> None:
    """What only someone who owns the database can do."""
    with engine.begin() as connection:
        for statement in ("disable trigger append_only", "drop constraint consent_events_sequence_key"):
            connection.execute(text(f"alter table consent_events {statement}"))
        for statement in statements:
            connection.execute(text(statement))


def checked(engine: Engine, anchor: Path | None = None, key: bytes = KEY) -> Chain:
    return verify(engine, anchor, key, NOW)[LEDGER]


def places(engine: Engine, anchor: Path | None = None) -> list[tuple[str, int]]:
    return [(one.kind, one.sequence) for one in checked(engine, anchor).findings]


def test_what_is_appended_is_read_back_and_the_same_decision_told_twice_is_one_event(engine: Engine) -> None:
    later = replace(
        GIVEN,
        state=ConsentState.WITHDRAWN,
        decided_at=NOW + timedelta(days=1),
        contact_point=ANA,
        expires_at=NOW + timedelta(days=9),
        notice_version="2024-1",
        notice_language="fr",
    )
    with engine.begin() as connection:
        assert append(connection, [GIVEN, later, GIVEN], NOW) == 2
    with engine.begin() as connection:
        assert append(connection, [later], NOW) == 0
        first, second = read(connection, [ANA])
        assert read(connection, []) == read(connection, [Identifier("phone", ANA.value)]) == []
        row = find(connection, later.consent_id)
    assert (first.consent_id, first.state, first.contact_point) == (GIVEN.consent_id, ConsentState.GIVEN, None)
    assert (second.state, second.contact_point, second.expires_at) == (later.state, ANA, later.expires_at)
    assert row and (row["sequence"], row["schema_version"], row["legal_basis"]) == (2, "3", "consent")
    assert (row["jurisdiction"], row["notice_language"], row["previous_hash"]) == ("FR", "fr", _hash(engine, 1))


def _hash(engine: Engine, sequence: int) -> str:
    with engine.connect() as connection:
        return str(connection.scalar(select(consent_events.c.hash).where(consent_events.c.sequence == sequence)))


@pytest.mark.parametrize(
    "statement",
    [
        "insert into consent_events select * from consent_events",
        "insert into consent_events select * from consent_events where false",
        "update consent_events set purpose = 'resale'",
        "update consent_events set identifier = 'pseudonym:' || principal, salt = null where sequence = 1",
        "delete from consent_events",
        "truncate consent_events",
        "copy consent_events (consent_id) from program 'echo c7'",
        "set session_replication_role = replica; delete from consent_events",
        """do $x$ declare new_event consent_events; begin
            select * into new_event from consent_events limit 1;
            insert into consent_events values (new_event.*); end $x$""",
        """do $x$ begin execute 'insert into consent_events select * from consent_events where false /*
insert into consent_events values (new_event.*)"
PL/pgSQL function append_consent(jsonb) line 1 at SQL statement */'; end $x$""",
        "merge into consent_events as old using (values (1)) as new(n) on true when matched then delete",
    ],
)
def test_nothing_but_the_function_writes_to_the_ledger(engine: Engine, statement: str) -> None:
    filled(engine)
    with pytest.raises(ProgrammingError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))
    assert (checked(engine).count, places(engine)) == (6, [])


def test_appending_at_the_same_time_leaves_one_chain(engine: Engine) -> None:
    def run(entry: Entry) -> None:
        with engine.begin() as connection:
            append(connection, [entry], NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, events(24)))
    assert (checked(engine).count, places(engine)) == (24, [])


SWAP = "update consent_events set sequence = 5 - sequence where sequence in (2, 3)"
CUT_AND_RENUMBERED = "update consent_events set sequence = sequence - 1 where sequence > 3"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["update consent_events set purpose = 'resale' where sequence = 3"], [("edited", 3)]),
        (["update consent_events set decided_at = decided_at + interval '1 us' where sequence = 1"], [("edited", 1)]),
        (["update consent_events set identifier = 'eve@inbox.example' where sequence = 4"], [("edited", 4)]),
        (["update consent_events set contact_point = 'x', contact_kind = 'email' where sequence = 1"], [("edited", 1)]),
        (["update consent_events set contact_point = null where sequence = 2"], [("edited", 2)]),
        (["delete from consent_events where sequence = 1"], [("removed", 2)]),
        (["delete from consent_events where sequence in (3, 4)"], [("removed", 5)]),
        (["delete from consent_events where sequence = 3", CUT_AND_RENUMBERED], [("removed", 3), ("truncated", 5)]),
        ([SWAP], [("reordered", 2), ("reordered", 3), ("reordered", 4)]),
        (
            ["update consent_events set purpose = 'x' where sequence = 2"]
            + ["update consent_events e set hash = sha256_hex(consent_content(e)) where sequence = 2"],
            [("removed", 3), ("forged", 2)],
        ),
    ],
)
def test_what_was_edited_removed_or_moved_is_found_where_it_was(
    engine: Engine, statements: list[str], expected: list[tuple[str, int]]
) -> None:
    filled(engine)
    tampered(engine, *statements)
    assert places(engine) == expected


REWRITE = """do $x$ declare before text := repeat('0', 64); e consent_events; begin
    for e in select * from consent_events order by sequence loop
        update consent_events set previous_hash = before where sequence = e.sequence;
        update consent_events c set hash = sha256_hex(consent_content(c)) where sequence = e.sequence
            returning hash into before;
    end loop; end $x$"""


def test_an_anchor_kept_elsewhere_finds_a_chain_cut_short_or_written_anew(engine: Engine, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.jsonl"
    filled(engine, 3)
    assert checked(engine, anchor).whole
    with engine.begin() as connection:
        append(connection, events(6)[3:], NOW)
    assert checked(engine, anchor).whole and checked(engine, anchor).whole
    lines = [json.loads(line) for line in anchor.read_text().splitlines()]
    assert [line["count"] for line in lines if line["chain"] == LEDGER] == [3, 6, 6]
    tampered(engine, "update consent_events set purpose = 'x' where sequence = 5", REWRITE)
    assert places(engine) == [("forged", 5), ("forged", 6)], "found without the anchor too"
    assert places(engine, anchor) == [("forged", 5), ("forged", 6), ("rewritten", 6)]
    assert "rows 4 to 6" in checked(engine, anchor).findings[-1].what
    with engine.begin() as connection:
        connection.execute(text("delete from consent_events where sequence > 4"))
    assert places(engine) == [("truncated", 4)], "without the anchor too, while its signatures are there"
    assert places(engine, anchor) == [("truncated", 4), ("truncated", 4)]
    assert len(anchor.read_text().splitlines()) == len(lines), "a chain that is not whole is not anchored"


def test_an_anchor_that_another_key_made_or_that_was_edited_is_refused(engine: Engine, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.jsonl"
    filled(engine, 2)
    assert checked(engine, anchor).whole
    with pytest.raises(InvalidAnchor, match=r"anchor\.jsonl:1: expected an anchor made with OCV_AUDIT_KEY"):
        checked(engine, anchor, b"another key")
    anchor.write_text(anchor.read_text().replace('"count": 2', '"count": 1'))
    with pytest.raises(InvalidAnchor):
        checked(engine, anchor)
    anchor.write_text("{}\n")
    with pytest.raises(InvalidAnchor, match="something else"):
        checked(engine, anchor)


def test_a_person_who_is_erased_leaves_a_chain_that_is_whole_and_says_nothing_of_them(engine: Engine) -> None:
    filled(engine)
    with engine.begin() as connection:
        connection.execute(insert(erasures).values(erasure_id="e_1", started_at=NOW, requests=[]))

        def forget(value: str) -> int:
            return make_nobodys(connection, [Identifier("email", value)], "e_1")

        assert (forget("é3@inbox.example"), forget("é4@inbox.example"), forget("nobody@inbox.example")) == (1, 1, 0)
        rows = str(connection.execute(select(consent_events)).all())
        assert "é3@" not in rows and "é4@" not in rows and "é2@" in rows
        assert read(connection, [Identifier("email", "é3@inbox.example")]) == []
    assert places(engine) == []
    tampered(engine, "update consent_events set identifier = 'pseudonym:x' where sequence = 4")
    assert places(engine) == [("edited", 4)]
