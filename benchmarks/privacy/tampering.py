"""Plants edits, removals, reorders, insertions and truncations as the superuser, and counts what is found."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select, text

from consent.anchor import Anchor
from consent.chain import consent_link
from consent.ledger import Entry, append
from consent.model import ConsentState, Method
from consent.verify import LEDGER, verify_consents
from contracts.identifiers import Identifier
from contracts.settings import Settings
from stores.embedded import open_stores
from stores.postgres import migrate, open_engine
from stores.schema import consent_events

EVENTS = 200
NOW = datetime(2024, 5, 1, tzinfo=UTC)
KEY = b"benchmark"


@dataclass(frozen=True)
class Case:
    """What somebody does to the ledger, and the rows at which it must be found."""

    kind: str
    at: frozenset[int]
    do: Callable[[Connection], None]


def tampering() -> dict[str, Any]:
    """Cases found, and found at the right place, of those planted."""
    with (
        tempfile.TemporaryDirectory(prefix="ocv-bench-") as folder,
        open_stores(Settings(local=Path(folder), database_url=None, redis_url=None)) as stores,
    ):
        engine = open_engine(stores.database_url)
        migrate(engine)
        anchors = _fill(engine)
        found = located = 0
        by_kind: dict[str, list[int]] = {}
        planted = list(_cases())
        for case in planted:
            findings = _plant(engine, case, anchors)
            hit, right = bool(findings), bool(case.at & findings)
            found, located = found + hit, located + right
            counted = by_kind.setdefault(case.kind, [0, 0])
            counted[0], counted[1] = counted[0] + hit, counted[1] + 1
        with engine.connect() as connection:
            false_alarms = len(verify_consents(connection, anchors).findings)
        engine.dispose()
    kinds = {kind: f"{hit}/{of}" for kind, (hit, of) in by_kind.items()}
    told: dict[str, Any] = {"planted": len(planted), "found": found, "located": located, "false_alarms": false_alarms}
    return told | {"by_kind": kinds}


def _fill(engine: Engine) -> list[Anchor]:
    entries = [
        Entry(
            Identifier("email", f"p{number % 40}@inbox.example"),
            "marketing_email" if number % 2 else "analytics",
            list(ConsentState)[number % 10],
            NOW + timedelta(minutes=number),
            "web",
            "web",
            Method.FORM,
            "web",
            contact_point=Identifier("email", f"p{number % 40}@inbox.example") if number % 2 else None,
            notice_version="2024-1",
            notice_language="fr",
        )
        for number in range(EVENTS)
    ]
    with engine.connect().execution_options(isolation_level="READ COMMITTED") as connection, connection.begin():
        append(connection, entries, NOW + timedelta(days=1))
    with engine.connect() as connection:
        return [Anchor.of(LEDGER, verify_consents(connection), NOW, KEY)]


def _plant(engine: Engine, case: Case, anchors: list[Anchor]) -> set[int]:
    """The sequences at which something was found; nothing of the case stays."""
    with engine.connect() as connection:
        connection.execute(text("alter table consent_events disable trigger user"))
        connection.execute(text("alter table consent_events drop constraint if exists consent_events_sequence_key"))
        case.do(connection)
        findings = {one.sequence for one in verify_consents(connection, anchors).findings}
        connection.rollback()
    return findings


def _cases() -> Iterator[Case]:
    for name, column in consent_events.c.items():
        if name not in ("sequence", "hash", "previous_hash", "consent_id"):
            for row in (2, EVENTS // 2, EVENTS - 1):
                instant = column.type.python_type is datetime
                value = "now()" if instant else f"coalesce({name}, '') || 'x'"
                yield _statement("edit", {row}, f"update consent_events set {name} = {value} where sequence = {row}")
    for row in (1, 7, EVENTS // 2, EVENTS):
        yield _statement("edit", {row, row + 1}, f"update consent_events set hash = md5(hash) where sequence = {row}")
        yield Case("edit, its hash computed anew", frozenset({row, row + 1}), partial(_rewrite, first=row, last=row))
    for first, last in ((1, 1), (2, 2), (50, 50), (50, 59), (EVENTS - 1, EVENTS - 1), (1, 100)):
        gone = f"delete from consent_events where sequence between {first} and {last}"
        yield _statement("removal", {last + 1}, gone)
        close = f"update consent_events set sequence = sequence - {last - first + 1} where sequence > {last}"
        yield _statement("removal, the gap closed", {first, EVENTS - (last - first + 1)}, gone, close)
    for one, other in ((1, 2), (10, 11), (3, 190), (EVENTS - 1, EVENTS)):
        swap = f"update consent_events set sequence = {one} + {other} - sequence where sequence in ({one}, {other})"
        yield _statement("reorder", {one, one + 1, other, other + 1}, swap)
    for left in (0, 1, EVENTS // 2, EVENTS - 1):
        yield _statement("truncation", {left}, f"delete from consent_events where sequence > {left}")
    for row in (1, 42, EVENTS):
        yield Case("everything after it written anew", frozenset({EVENTS}), partial(_rewrite, first=row, last=EVENTS))
    columns = ", ".join(name for name, _ in consent_events.columns.items() if name not in ("consent_id", "sequence"))
    for row in (1, 99):
        copy = f"insert into consent_events (consent_id, sequence, {columns}) select 'copy', {EVENTS + 1}, {columns}"
        yield _statement("insertion", {EVENTS + 1}, f"{copy} from consent_events where sequence = {row}")


def _statement(kind: str, at: set[int], *statements: str) -> Case:
    def do(connection: Connection) -> None:
        for statement in statements:
            connection.execute(text(statement))

    return Case(kind, frozenset(at), do)


def _rewrite(connection: Connection, first: int, last: int) -> None:
    """Turns a refusal into a consent, and computes the hashes anew, from `first` to `last`."""
    connection.execute(text("update consent_events set state = 'Rewritten' where sequence = :first"), {"first": first})
    previous: str | None = None
    query = select(consent_events).where(consent_events.c.sequence.between(first, last))
    for row in connection.execute(query.order_by(consent_events.c.sequence)).mappings().all():
        content = dict(row) | ({"previous_hash": previous} if previous else {})
        previous = consent_link(content).expected_hash
        said = {"before": content["previous_hash"], "hash": previous, "at": row["sequence"]}
        change = "update consent_events set previous_hash = :before, hash = :hash where sequence = :at"
        connection.execute(text(change), said)
