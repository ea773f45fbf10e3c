"""How the gate finds a person: by an identifier, or by a profile id."""

from collections.abc import Callable
from typing import Protocol

from consent.decide import OUTSIDE
from consent.model import Decision, Role
from contracts.identifiers import Identifier, kind_of
from profile_api.access.asking import AccessRequest, Found
from profile_api.access.stored import StoredProfile
from profile_api.responses.errors import Problem, not_found


class ProfileFinder(Protocol):
    """The part of the store that finding needs."""

    def profile(self, profile_id: str) -> StoredProfile | None:
        """The profile of this id, or the one that it became part of."""
        ...

    def owners(self, identifier: Identifier) -> list[str]:
        """The ids of the profiles that carry an identifier."""
        ...


Finder = Callable[[ProfileFinder, AccessRequest, Decision], Found | Problem]


def by_identifier(identifier: Identifier) -> Finder:
    """Finds the one profile that carries an identifier."""

    def find(known: ProfileFinder, ask: AccessRequest, may: Decision) -> Found | Problem:
        category = kind_of(identifier.kind).category
        if category in {one.category for one in may.categories if one.policy == OUTSIDE}:
            return not_found()  # not even whether it exists: the purpose does not cover such identifiers
        owners = known.owners(identifier)
        if ask.actor.role is Role.CUSTOMER:
            owners = [owner for owner in owners if owner == ask.actor.profile_id]
        if len(owners) > 1:
            # The number is only given if the purpose needs no consent of these people.
            detail = "Expected the identifier of one person, found one that several share; use another."
            if category not in may.allowed:
                return Problem(409, "identifier-shared", detail)
            return Problem(409, "identifier-shared", detail, shared_by=len(owners))
        profile = known.profile(owners[0] if owners else "")
        return Found(profile, by=identifier) if profile else not_found()

    return find


def by_id(profile_id: str) -> Finder:
    """Finds a profile by its id, or by one that was merged away."""

    def find(known: ProfileFinder, ask: AccessRequest, may: Decision) -> Found | Problem:
        profile = known.profile(profile_id)
        return Found(profile, requested_id=profile_id) if profile else not_found()

    return find
