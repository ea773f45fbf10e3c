"""What is asked and by whom, and what stands against an answer whatever is found."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import uuid4

from consent.model import Actor, Decision, Role
from contracts.categories import Category
from contracts.identifiers import Identifier
from profile_api.errors import Problem
from profile_api.stored import StoredProfile

REFUSALS = frozenset({"purpose-refused", "role-not-permitted"})
NOBODY = StoredProfile("", 0, {"identifiers": [{"kind": "none", "value": "none"}]})


@dataclass(frozen=True)
class Ask:
    """Who asks, for which purpose (its id, as it came), by which route; `only` are the purposes that this serves."""

    actor: Actor
    purpose: str | None
    action: str
    only: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Found:
    """The person that was asked about; `requested_id` or `by` is what was asked with."""

    profile: StoredProfile
    requested_id: str | None = None
    by: Identifier | None = None


def refusal(ask: Ask, decision: Decision) -> Problem | None:
    """What is refused whomever it is about."""
    if decision.policy in REFUSALS:
        return Problem(403, decision.policy, decision.categories[0].reason, policy=decision.policy)
    if ask.only and decision.purpose not in ask.only:
        valid = sorted(ask.only)
        return Problem(403, "purpose-not-suited", "Expected a purpose that this serves, see `valid`.", valid=valid)
    return None


def with_own_id(ask: Ask, profile_of: Callable[[str], StoredProfile | None]) -> Ask:
    """A customer's token may name an id that was merged away since."""
    if ask.actor.role is not Role.CUSTOMER:
        return ask
    own = profile_of(ask.actor.profile_id or "")
    return replace(ask, actor=replace(ask.actor, profile_id=own.profile_id)) if own else ask


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
