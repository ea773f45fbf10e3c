"""Whom other systems' changes are told to; a privacy officer decides who is told, since it is a disclosure."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from consent.model import Actor, Role
from consent.purposes import published_purposes
from profile_api.access.gate import AccessRequest, Gate, Reading
from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, Configured, Now, PurposeHeader
from profile_api.http.instants import Instant
from profile_api.responses.errors import Problem
from profile_api.responses.views import View
from profile_api.webhooks.addresses import ForbiddenAddress, check_url
from profile_api.webhooks.queries import deliveries, subscriptions
from read_model.outbox.kinds import KINDS

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], responses=PROBLEMS)

SubscriptionId = Annotated[str, Path(max_length=100, pattern=r"^[a-z0-9_]+$")]


class NewSubscription(BaseModel):
    """Whom to tell of what. `purpose` and `role` decide what a delivery may hold, by the same policies as a read."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
    kinds: Annotated[list[Literal[*sorted(KINDS)]], Field(min_length=1, max_length=50)]  # type: ignore[valid-type]  # the registry's
    purpose: Annotated[str, StringConstraints(max_length=100)]
    role: Literal["bot", "steward"] = "bot"


class SubscriptionView(View):
    subscription_id: str
    url: str
    kinds: list[str]
    purpose: str
    role: str
    created_by: str
    created_at: datetime
    pending: int = 0
    delivered: int = 0
    dead: int = 0
    unreached: int = Field(0, description="erasures and restrictions of people it was told of, and could not hear of")
    ended_at: datetime | None = Field(None, description="since when it is told only of erasures and restrictions")


class CreatedSubscription(SubscriptionView):
    secret: str = Field(description="verifies the signatures (Standard Webhooks); shown here and never again")


class Subscriptions(View):
    subscriptions: list[SubscriptionView]


class Replay(BaseModel):
    model_config = ConfigDict(extra="forbid")

    since: Instant


class Rotation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    hours: int = Field(24, ge=0, le=720, description="for how long the present secret signs as well")


class Replayed(View):
    due: int = Field(description="deliveries that are due once more")


EXAMPLES = {
    "an e-mail tool": {
        "value": {
            "url": "https://mail.example/hooks/customers",
            "kinds": ["profile.updated", "consent.changed"],
            "purpose": "marketing_email",
        }
    }
}


@router.post("", status_code=201, summary="Subscribe a system to changes")
def create_subscription(
    gate: AskedGate,
    reader: Reader,
    now: Now,
    settings: Configured,
    wanted: Annotated[NewSubscription, Body(openapi_examples=EXAMPLES)],
    purpose: PurposeHeader = None,
) -> CreatedSubscription:
    """The secret in the answer is shown once."""
    with _deciding(gate, reader, purpose, "webhook.create") as reading:
        bound = published_purposes().get(wanted.purpose)
        if bound is None or bound.refused or bound.needs_reference or wanted.role not in bound.roles:
            detail = (
                f"Expected a purpose for which a {wanted.role} may read, case or no case; found one for which none may."
            )
            raise Problem(422, "invalid-subscription", detail)
        try:
            check_url(wanted.url, settings.demo)
        except ForbiddenAddress as error:
            raise Problem(422, "invalid-subscription", f"{str(error).capitalize()}.") from error
        found = reading.run(subscriptions.create, **wanted.model_dump(), by=reader.subject, now=now)
    return CreatedSubscription(**found)


@router.get("", summary="List the subscriptions")
def list_subscriptions(gate: AskedGate, reader: Reader, purpose: PurposeHeader = None) -> Subscriptions:
    """Each with how many deliveries wait, arrived, or were given up; those that were ended too, with `unreached`."""
    with _deciding(gate, reader, purpose, "webhook.list") as reading:
        found = reading.run(subscriptions.listed)
    return Subscriptions(subscriptions=[SubscriptionView(**one) for one in found])


@router.delete("/{subscription_id}", status_code=204, summary="End a subscription")
def delete_subscription(
    gate: AskedGate, reader: Reader, now: Now, subscription_id: SubscriptionId, purpose: PurposeHeader = None
) -> None:
    """What waits for it is forgotten. If somebody whom it was told of is erased or restricted, it still hears that."""
    with _deciding(gate, reader, purpose, "webhook.delete") as reading:
        if not reading.run(subscriptions.end, subscription_id, now):
            raise _unknown()


@router.post("/{subscription_id}/replay", status_code=202, summary="Tell everything since an instant once more")
def replay_subscription(
    gate: AskedGate,
    reader: Reader,
    now: Now,
    subscription_id: SubscriptionId,
    wanted: Annotated[Replay, Body(openapi_examples={"since": {"value": {"since": "2024-05-01T00:00:00Z"}}})],
    purpose: PurposeHeader = None,
) -> Replayed:
    """Also what was delivered, and what was given up; events are kept for thirty days."""
    with _deciding(gate, reader, purpose, "webhook.replay") as reading:
        if not reading.run(subscriptions.exists, subscription_id):
            raise _unknown()
        due = reading.run(deliveries.replay, subscription_id, wanted.since, now)
    return Replayed(due=due)


@router.post("/{subscription_id}/rotate", summary="Replace a subscription's secret")
def rotate_secret(
    gate: AskedGate,
    reader: Reader,
    now: Now,
    subscription_id: SubscriptionId,
    wanted: Annotated[Rotation, Body(openapi_examples={"a day": {"value": {"hours": 24}}})],
    purpose: PurposeHeader = None,
) -> CreatedSubscription:
    """Deliveries carry both signatures for a while: whoever verifies by either secret goes on."""
    with _deciding(gate, reader, purpose, "webhook.rotate") as reading:
        found = reading.run(subscriptions.rotate, subscription_id, now + timedelta(hours=wanted.hours))
    if found is None:
        raise _unknown()
    return CreatedSubscription(**found)


@contextmanager
def _deciding(gate: Gate, reader: Actor, purpose: str | None, action: str) -> Iterator[Reading]:
    with gate.acting(AccessRequest(reader, purpose, action, of_case=False)) as reading:
        if reader.role is not Role.PRIVACY_OFFICER:
            detail = "Expected a privacy officer, who decides to whom data is disclosed; found another role."
            raise Problem(403, "role-not-permitted", detail)
        yield reading


def _unknown() -> Problem:
    return Problem(404, "subscription-not-found", "Expected the id of a subscription, found none; list them.")
