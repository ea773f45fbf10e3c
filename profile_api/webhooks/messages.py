"""What one subscription is told of one event: what the gate permits it at the moment of telling.

Where nothing of what happened may be seen for its purpose, it is told nothing at all: that there was something to tell
would say that the person did something. The exceptions are the person's decision about the subscription's own purpose,
and their erasure: whoever may not use the data any more has to learn of whom.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloudevents.core.bindings.http import HTTPMessage, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from sqlalchemy import select
from standardwebhooks import Webhook

from consent.model import Actor, LegalBasis, Role
from consent.purposes import published_purposes
from contracts.categories import Category
from profile_api.errors import Problem
from profile_api.gate import Ask, Gate, by_id
from profile_api.views import Answer, ProfileData
from profile_api.webhooks.kinds import CONSENT_CHANGED, EXTRACT_RECALLED, PROFILE_UPDATED, REACHING
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


def signed(gate: Gate, subscription: Subscription, event: Event, now: datetime) -> HTTPMessage | None:
    """The event as a signed request, None where there is nothing to tell; raises a Problem (503) where the gate cannot
    decide now."""
    data = _data(gate, subscription, event)
    if data is None:
        return None
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


def _data(gate: Gate, subscription: Subscription, event: Event) -> dict[str, Any] | None:
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
        return None
    own_purpose = event.data.get("purpose") == subscription.purpose
    if _may_hear(answer, event, own_purpose or not _rests_on_consent(subscription)):
        change = {name: value for name, value in event.data.items() if name != "categories"}
        return {**answer.model_dump(mode="json", exclude_none=True), "change": change}
    if event.kind == CONSENT_CHANGED and own_purpose:
        status = answer.consent.get(subscription.purpose)
        return {
            "profile_id": answer.profile_id,
            "purpose": subscription.purpose,
            "consent": {subscription.purpose: status.model_dump(mode="json")} if status else {},
        }
    return None


def _may_hear(answer: Answer[ProfileData], event: Event, of_decision: bool) -> bool:
    """Whether what happened is anything that this purpose may see of the person."""
    allowed = {category.value for category in Category} - {one.category for one in answer.withheld}
    if event.kind == PROFILE_UPDATED:
        return not allowed.isdisjoint(event.data.get("categories") or ())
    return bool(allowed) and (event.kind != CONSENT_CHANGED or of_decision)


def _rests_on_consent(subscription: Subscription) -> bool:
    purpose = published_purposes().get(subscription.purpose)
    return purpose is None or purpose.legal_basis is LegalBasis.CONSENT


def _was_told(gate: Gate, ask: Ask, profile_id: str) -> bool:
    """Whether anything of this person ever left for this subscription (GDPR art. 19: who got data hears of the end)."""
    of = audit.c
    left = select(of.audit_id).where(of.actor == ask.actor.subject, of.profile_id == profile_id)
    with gate.acting(ask) as reading:
        return reading.connection.scalar(left.where(of.decision["allowed"] != []).limit(1)) is not None
