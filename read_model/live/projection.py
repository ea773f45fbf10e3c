"""Projects accepted messages to records, profiles and timelines, each exactly once, in one transaction with the mark
that they are done.

If the process ends, either the whole step is committed, or the messages still wait.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from consent.tombstones.digests import erased_among
from consent.tombstones.naming import named_in_message
from contracts.assurance import Proof
from contracts.identifiers import of_persons
from contracts.sources import Sources
from read_model.live.assigning import RelevantRecords, load_known
from read_model.live.book import Book, needed
from read_model.live.categories import decisions
from read_model.live.consents import record_decisions
from read_model.live.erased import count
from read_model.live.item import Item, event_row, read_item
from read_model.live.joining import holder
from read_model.live.live_records import LiveRecord, document_of, stored
from read_model.live.unread import refusals_in
from read_model.model_in_force import model_in_force
from read_model.outbox.consent_changes import tell_decisions
from read_model.outbox.emitting import emit_all
from read_model.outbox.kinds import PROFILE_MERGED
from read_model.outbox.updates import tell_updates
from read_model.rebuild import hold_identities, rebuild
from read_model.redirects import redirect
from stores.counting import count_changes
from stores.due import make_due
from stores.schema import identity_history, inbox, live_assignments, live_records, records, timeline

REASON = "a live event named them"
ACTOR = "live"

_NUMBER = text(
    "UPDATE inbox SET sequence = new.number, record_id = new.record FROM unnest(CAST(:ids AS bigint[]),"
    " CAST(:numbers AS bigint[]), CAST(:records AS text[])) AS new(id, number, record) WHERE inbox_id = new.id"
)
_SHARED = text(
    "SELECT record_id, profile_id FROM records r WHERE record_id = ANY(:ids) AND EXISTS"
    " (SELECT FROM records o WHERE o.profile_id = r.profile_id AND o.record_id <> r.record_id)"
)


@dataclass
class Projected:
    """The result of a step."""

    taken: int = 0
    profiles: set[str] = field(default_factory=set)


def waiting(connection: Connection, many: int) -> list[Any]:
    """The waiting messages, in order of arrival."""
    columns = inbox.c
    query = select(columns.inbox_id, columns.source, columns.item, columns.received_at, columns.gpc, columns.proof)
    return list(connection.execute(query.where(columns.sequence.is_(None)).order_by(columns.inbox_id).limit(many)))


def project(
    connection: Connection, rows: Iterable[Any], sources: Sources, now: datetime, key: bytes | None = None
) -> Projected:
    """Projects these messages of the inbox in the caller's transaction; `key` is that of the tombstones.

    A message that must see what those before it changed still waits afterwards, with all that follow it.
    """
    hold_identities(connection)
    rows, items, unread = list(rows), list[Item](), list[Item]()
    for row in rows:
        try:
            items.append(_read(row, sources))
        except (ValueError, KeyError) as error:  # accepted under a contract that has since changed
            dead_letter(connection, row.inbox_id, str(error))
            unread += refusals_in(row, sources)
    if key is not None:
        items, left_out = _parted(connection, key, items)
        # Whom a message mentions is not always who refuses in it.
        unread += [one for row in rows if row.inbox_id in left_out for one in refusals_in(row, sources)]
        unread, _ = _parted(connection, key, unread)
    done = Projected()
    tell_decisions(connection, record_decisions(connection, unread), now)
    if not items:
        return done
    # 1. Update the persons' records from the messages.
    book = Book(*_load(connection, items))
    items = _noted(book, items)
    done.taken = len(items)
    payloads = {one: book.records[one].payload() for one in sorted(book.changed)}
    shown = {
        one: document_of(sources.by_name[book.records[one].source].records, payload, now)
        for one, payload in payloads.items()
        if not payload["bare"]
    }
    # 2. Assign these records to profiles.
    names = model_in_force(connection).names
    changed = {one: holder(document, names) for one, document in shown.items()}
    known = load_known(connection, changed)
    for one in changed.values():
        known.assign(one)
    sequences = _sequences(connection, len(items))
    _write_records(connection, payloads, shown, known, book, sequences[-1], now)
    touched = {known.profile_of[one] for one in shown} | {gone for gone, _, _ in known.merged}
    rebuilt = rebuild(connection, touched, now)
    # 3. Add their events to the timelines of the records' profiles.
    owners = _owners(connection, {str(item.row.record_id) for item in items})
    _write_events(connection, items, owners)
    seen = {owners[str(item.row.record_id)] for item in items}
    count_changes(connection, _categories(items, owners), now, counted=rebuilt.changed)
    done.profiles = seen | {known.profile_of[one] for one in shown}
    decided = record_decisions(connection, items)
    # 4. Record follow-up work, and mark these messages as done.
    done.profiles |= rebuilt.changed
    make_due(connection, done.profiles | touched)
    emit_all(connection, PROFILE_MERGED, [(stays, {"merged": [gone]}) for gone, stays, _ in known.merged], now)
    tell_updates(connection, done.profiles, now)
    tell_decisions(connection, decided, now)
    noted = {"numbers": sequences, "records": [str(item.row.record_id) for item in items]}
    connection.execute(_NUMBER, {"ids": [item.inbox_id for item in items], **noted})
    return done


def dead_letter(connection: Connection, inbox_id: int, problem: str) -> None:
    """Marks a message that could not be projected as a dead letter, with the problem; it is kept, and no longer
    waits."""
    number = _sequences(connection, 1)[0]
    connection.execute(update(inbox).where(inbox.c.inbox_id == inbox_id).values(sequence=number, problem=problem[:500]))


def _parted(connection: Connection, key: bytes, items: list[Item]) -> tuple[list[Item], set[int]]:
    """The messages that name nobody erased since they were accepted; and the inbox ids of the others, which are
    deleted."""
    names = {}
    for item in items:
        identifiers, records = named_in_message(item.source, item.said, item.proof)
        carried = item.row.identifiers if item.proof is Proof.NONE else of_persons(item.row.identifiers)
        names[item.inbox_id] = identifiers.union(carried), records | {str(item.row.record_id)}
    erased = erased_among(connection, key, names)
    if erased:
        gone = connection.execute(delete(inbox).where(inbox.c.inbox_id.in_(sorted(erased))).returning(inbox.c.inbox_id))
        deleted = set(gone.scalars())
        count(connection, ((item.source.name, item.received_at) for item in items if item.inbox_id in deleted))
    return [item for item in items if item.inbox_id not in erased], set(erased)


def _read(row: Any, sources: Sources) -> Item:
    source = sources.by_name.get(row.source)
    if source is None:
        raise ValueError("source: expected one of OCV_SOURCES_FILE, found one that is gone")
    return read_item(row, source, row.item)


def _noted(book: Book, items: Iterable[Item]) -> list[Item]:
    """The items, after their records were updated; up to the first that must wait for these changes."""
    noted: list[Item] = []
    for item in items:
        if book.must_wait(item.source.name, item.event):
            break
        noted.append(_note(book, item))
    return noted


def _note(book: Book, item: Item) -> Item:
    placed = book.place(item.source.name, item.event)
    record = book.note(item.source.name, placed)
    stated = decisions(item.source, placed.consent)
    news = book.stamp(record, placed.anonymous_id, stated, placed.occurred_at) if stated else {}
    row = item.row if placed is item.event else event_row(item.source, placed)
    return replace(item, event=placed, row=row, news=news)


def _load(connection: Connection, items: Iterable[Item]) -> tuple[dict[str, LiveRecord], dict[str, str]]:
    """The records that these messages may look at, and the profiles of those that share it with others."""
    ids = sorted({one for item in items for one in needed(item.source.name, item.event)})
    columns = live_records.c
    rows = connection.execute(
        select(columns.record_id, columns.source, columns.payload).where(columns.record_id.in_(ids))
    )
    found = {row.record_id: stored(row.source, row.payload) for row in rows}
    return found, {row.record_id: row.profile_id for row in connection.execute(_SHARED, {"ids": ids})}


def _sequences(connection: Connection, many: int) -> list[int]:
    found = connection.scalars(text("SELECT nextval('inbox_order') FROM generate_series(1, :many)"), {"many": many})
    return sorted(found)


def _write_records(
    connection: Connection,
    payloads: Mapping[str, Mapping[str, Any]],
    shown: Mapping[str, Mapping[str, Any]],
    known: RelevantRecords,
    book: Book,
    sequence: int,
    now: datetime,
) -> None:
    if payloads:
        kept = upsert(live_records)
        new = {"payload": kept.excluded.payload, "sequence": kept.excluded.sequence}
        connection.execute(
            kept.on_conflict_do_update(index_elements=["record_id"], set_=new),
            [
                {"record_id": one, "source": book.records[one].source, "payload": payload, "sequence": sequence}
                for one, payload in payloads.items()
            ],
        )
    if shown:
        written = upsert(records)
        new = {"profile_id": written.excluded.profile_id, "document": written.excluded.document}
        connection.execute(
            written.on_conflict_do_update(index_elements=["record_id"], set_=new),
            [
                {"record_id": one, "profile_id": known.profile_of[one], "document": document}
                for one, document in shown.items()
            ],
        )
    for record_id in sorted(set(known.moved) - set(shown)):
        moved = update(records).where(records.c.record_id == record_id)
        connection.execute(moved.values(profile_id=known.profile_of[record_id]))
    if known.moved:
        placed = upsert(live_assignments)
        new = {"profile_id": placed.excluded.profile_id, "at": placed.excluded.at}
        connection.execute(
            placed.on_conflict_do_update(index_elements=["record_id"], set_=new),
            [{"record_id": one, "profile_id": known.profile_of[one], "at": now} for one in sorted(known.moved)],
        )
    _write_history(connection, known, sequence, now)


def _write_history(connection: Connection, known: RelevantRecords, sequence: int, now: datetime) -> None:
    created = [("created", one, None, (record_id,)) for one, record_id in known.created.items()]
    changes = created + [("merged", stays, gone, brought) for gone, stays, brought in known.merged]
    rows = [
        {
            "history_id": f"{ACTOR}-{sequence}-{number}",
            "at": now,
            "kind": kind,
            "profile_id": profile_id,
            "other_id": other_id,
            "records": list(brought),
            "reason": "first seen" if kind == "created" else REASON,
            "actor": ACTOR,
        }
        for number, (kind, profile_id, other_id, brought) in enumerate(changes)
    ]
    if rows:
        connection.execute(insert(identity_history), rows)
    for gone, stays, _ in known.merged:
        redirect(connection, gone, stays)


def _owners(connection: Connection, record_ids: set[str]) -> dict[str, str]:
    # Locked, so that a running merge waits and then includes these events.
    query = select(records.c.record_id, records.c.profile_id).where(records.c.record_id.in_(sorted(record_ids)))
    rows = connection.execute(query.order_by(records.c.record_id).with_for_update(read=True))
    return {row.record_id: row.profile_id for row in rows}


def _write_events(connection: Connection, items: Iterable[Item], owners: Mapping[str, str]) -> None:
    shown = ("channel", "type", "intent", "amount", "properties", "categories")
    rows = [
        {
            "event_id": item.row.event_id,
            "profile_id": owners[str(item.row.record_id)],
            "occurred_at": item.row.occurred_at,
            "document": {name: getattr(item.row, name) for name in shown},
            "record_id": item.row.record_id,
            "identifiers": json.loads(json.dumps([vars(one) for one in item.row.identifiers])),
        }
        for item in items
    ]
    connection.execute(upsert(timeline).on_conflict_do_nothing(), rows)


def _categories(items: Iterable[Item], owners: Mapping[str, str]) -> dict[str, set[str]]:
    """The profiles with new timeline events, and the events' data categories."""
    found: dict[str, set[str]] = {}
    for item in items:
        category = item.row.categories.get("type")
        found.setdefault(owners[str(item.row.record_id)], set()).update([category] if category else [])
    return found
