"""Live collection's data of a person: visitors whom they took over, and their messages."""

from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from sqlalchemy import ARRAY, ColumnElement, Connection, Text, cast, func, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB

from contracts.channel import Channel
from contracts.standard import person_record
from erasure.people.personal_values import PersonalValues, full_names
from erasure.people.subject import Subject, source_keys
from read_model.live.live_records import said_payload
from stores.schema import inbox, live_records, records

_VISITORS = text(
    "SELECT v.record_id FROM live_records v JOIN unnest(CAST(:sources AS text[]), CAST(:keys AS text[]))"
    " AS user_(source, key) ON v.source = user_.source AND v.payload ->> 'bound' = user_.key"
    " WHERE NOT EXISTS (SELECT FROM records r WHERE r.record_id = v.record_id)"
)
"""A visitor who was never seen without a user has no record of its own, and so no profile that leads to it."""


def visitors_of(connection: Connection, record_ids: set[str]) -> set[str]:
    """Visitors' records that exist only in live collection, of devices on which these records' users signed in
    first."""
    keys = sorted(source_keys(record_ids))
    found = connection.scalars(_VISITORS, {"sources": [one for one, _ in keys], "keys": [one for _, one in keys]})
    return set(found)


def complete(
    connection: Connection, subject: Subject, personal: PersonalValues, channels: Mapping[str, Channel], now: datetime
) -> None:
    """Adds the data of live records and messages about the subject's records, whether the lake has them or not."""
    for (document,) in connection.execute(select(records.c.document).where(records.c.record_id.in_(subject.records))):
        personal.record(document)
    held = live_records.c
    for source, payload in connection.execute(
        select(held.source, held.payload).where(held.record_id.in_(subject.records))
    ):
        personal.payload(channels.get(source), said_payload(payload), now)
        if source in channels:
            personal.identifiers |= set(person_record(channels[source], said_payload(payload), now).identifiers)
    messages = select(inbox.c.item).where(messages_of(subject))
    for item in connection.scalars(messages):
        for name in ("traits", "properties", "context", "userId", "anonymousId", "previousId", "messageId"):
            personal.texts({name: item.get(name)})


def borne(connection: Connection, subject: Subject, wanted: set[str]) -> set[str]:
    """Which of these full names occur in others' live records."""
    said = records.c.document
    live = select(said["given_name"].astext, said["family_name"].astext).where(
        records.c.record_id.in_(select(live_records.c.record_id)), records.c.record_id.not_in(subject.records)
    )
    return {
        name for given, family in connection.execute(live) for name in full_names(given or "", family or "")
    } & wanted


def messages_of(subject: Subject) -> ColumnElement[bool]:
    """Messages of the subject's records, and those whose event is theirs."""
    keys = sorted(source_keys(subject.events))
    pairs = [cast([key[at] for key in keys], ARRAY(Text)) for at in (0, 1)]
    by_event = tuple_(inbox.c.source, inbox.c.message_id).in_(select(*(func.unnest(one) for one in pairs)))
    return or_(inbox.c.record_id.in_(subject.records), by_event)


def unbind(connection: Connection, subject: Subject) -> int:
    """Removes the erased first user from visitors who belong to somebody else now."""
    changed = 0
    payload = live_records.c.payload
    for source, key in sorted(source_keys(subject.records)):
        bound = update(live_records).where(live_records.c.source == source, payload["bound"].astext == key)
        nobody = payload.op("||")(cast({"bound": f"erased-{uuid4().hex}", "bonds": {}}, JSONB))
        changed += connection.execute(bound.values(payload=nobody)).rowcount
    return changed
