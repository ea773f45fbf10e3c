"""A conversation that was handed over, written into the store."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from stores.schema import conversation_entries, conversations, handoff_events, handoffs


def handed_over(
    connection: Connection, record_id: str, conversation_id: str, at: datetime, said: str = "my card is gone", **of: Any
) -> None:
    """A hand-off that waits, and one entry of each kind."""
    opened = {"conversation_id": conversation_id, "record_id": record_id, "channel": "web_chat", "opened_at": at}
    connection.execute(insert(conversations).values(opened))
    handoff = {"handoff_id": f"of-{conversation_id}", "conversation_id": conversation_id, "request_key": "k"}
    handoff |= {"channel": "web_chat"}
    handoff |= {"requested_by": "bot-1", "requested_through": "bot", "requested_at": at, "why": "failed_attempts"}
    handoff |= {
        "verified_by": "login",
        "shown": ["identity"],
        "profile_version": 3,
        "state": "queued",
        "changed_at": at,
    }
    connection.execute(insert(handoffs).values(handoff | of))
    step = {"handoff_id": f"of-{conversation_id}", "at": at, "step": "queue", "state": "queued"}
    connection.execute(insert(handoff_events).values(step | {"actor": "bot-1", "role": "bot"}))
    entries: list[dict[str, Any]] = [
        {"kind": "message", "said_by": "customer", "text": said},
        {"kind": "slot", "said_by": "bot", "name": "card_number", "text": "ends in 42"},
        {"kind": "tried", "said_by": "bot", "name": "block_card", "outcome": "failed"},
        {"kind": "promise", "said_by": "bot", "due_on": at.date(), "text": "a new card"},
        {"kind": "summary", "said_by": "bot", "text": "a lost card"},
    ]
    for one in entries:
        connection.execute(insert(conversation_entries).values({"conversation_id": conversation_id, "at": at} | one))
