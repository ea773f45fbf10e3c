"""What only live collection knows of a person: visitors whom they took along, and what their messages say."""

from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, cast, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB

from consent.erasure.said import Said, full_names
from consent.erasure.subject import Subject, source_keys
from contracts.channel import Channel
from contracts.standard import person_record
from profile_api.live.live_records import said_payload
from stores.schema import inbox, live_records, records

_VISITORS = text(
    "SELECT v.record_id FROM live_records v JOIN unnest(CAST(:sources AS text[]), CAST(:keys AS text[]))"
    " AS user_(source, key) ON v.source = user_.source AND v.payload ->> 'bound' = user_.key"
    " WHERE NOT EXISTS (SELECT FROM records r WHERE r.record_id = v.record_id)"
)
"""A visitor who was never seen without a user has no record of its own, and so no profile that would lead to it."""


def visitors_of(connection: Connection, record_ids: set[str]) -> set[str]:
    """Visitors' records that live collection alone has, of devices on which these records' users signed in first."""
    keys = sorted(source_keys(record_ids))
    found = connection.scalars(_VISITORS, {"sources": [one for one, _ in keys], "keys": [one for _, one in keys]})
    return set(found)


def complete(
    connection: Connection, subject: Subject, said: Said, channels: Mapping[str, Channel], now: datetime
) -> None:
    """Adds what live records and messages say of the subject's records, whether the lake has them or not."""
    for (document,) in connection.execute(select(records.c.document).where(records.c.record_id.in_(subject.records))):
        said.record(document)
    held = live_records.c
    for source, payload in connection.execute(
        select(held.source, held.payload).where(held.record_id.in_(subject.records))
    ):
        said.payload(channels.get(source), said_payload(payload), now)
        if source in channels:
            said.identifiers |= set(person_record(channels[source], said_payload(payload), now).identifiers)
    messages = select(inbox.c.item).where(messages_of(subject))
    for item in connection.scalars(messages):
        for name in ("traits", "properties", "context", "userId", "anonymousId", "previousId", "messageId"):
            said.texts({name: item.get(name)})


def borne(connection: Connection, subject: Subject, wanted: set[str]) -> set[str]:
    """Which of these full names live records of others say."""
    said = records.c.document
    live = select(said["given_name"].astext, said["family_name"].astext).where(
        records.c.record_id.in_(select(live_records.c.record_id)), records.c.record_id.not_in(subject.records)
    )
    return {
        name for given, family in connection.execute(live) for name in full_names(given or "", family or "")
    } & wanted


def messages_of(subject: Subject) -> ColumnElement[bool]:
    """Messages of the subject's records, and those whose event is theirs."""
    by_event = tuple_(inbox.c.source, inbox.c.message_id).in_(sorted(source_keys(subject.events)))
    return or_(inbox.c.record_id.in_(subject.records), by_event)


def unbind(connection: Connection, subject: Subject) -> int:
    """Visitors who are somebody else's now forget which erased user signed in on their device first."""
    changed = 0
    payload = live_records.c.payload
    for source, key in sorted(source_keys(subject.records)):
        bound = update(live_records).where(live_records.c.source == source, payload["bound"].astext == key)
        nobody = payload.op("||")(cast({"bound": f"erased-{uuid4().hex}"}, JSONB))
        changed += connection.execute(bound.values(payload=nobody)).rowcount
    return changed
