"""A live event as a row of its source's contract, and which of a browser's two records an unproven one belongs to."""

from dataclasses import replace
from typing import Any

from contracts.assurance import Proof
from contracts.events import LiveEvent
from contracts.live_keys import later_visitor_key


def after_sign_in(event: LiveEvent) -> LiveEvent:
    """An unproven message of a browser whose visitor already belongs to a person: it goes to a separate record."""
    return replace(event, key=later_visitor_key(str(event.anonymous_id)), later=True)


def as_kept(event: LiveEvent, record_id: str) -> LiveEvent:
    """The event of the record that it was projected into."""
    later = event.proof is Proof.NONE and event.anonymous_id is not None
    return after_sign_in(event) if later and record_id.endswith(later_visitor_key(str(event.anonymous_id))) else event


def event_payload(source: str, event: LiveEvent) -> dict[str, Any]:
    """The event as a row for the source's contract, live and in the batch, with the ids of its person."""
    server = event.proof is Proof.SERVER
    return {
        "message_id": event.message_id,
        "at": event.occurred_at.isoformat(),
        "type": event.type,
        "key": event.key,
        "user_id": None if event.proof is Proof.NONE else event.user_id,
        "anonymous_id": event.anonymous_id if server else None,
        "visitor_id": event.visitor(source) if event.proof is Proof.NONE else None,
        "external": event.external_ids if server else {},
        "intent": event.intent,
        "amount": event.amount,
        "properties": event.properties,
    }
