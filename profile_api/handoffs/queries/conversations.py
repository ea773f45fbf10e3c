"""Stored conversations and what was said in them."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from contracts.identifiers import Identifier
from engagement.handoffs.content import ConversationEntry, EntryKind, Outcome
from stores.schema import conversation_entries, conversations, records


def records_of(connection: Connection, profile_id: str) -> dict[str, frozenset[Identifier]]:
    """The records of a person that are on file, each with its identifiers."""
    of = records.c
    query = select(of.record_id, of.document["identifiers"]).where(of.profile_id == profile_id).order_by(of.record_id)
    return {
        record_id: frozenset(Identifier(one["kind"], one["value"]) for one in carried or [])
        for record_id, carried in connection.execute(query)
    }


def record_of(connection: Connection, conversation_id: str) -> str | None:
    """The record that a conversation belongs to."""
    return connection.scalar(
        select(conversations.c.record_id).where(conversations.c.conversation_id == conversation_id)
    )


def size_of(connection: Connection, conversation_id: str) -> int:
    """How many entries a conversation has."""
    of = conversation_entries.c
    return connection.scalar(select(func.count()).where(of.conversation_id == conversation_id)) or 0


def open_conversation(
    connection: Connection, conversation_id: str, record_id: str, channel: str, now: datetime
) -> str | None:
    """Opens a conversation where there is none yet, and keeps other requests in it waiting; returns the record that it
    belongs to."""
    row = {"conversation_id": conversation_id, "record_id": record_id, "channel": channel, "opened_at": now}
    connection.execute(upsert(conversations).values(row).on_conflict_do_nothing())
    query = (
        select(conversations.c.record_id).where(conversations.c.conversation_id == conversation_id).with_for_update()
    )
    return connection.scalar(query)


def add_entries(connection: Connection, conversation_id: str, entries: Iterable[ConversationEntry]) -> None:
    """Adds entries, in the order in which they came."""
    rows = [
        {
            "conversation_id": conversation_id,
            "kind": one.kind,
            "at": one.at,
            "said_by": one.said_by,
            "name": one.name,
            "outcome": one.outcome,
            "due_on": one.due_on,
            "text": one.text,
        }
        for one in entries
    ]
    if rows:
        connection.execute(insert(conversation_entries), rows)


def entries_of(connection: Connection, conversation_id: str) -> list[ConversationEntry]:
    """What is in a conversation, in the order in which it was said."""
    of = conversation_entries.c
    query = select(conversation_entries).where(of.conversation_id == conversation_id).order_by(of.at, of.entry_id)
    return [
        ConversationEntry(
            EntryKind(row.kind),
            row.at,
            row.said_by,
            row.text,
            row.name,
            Outcome(row.outcome) if row.outcome else None,
            row.due_on,
        )
        for row in connection.execute(query)
    ]
