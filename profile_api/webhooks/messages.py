"""What one subscription is told of one event: what the gate permits it at the moment of telling.

Where nothing about the person is permitted, the notification names nobody. The exceptions are the person's decision
about the subscription's own purpose, and their erasure: whoever may not use the data any more has to learn of whom.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloudevents.core.bindings.http import HTTPMessage, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from sqlalchemy import select
from standardwebhooks import Webhook

from consent.model import Actor, Role
from contracts.categories import Category
from profile_api.errors import Problem
from profile_api.gate import Ask, Gate, by_id
from profile_api.views import Answer, ProfileData
from profile_api.webhooks.kinds import CONSENT_CHANGED, EXTRACT_RECALLED, REACHING
from stores.schema import audit

SOURCE = "urn:one-customer-view"


@dataclass(frozen=True, repr=False)
class Subscription:
    """Whom to tell; holds the secret, so it has no repr."""

    subscription_id: str
    url: str
    purpose: str
    role: str
    secret: str


@dataclass(frozen=True)
class Event:
    """What happened, as the outbox holds it."""

    sequence: int
    event_id: str
    kind: str
    profile_id: str
    at: datetime
    data: dict[str, Any]


def signed(gate: Gate, subscription: Subscription, event: Event, now: datetime) -> HTTPMessage:
    """The event as a signed request; raises a Problem (503) where the gate cannot decide now."""
    data = _data(gate, subscription, event)
    attributes = {
        "id": event.event_id,
        "source": SOURCE,
        "type": event.kind,
        "time": event.at,
        "datacontenttype": "application/json",
    }
    if data.get("profile_id"):
        attributes["subject"] = data["profile_id"]
    message = to_structured_event(CloudEvent(attributes, data))
    signature = Webhook(subscription.secret).sign(event.event_id, now, message.body.decode())
    headers = {
        "webhook-id": event.event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }
    return HTTPMessage({**message.headers, **headers}, message.body)


def _data(gate: Gate, subscription: Subscription, event: Event) -> dict[str, Any]:
    actor = Actor(f"webhook:{subscription.subscription_id}", Role(subscription.role))
    ask = Ask(actor, subscription.purpose, "webhook")
    if event.kind in REACHING and _was_told(gate, ask, event.profile_id):
        return {"profile_id": event.profile_id, "purpose": subscription.purpose, **event.data}
    if event.kind == EXTRACT_RECALLED and event.data.get("purpose") == subscription.purpose:
        return event.data  # references, by which whoever holds the table finds the rows, and nobody else anything
    try:
        answer: Answer[ProfileData] = gate.answer(
            ask, by_id(event.profile_id), lambda reading, profile, mask, may: mask.profile()
        )
    except Problem as problem:
        if problem.status >= 500:
            raise
        return {"purpose": subscription.purpose, "withheld": problem.kind}
    if len(answer.withheld) < len(Category):
        return {**answer.model_dump(mode="json", exclude_none=True), "change": event.data}
    if event.kind == CONSENT_CHANGED and event.data.get("purpose") == subscription.purpose:
        status = answer.consent.get(subscription.purpose)
        return {
            "profile_id": answer.profile_id,
            "purpose": subscription.purpose,
            "consent": {subscription.purpose: status.model_dump(mode="json")} if status else {},
        }
    return {"purpose": subscription.purpose, "withheld": answer.decision.policy}


def _was_told(gate: Gate, ask: Ask, profile_id: str) -> bool:
    """Whether anything of this person ever left for this subscription (GDPR art. 19: who got data hears of the end)."""
    of = audit.c
    left = select(of.audit_id).where(of.actor == ask.actor.subject, of.profile_id == profile_id)
    with gate.acting(ask) as reading:
        return reading.connection.scalar(left.where(of.decision["allowed"] != []).limit(1)) is not None
