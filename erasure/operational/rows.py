"""Erases people from PostgreSQL: their rows are deleted; rows that the law requires are pseudonymised, with intact
chains."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    Connection,
    Select,
    Table,
    Text,
    and_,
    any_,
    cast,
    delete,
    func,
    or_,
    select,
    text,
    tuple_,
    update,
)

from consent.macs import make_nobodys
from consent.tombstones.naming import forms, telling
from contracts.channel import Channel
from contracts.identifiers import Identifier
from contracts.pseudonyms import reference
from erasure.answers.postgres import ANSWERS
from erasure.operational import holds
from erasure.operational.bystanders import Naming, take_out
from erasure.operational.live import messages_of, unbind
from erasure.people.redaction import ERASED, Redaction
from erasure.people.refused import IsTheirs, read_message
from erasure.people.subject import Subject
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
    records,
    timeline,
)

_PROOF = "consent_events audit privacy_requests privacy_request_events extract_recalls identity_history".split()
KEPT = {table: "; ".join(dict.fromkeys(ANSWERS[table].kept.values())) for table in _PROOF}
"""Proof that the law requires, and how it is pseudonymised."""

AUTOMATIC = ("live", "resolve")
"""Actors of history whose reasons are this project's texts; reasons of other actors are free text."""

Rebuild = Callable[[Connection, Collection[str], datetime], Any]


def complete(connection: Connection, subject: Subject, said: set[Identifier]) -> set[Identifier]:
    """Adds the identifiers in `said` and those of the profiles; returns those that others have too."""
    found = select(identifiers.c.kind, identifiers.c.value).where(identifiers.c.profile_id.in_(subject.profiles))
    said |= {Identifier(*row) for row in connection.execute(found)}
    subject.identifiers |= said
    theirs = subject.profiles | subject.rebuilt
    elsewhere = select(identifiers.c.kind, identifiers.c.value).where(identifiers.c.profile_id.not_in(theirs))
    wanted = tuple_(identifiers.c.kind, identifiers.c.value).in_([(one.kind, one.value) for one in said])
    held = {Identifier(*row) for row in connection.execute(elsewhere.where(wanted))} if said else set()
    subject.common_tokens |= _spelt_alike(connection, elsewhere, {token for one in said if (token := telling(one))})
    beside = select(records.c.document).where(
        records.c.profile_id.in_(subject.rebuilt), records.c.record_id.not_in(subject.records)
    )
    for document in connection.scalars(beside):
        held |= {Identifier(one["kind"], one["value"]) for one in document.get("identifiers") or []}
    carrying = text(  # events of other people's records carry them, on any device
        "SELECT DISTINCT kind, value FROM timeline t, jsonb_to_recordset(t.identifiers) AS held(kind text, value text)"
        " JOIN jsonb_to_recordset(cast(:wanted AS jsonb)) AS wanted(kind text, value text) USING (kind, value)"
        " WHERE t.record_id <> ALL(:records)"
    )
    given = {"wanted": _listed(said), "records": sorted(subject.records)}
    return held | {Identifier(*row) for row in connection.execute(carrying, given)}


def _spelt_alike(connection: Connection, others: Select[Any], tokens: set[str]) -> set[str]:
    """Which of these ids an identifier of somebody else is spelt like, of whatever kind."""
    if not tokens:
        return set()
    ends = [f"%{one.lstrip('0')}" for one in tokens if one.isdecimal()]
    of = identifiers.c
    alike = or_(
        func.lower(of.value).in_(tokens), and_(of.kind == "phone", of.value.like(any_(cast(ends, ARRAY(Text)))))
    )
    found = {Identifier(*row) for row in connection.execute(others.where(alike))}
    return tokens & {value for one in found for value in (one.value.casefold(), *(form.value for form in forms(one)))}


def erase(
    connection: Connection,
    subject: Subject,
    theirs: IsTheirs,
    channels: Mapping[str, Channel],
    without_names: Callable[[str, set[str]], str],
    rebuild: Rebuild,
    now: datetime,
    erasure_id: str,
) -> dict[str, int]:
    """Deletes their rows, returns how many by table, and rebuilds the profiles that continue without them."""
    found: dict[str, int] = {}

    def gone(table: Table, condition: Any) -> None:
        found[table.name] = found.get(table.name, 0) + connection.execute(delete(table).where(condition)).rowcount

    subject.events |= _live_events(connection, subject)
    found["identity_history"] = _shorten_history(connection, subject)
    found["live_records"] = unbind(connection, subject)
    found["claims"] = take_out(connection, subject, Naming(subject, channels), channels, now)
    gone(inbox, messages_of(subject))
    for table in reversed(schema.metadata.sorted_tables):
        for columns, whose in ANSWERS[table.name].gone_by.items():
            gone(table, _has_a_key(table, columns.split(), sorted(subject.keys(whose))))
    found["legal_holds"] = holds.forget(connection, subject.records)
    _delete_refused(connection, theirs, channels, gone)
    found["written_by_staff"] = _redact(connection, Redaction(subject))
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
    """Their requests stay, as proof that they were handled, but without the person."""
    of = or_(privacy_requests.c.profile_id.in_(subject.profiles), privacy_requests.c.request_id.in_(request_ids))
    for request_id, profile_id in connection.execute(
        select(privacy_requests.c.request_id, privacy_requests.c.profile_id).where(of)
    ).all():
        events = select(privacy_request_events.c.event_id).where(privacy_request_events.c.request_id == request_id)
        connection.execute(delete(privacy_request_notes).where(privacy_request_notes.c.event_id.in_(events)))
        whose = profile_id if profile_id.startswith("erased:") else f"erased:{reference(key, 'profile', profile_id)}"
        one = update(privacy_requests).where(privacy_requests.c.request_id == request_id)
        connection.execute(one.values(profile_id=whose, details={}))


def _has_a_key(table: Table, columns: Sequence[str], keys: Sequence[tuple[str, ...]]) -> Any:
    """The condition that these columns together are one of the keys."""
    lists = [cast([key[at] for key in keys], ARRAY(Text)) for at in range(len(columns))]
    if len(columns) == 1:
        return table.c[columns[0]] == func.any(lists[0])
    wanted = func.unnest(*lists).table_valued(*columns).render_derived()
    return tuple_(*(table.c[one] for one in columns)).in_(select(*(wanted.c[one] for one in columns)))


def _live_events(connection: Connection, subject: Subject) -> set[str]:
    found = set(connection.scalars(select(timeline.c.event_id).where(timeline.c.record_id.in_(subject.records))))
    carrying = text(
        "SELECT DISTINCT t.event_id FROM jsonb_array_elements(cast(:wanted AS jsonb)) one"
        " JOIN timeline t ON t.record_id IS NULL AND t.identifiers @> jsonb_build_array(one)"
    )
    return found | set(connection.scalars(carrying, {"wanted": _listed(subject.identifiers)}))


def _listed(wanted: set[Identifier]) -> str:
    return json.dumps([{"kind": one.kind, "value": one.value} for one in sorted(wanted)])


def _shorten_history(connection: Connection, subject: Subject) -> int:
    history, touched = identity_history.c, 0
    theirs = or_(
        history.records.has_any(cast(sorted(subject.records), ARRAY(Text))),
        history.profile_id.in_(subject.profiles),
        history.other_id.in_(subject.profiles),
    )
    columns = history.history_id, history.records, history.reason, history.actor
    for history_id, named, reason, actor in connection.execute(select(*columns).where(theirs)).all():
        left = [one for one in named if one not in subject.records]
        said = reason if actor in AUTOMATIC else ERASED
        one = update(identity_history).where(history.history_id == history_id)
        touched += connection.execute(one.values(records=left, evidence=None, reason=said)).rowcount
    return touched


def _delete_refused(
    connection: Connection, theirs: IsTheirs, channels: Mapping[str, Channel], gone: Callable[[Table, Any], None]
) -> None:
    columns = inbox_quarantine.c
    rows = connection.execute(select(columns.quarantine_id, columns.source, columns.raw))
    found = [row.quarantine_id for row in rows if theirs(row.raw, read_message(channels, row.source, row.raw))]
    gone(inbox_quarantine, columns.quarantine_id.in_(found))


def _redact(connection: Connection, redaction: Redaction) -> int:
    """Redacts names and identifiers in free text of rows that stay."""
    changed = 0
    for table in schema.metadata.sorted_tables:
        for name in ANSWERS[table.name].free_columns:
            column, key = table.c[name], list(table.primary_key)
            for row in connection.execute(select(column, *key).where(column.is_not(None))).all():
                if (left := redaction(row[0])) != row[0]:
                    own = [one == value for one, value in zip(key, row[1:], strict=True)]
                    changed += connection.execute(update(table).where(*own).values({name: left})).rowcount
    return changed
