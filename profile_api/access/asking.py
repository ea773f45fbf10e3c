"""Access requests, and the reasons to refuse one before anybody is found."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from consent.model import Actor, Decision, Purpose, Role
from contracts.categories import Category
from contracts.identifiers import Identifier
from profile_api.access.stored import StoredProfile
from profile_api.responses.errors import Problem

NO_REQUEST = "r_none"
"""Recorded in place of a path's malformed request id; it matches nothing."""
REFERENCE = re.compile(r"(?=.*[A-Za-z])(?=.*\d)[A-Za-z0-9][A-Za-z0-9._/-]{2,63}")
"""The form of a case number: it excludes names, addresses and phone numbers, since the audit keeps it."""

REFUSALS = frozenset({"purpose-refused", "role-not-permitted"})
NOBODY = StoredProfile("", {}, {"identifiers": [{"kind": "none", "value": "none"}]})


@dataclass(frozen=True)
class AccessRequest:
    """The requester, the purpose (its id, as sent) and the route; `only` are the purposes that the route serves.

    `of_case` is False if nobody's data is requested, so that there is no case yet: lists, and opening a case.
    `repair`: a steward undoes, or looks for, a wrong join, which no objection prevents.
    """

    actor: Actor
    purpose: str | None
    action: str
    only: frozenset[str] = frozenset()
    of_case: bool = True
    repair: bool = False


@dataclass(frozen=True)
class Found:
    """The requested person; `requested_id` or `by` is how they were named."""

    profile: StoredProfile
    requested_id: str | None = None
    by: Identifier | None = None


def referring(actor: Actor, headers: Mapping[str, str], path: Mapping[str, str]) -> Actor:
    """The actor with the case that the request names: the privacy request of its path, else its `Case-Reference`."""
    named = path.get("request_id") or path.get("intake_id") or headers.get("case-reference", "")
    if "request_id" in path and not REFERENCE.fullmatch(named):
        return replace(actor, reference=NO_REQUEST)
    return replace(actor, reference=named) if REFERENCE.fullmatch(named) else actor


def purpose_of(ask: AccessRequest, purposes: Mapping[str, Purpose]) -> Purpose:
    """The purpose that is stated; a 400 where none is."""
    purpose = purposes.get(ask.purpose or "")
    if purpose is None:
        valid = sorted(known.id for known in purposes.values() if not known.refused)
        detail = "Expected a header `Purpose` that says what the data is for, found none that is known; see `valid`."
        raise Problem(400, "purpose-required", detail, valid=valid)
    return purpose


def refusal(ask: AccessRequest, decision: Decision, purpose: Purpose) -> Problem | None:
    """Refusals that do not depend on the person."""
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


def needs_reference(ask: AccessRequest, purpose: Purpose) -> bool:
    """Whether a case must be named: by staff, where the purpose says so; a customer's case is their own."""
    return purpose.needs_reference and ask.of_case and ask.actor.role is not Role.CUSTOMER


def unsuited(
    ask: AccessRequest, purpose: Purpose, profile_id: str | None, is_case_of: Callable[[str | None, str], bool]
) -> Problem | None:
    """Refuses a case that is a privacy request here, but not of this person."""
    if profile_id is None or not needs_reference(ask, purpose) or is_case_of(ask.actor.reference, profile_id):
        return None
    detail = "Expected the reference of a case that is about this person, found a request of another, or none."
    return Problem(403, "reference-not-suited", detail)


def as_recorded(decision: Decision, reference: str | None) -> dict[str, Any]:
    """The decision and its case in the form that the audit stores."""
    return {
        "policy": decision.policy,
        "allowed": sorted(decision.allowed),
        "withheld": {one.category.value: one.policy for one in decision.withheld},
        "consent_event": decision.consent_event,
        "notice_version": decision.notice_version,
        **({"reference": reference} if reference else {}),
    }


def met(found: Found | Problem) -> str:
    """The people this request counts towards the limit of different people; every wrong guess counts as a new one."""
    return found.profile.profile_id if isinstance(found, Found) else uuid4().hex


def may_know(actor: Actor, found: Found, decision: Decision) -> bool:
    """Customers may only request themselves; nobody may look up by a sensitive identifier that they may not see."""
    if actor.role is Role.CUSTOMER and found.profile.profile_id != actor.profile_id:
        return False
    return Category.SENSITIVE in decision.allowed or not any(
        Identifier(one["kind"], one["value"]) == found.by and one.get("category") == Category.SENSITIVE
        for one in found.profile.document.get("identifiers") or []
    )
