"""Takes people out of PostgreSQL: what is theirs is deleted; what the law keeps is made nobody's, the chains whole."""

import json
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Connection, Table, Text, any_, cast, delete, func, or_, select, text, tuple_, update

from consent.erasure import intakes
from consent.erasure.subject import Subject
from consent.erasure.tombstones import Tombstones
from consent.macs import make_nobodys
from consent.pseudonyms import reference
from contracts.identifiers import Identifier
from stores import schema
from stores.schema import (
    identifiers,
    identity_history,
    inbox,
    inbox_quarantine,
    models,
    privacy_request_events,
    privacy_request_notes,
    privacy_requests,
    profiles,
    records,
    redirects,
    timeline,
)

BY_RECORD = ("record_id", "left_id", "right_id")
"""A row that names an erased record in one of these columns goes."""

KEPT = {
    "consent_events": "what was decided, by a salted digest that leads to nobody any more",
    "audit": "who read what when; ids of profiles that are gone",
    "privacy_requests": "that and when the request was handled, under a keyed pseudonym",
    "privacy_request_events": "its steps",
    "extract_recalls": "which rows of training tables are to be deleted, by keyed references",
    "identity_history": "that profiles were created, merged or split, without their records",
}
"""What the law keeps as proof, and how it is nobody's."""

Rebuild = Callable[[Connection, Collection[str], datetime], Any]


def records_of(connection: Connection, profile_ids: Collection[str]) -> set[str]:
    """The source records that PostgreSQL counts to these profiles, live ones included."""
    query = select(records.c.record_id).where(records.c.profile_id.in_(profile_ids))
    documents = connection.scalars(select(profiles.c.document).where(profiles.c.profile_id.in_(profile_ids)))
    return {*connection.scalars(query), *(one for document in documents for one in document.get("records") or [])}


def complete(connection: Connection, subject: Subject) -> set[Identifier]:
    """Adds what is only here (live records and events); returns the identifiers that others hold."""
    own = connection.scalars(select(records.c.document).where(records.c.record_id.in_(subject.records))).all()
    said = {Identifier(one["kind"], one["value"]) for document in own for one in document.get("identifiers") or []}
    found = select(identifiers.c.kind, identifiers.c.value).where(identifiers.c.profile_id.in_(subject.profiles))
    said |= {Identifier(*row) for row in connection.execute(found)}
    subject.identifiers |= said
    theirs = subject.profiles | subject.rebuilt
    elsewhere = select(identifiers.c.kind, identifiers.c.value).where(identifiers.c.profile_id.not_in(theirs))
    wanted = tuple_(identifiers.c.kind, identifiers.c.value).in_([(one.kind, one.value) for one in said])
    held = {Identifier(*row) for row in connection.execute(elsewhere.where(wanted))} if said else set()
    beside = select(records.c.document).where(
        records.c.profile_id.in_(subject.rebuilt), records.c.record_id.not_in(subject.records)
    )
    for document in connection.scalars(beside):
        held |= {Identifier(one["kind"], one["value"]) for one in document.get("identifiers") or []}
    return held


def erase(
    connection: Connection,
    subject: Subject,
    tombstones: Tombstones,
    without_names: Callable[[str, set[str]], str],
    rebuild: Rebuild,
    now: datetime,
    erasure_id: str,
) -> dict[str, int]:
    """Deletes what is theirs, says how many rows by table, and rebuilds the profiles that go on without them."""
    found: dict[str, int] = {}

    def gone(table: Table, condition: Any) -> None:
        found[table.name] = found.get(table.name, 0) + connection.execute(delete(table).where(condition)).rowcount

    subject.events |= _live_events(connection, subject)
    gone(timeline, timeline.c.event_id.in_(subject.events))
    gone(timeline, timeline.c.profile_id.in_(subject.profiles))
    found["identity_history"] = _shorten_history(connection, subject)
    for table in reversed(schema.metadata.sorted_tables):
        if table.name in KEPT:
            continue
        for column in BY_RECORD:
            if column in table.c:
                gone(table, table.c[column].in_(subject.records))
        if "profile_id" in table.c:
            gone(table, table.c.profile_id.in_(subject.profiles))
    gone(redirects, redirects.c.old_id.in_(subject.profiles))
    _delete_refused(connection, tombstones, gone)
    told = [f'%"{one.value}"%' for one in sorted(subject.identifiers)]
    gone(inbox, func.lower(cast(inbox.c.item, Text)).like(any_(cast(told, ARRAY(Text)))))
    deciders = subject.identifiers | {Identifier("record", record) for record in subject.records}
    found["consent_events"] = make_nobodys(connection, sorted(deciders), erasure_id)
    for version, names in connection.execute(select(models.c.version, models.c.names)).all():
        kept = json.loads(without_names(json.dumps(names), subject.words))
        if kept != names:
            connection.execute(update(models).where(models.c.version == version).values(names=kept))
    if subject.rebuilt:
        rebuild(connection, sorted(subject.rebuilt), now)
    return {name: count for name, count in found.items() if count}


def pseudonymise_requests(connection: Connection, subject: Subject, request_ids: Collection[str], key: bytes) -> None:
    """Their requests stay, as proof that they were handled, and say no longer whose they were."""
    intakes.forget(connection, subject.profiles, request_ids, subject.identifiers)
    of = or_(privacy_requests.c.profile_id.in_(subject.profiles), privacy_requests.c.request_id.in_(request_ids))
    for request_id, profile_id in connection.execute(
        select(privacy_requests.c.request_id, privacy_requests.c.profile_id).where(of)
    ).all():
        events = select(privacy_request_events.c.event_id).where(privacy_request_events.c.request_id == request_id)
        connection.execute(delete(privacy_request_notes).where(privacy_request_notes.c.event_id.in_(events)))
        whose = profile_id if profile_id.startswith("erased:") else f"erased:{reference(key, 'profile', profile_id)}"
        one = update(privacy_requests).where(privacy_requests.c.request_id == request_id)
        connection.execute(one.values(profile_id=whose, details={}))


def _live_events(connection: Connection, subject: Subject) -> set[str]:
    found = set(connection.scalars(select(timeline.c.event_id).where(timeline.c.record_id.in_(subject.records))))
    carrying = text(
        "SELECT DISTINCT t.event_id FROM jsonb_array_elements(cast(:wanted AS jsonb)) one"
        " JOIN timeline t ON t.identifiers @> jsonb_build_array(one)"
    )
    wanted = json.dumps([{"kind": one.kind, "value": one.value} for one in sorted(subject.identifiers)])
    return found | set(connection.scalars(carrying, {"wanted": wanted}))


def _shorten_history(connection: Connection, subject: Subject) -> int:
    history, touched = identity_history.c, 0
    theirs = or_(
        history.records.has_any(cast(sorted(subject.records), ARRAY(Text))),
        history.profile_id.in_(subject.profiles),
        history.other_id.in_(subject.profiles),
    )
    for history_id, named in connection.execute(select(history.history_id, history.records).where(theirs)).all():
        left = [one for one in named if one not in subject.records]
        one = update(identity_history).where(history.history_id == history_id)
        touched += connection.execute(one.values(records=left, evidence=None)).rowcount
    return touched


def _delete_refused(connection: Connection, tombstones: Tombstones, gone: Callable[[Table, Any], None]) -> None:
    columns = inbox_quarantine.c
    rows = connection.execute(select(columns.quarantine_id, columns.source, columns.raw))
    theirs = [row.quarantine_id for row in rows if tombstones.cover_raw(None, row.source, row.raw)]
    gone(inbox_quarantine, columns.quarantine_id.in_(theirs))
