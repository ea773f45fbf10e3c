"""The message of one event for one subscription: what the gate permits at the time of delivery.

If its purpose may see nothing of the event, nothing is sent: a message alone would reveal that the person did
something. The exceptions are the person's decision about the subscription's own purpose, and their erasure: a system
has to learn whose data it may no longer use.
"""

from datetime import datetime
from typing import Any

from cloudevents.core.bindings.http import HTTPMessage, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from standardwebhooks import Webhook

from consent.model import Actor, LegalBasis, Role
from consent.purposes import published_purposes
from contracts.categories import Category
from profile_api.access.gate import AccessRequest, Gate, by_id
from profile_api.responses.errors import Problem
from profile_api.responses.views import Answer, ProfileData
from profile_api.webhooks.queries.disclosures import was_given_data
from profile_api.webhooks.queries.stored import OutboxEvent, Subscription
from read_model.outbox.kinds import CONSENT_CHANGED, EXTRACT_RECALLED, HANDOFF_CHANGED, PROFILE_UPDATED, REACHING

SOURCE = "urn:one-customer-view"


def signed(gate: Gate, subscription: Subscription, event: OutboxEvent, now: datetime) -> HTTPMessage | None:
    """The event as a signed request, None if nothing may be sent; raises a Problem (503) if the gate cannot decide
    now."""
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
    secrets = [one for one in (subscription.secret, subscription.former_secret) if one]
    body = message.body.decode()
    signature = " ".join(Webhook(one).sign(event.event_id, now, body) for one in secrets)
    headers = {
        "webhook-id": event.event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }
    return HTTPMessage({**message.headers, **headers}, message.body)


def _data(gate: Gate, subscription: Subscription, event: OutboxEvent) -> dict[str, Any] | None:
    actor = Actor(f"webhook:{subscription.subscription_id}", Role(subscription.role))
    ask = AccessRequest(actor, subscription.purpose, "webhook")
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


def _may_hear(answer: Answer[ProfileData], event: OutboxEvent, of_decision: bool) -> bool:
    """Whether what happened is anything that this purpose may see of the person."""
    allowed = {category.value for category in Category} - {one.category for one in answer.withheld}
    if event.kind == PROFILE_UPDATED:
        return not allowed.isdisjoint(event.data.get("categories") or ())
    if event.kind == HANDOFF_CHANGED:
        return Category.COMMUNICATION in allowed
    return bool(allowed) and (event.kind != CONSENT_CHANGED or of_decision)


def _rests_on_consent(subscription: Subscription) -> bool:
    purpose = published_purposes().get(subscription.purpose)
    return purpose is None or purpose.legal_basis is LegalBasis.CONSENT


def _was_told(gate: Gate, ask: AccessRequest, profile_id: str) -> bool:
    """Whether anything of this person ever left for this subscription (GDPR art. 19: who got data hears of the end)."""
    with gate.acting(ask) as reading:
        return reading.run(was_given_data, ask.actor.subject, profile_id)
