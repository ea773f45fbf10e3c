"""What is asked and by whom, and what stands against an answer whatever is found."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from consent.model import Actor, Decision, Purpose, Role
from contracts.categories import Category
from contracts.identifiers import Identifier
from profile_api.errors import Problem
from profile_api.stored import StoredProfile

REFERENCE = re.compile(r"(?=.*[A-Za-z])(?=.*\d)[A-Za-z0-9][A-Za-z0-9._/-]{2,63}")
"""A case's number: no name, no address and no phone number is one, since it is kept in the audit for good."""

REFUSALS = frozenset({"purpose-refused", "role-not-permitted"})
NOBODY = StoredProfile("", {}, {"identifiers": [{"kind": "none", "value": "none"}]})


@dataclass(frozen=True)
class Ask:
    """Who asks, for which purpose (its id, as it came), by which route; `only` are the purposes that this serves.

    `of_case` is False where nobody's data is asked for, so that there is no case yet: lists, and what opens a case.
    `repair`: a steward takes back, or looks for, what was wrongly joined. No objection stands against that.
    """

    actor: Actor
    purpose: str | None
    action: str
    only: frozenset[str] = frozenset()
    of_case: bool = True
    repair: bool = False


@dataclass(frozen=True)
class Found:
    """The person that was asked about; `requested_id` or `by` is what was asked with."""

    profile: StoredProfile
    requested_id: str | None = None
    by: Identifier | None = None


def referring(actor: Actor, headers: Mapping[str, str], path: Mapping[str, str]) -> Actor:
    """The actor with the case that the request names: the privacy request of its path, else its `Case-Reference`."""
    named = path.get("request_id") or path.get("intake_id") or headers.get("case-reference", "")
    return replace(actor, reference=named) if REFERENCE.fullmatch(named) else actor


def purpose_of(ask: Ask, purposes: Mapping[str, Purpose]) -> Purpose:
    """The purpose that is stated; a 400 where none is."""
    purpose = purposes.get(ask.purpose or "")
    if purpose is None:
        valid = sorted(known.id for known in purposes.values() if not known.refused)
        detail = "Expected a header `Purpose` that says what the data is for, found none that is known; see `valid`."
        raise Problem(400, "purpose-required", detail, valid=valid)
    return purpose


def refusal(ask: Ask, decision: Decision, purpose: Purpose) -> Problem | None:
    """What is refused whomever it is about."""
    if decision.policy in REFUSALS:
        return Problem(403, decision.policy, decision.categories[0].reason, policy=decision.policy)
    if ask.only and decision.purpose not in ask.only:
        valid = sorted(ask.only)
        return Problem(403, "purpose-not-suited", "Expected a purpose that this serves, see `valid`.", valid=valid)
    if needs_reference(ask, purpose) and not ask.actor.reference:
        detail = (
            "Expected a header `Case-Reference` with the number of the case or request that this is for (letters and "
            "digits, 3 to 64), found none; the attempt was recorded."
        )
        return Problem(400, "reference-required", detail)
    return None


def needs_reference(ask: Ask, purpose: Purpose) -> bool:
    """Whether a case must be named: by staff, where the purpose says so; a customer's case is their own."""
    return purpose.needs_reference and ask.of_case and ask.actor.role is not Role.CUSTOMER


def unsuited(
    ask: Ask, purpose: Purpose, profile_id: str | None, is_case_of: Callable[[str | None, str], bool]
) -> Problem | None:
    """What is refused where the case is a privacy request here, and not one of this person."""
    if profile_id is None or not needs_reference(ask, purpose) or is_case_of(ask.actor.reference, profile_id):
        return None
    detail = "Expected the reference of a case that is about this person, found a request of another, or none."
    return Problem(403, "reference-not-suited", detail)


def as_recorded(decision: Decision, reference: str | None) -> dict[str, Any]:
    """What the audit keeps of a decision, and of the case that it was made for."""
    return {
        "policy": decision.policy,
        "allowed": sorted(decision.allowed),
        "withheld": {one.category.value: one.policy for one in decision.withheld},
        "consent_event": decision.consent_event,
        "notice_version": decision.notice_version,
        **({"reference": reference} if reference else {}),
    }


def met(found: Found | Problem) -> str:
    """Whom the asker met by it; whoever guesses meets somebody new each time."""
    return found.profile.profile_id if isinstance(found, Found) else uuid4().hex


def may_know(actor: Actor, found: Found, decision: Decision) -> bool:
    """Customers only of themselves; and nobody by a sensitive identifier that they may not see."""
    if actor.role is Role.CUSTOMER and found.profile.profile_id != actor.profile_id:
        return False
    return Category.SENSITIVE in decision.allowed or not any(
        Identifier(one["kind"], one["value"]) == found.by and one.get("category") == Category.SENSITIVE
        for one in found.profile.document.get("identifiers") or []
    )
