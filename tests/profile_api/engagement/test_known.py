"""What the gate's decision and a person's choices mean for who serves and what may be offered."""

from typing import Any

import pytest

from consent.decide import decide
from consent.loading import published_policies
from consent.model import Actor, ConsentEvent, ConsentState, Decision, Role
from consent.purposes import published_purposes
from contracts.categories import Category
from contracts.identifiers import Identifier
from profile_api.engagement.known import consent_denies, expired, is_restricted, offers, usable_now
from profile_api.responses.views import ConsentStatus
from tests.profile_api.people import NOW

PURPOSES, POLICIES = published_purposes(), published_policies()
COVERED = {Category.IDENTITY, Category.CONTACT, Category.TRANSACTION, Category.BEHAVIOUR, Category.COMMUNICATION}


def decided(purpose: str, state: str | None = None, **of: Any) -> Decision:
    event = Identifier("email", "a@inbox.example"), purpose, ConsentState(state or "ConsentUnknown"), NOW, "2020-1"
    events = [ConsentEvent("c", *event)] if state else []
    return decide(POLICIES, events, Actor("a", Role.ADVISOR), PURPOSES[purpose], Category, NOW, **of)


@pytest.mark.parametrize(
    ("may", "denies", "restricted", "usable"),
    [
        (decided("service"), False, False, COVERED),
        (decided("service", restricted=True), False, True, set()),
        # What has ended is not what is said now
        (decided("service", ended=COVERED), False, False, COVERED),
        (decided("service", ended={Category.COMMUNICATION}), False, False, COVERED),
        (decided("service", ended=COVERED, restricted=True), False, True, set()),
        # A choice that denies the whole purpose
        (decided("advice", "ConsentRefused"), True, False, set()),
        (decided("advice"), False, False, COVERED - {Category.CONTACT}),
        (decided("personalisation"), True, False, set()),
        (decided("personalisation", "ConsentWithdrawn", restricted=True), False, True, set()),
    ],
)
def test_law_and_consent_are_what_the_gate_decided(
    may: Decision, denies: bool, restricted: bool, usable: set[Category]
) -> None:
    assert (consent_denies(may), is_restricted(may), set(usable_now(may))) == (denies, restricted, usable)


def status(state: str = "ConsentGiven", permits: bool | None = None) -> ConsentStatus:
    said = ConsentState(state).permits if permits is None else permits
    return ConsentStatus(state=state, permits=said, decided_at=None, consent_event=None, notice_version=None)


@pytest.mark.parametrize(
    ("channel", "consent", "expected"),
    [
        ("chat", {}, "not_permitted"),
        ("chat", {"personalisation": status()}, "permitted"),
        ("chat", {"personalisation": status("ConsentExpired")}, "not_permitted"),
        ("chat", {"personalisation": status(permits=False)}, "not_permitted"),
        ("chat", {"personalisation": status("ConsentRefused")}, "refused"),
        ("post", {"personalisation": status()}, "not_permitted"),
        ("post", {"marketing_post": status()}, "permitted"),
        ("chat", {"marketing_post": status()}, "not_permitted"),
        ("phone", {"marketing_phone": status(), "personalisation": status("ConsentWithdrawn")}, "refused"),
        # A no to any direct marketing is a no everywhere; one to something else is not
        ("chat", {"personalisation": status(), "marketing_email": status("ConsentWithdrawn")}, "refused"),
        ("chat", {"personalisation": status(), "analytics": status("ConsentRefused")}, "permitted"),
        ("office", {"analytics": status()}, "not_permitted"),
        ("fax", {"personalisation": status()}, "not_permitted"),
    ],
)
def test_offers_need_a_yes_for_the_channel_and_no_no(
    channel: str, consent: dict[str, ConsentStatus], expected: str
) -> None:
    assert offers(consent, channel, PURPOSES.values()) == expected


def test_what_has_expired_is_named_with_the_consent_that_has() -> None:
    ended = status("ConsentExpired").model_copy(update={"consent_event": "6f1c0d"})
    assert expired({"personalisation": ended, "advice": status()}) == {"personalisation": "6f1c0d"}
