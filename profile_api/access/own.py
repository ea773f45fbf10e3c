"""The profile that a customer's token opens: that of the person to whom the issuer bound it, or none.

Profile ids are not people. Records join a profile and leave it again, and the id stays with one of the two. So a token
is best bound to an identifier that the issuer knows for certain, its own user id; it opens the profile that has it
now. A token bound to a profile id is valid only while no records ever left that id.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Protocol

from consent.model import Actor, Role
from contracts.identifiers import Identifier
from profile_api.access.asking import AccessRequest
from profile_api.access.stored import StoredProfile


class ProfilesByAnyId(Protocol):
    """Where profiles are found."""

    def profile(self, profile_id: str) -> StoredProfile | None:
        """The profile of this id, or the one that it became part of."""
        ...

    def owners(self, identifier: Identifier) -> list[str]:
        """The ids of the profiles that carry an identifier; what is only claimed counts for nothing."""
        ...

    def came_apart(self, profile_ids: Collection[str]) -> bool:
        """Whether records ever went from one of these ids to another without the rest."""
        ...


def speaking_for_themselves(ask: AccessRequest, people: ProfilesByAnyId) -> AccessRequest:
    """A customer's request with their current profile id, or without one if the token opens no profile."""
    if ask.actor.role is not Role.CUSTOMER:
        return ask
    own = own_profile(people, ask.actor)
    return replace(ask, actor=replace(ask.actor, profile_id=own.profile_id if own else None))


def is_nobody(actor: Actor) -> bool:
    """Whether this is a customer whose token opens no profile."""
    return actor.role is Role.CUSTOMER and actor.profile_id is None


def own_profile(people: ProfilesByAnyId, actor: Actor) -> StoredProfile | None:
    """The customer's own profile; None if it is ambiguous, or if several people share the identifier."""
    named = people.profile(actor.profile_id) if actor.profile_id is not None else None
    if actor.bound is None:
        ids = {actor.profile_id or "", named.profile_id if named else ""}
        return None if people.came_apart(ids) else named
    owners = people.owners(actor.bound)
    found = people.profile(owners[0]) if len(owners) == 1 else None
    agree = actor.profile_id is None or (named and found and named.profile_id == found.profile_id)
    return found if agree else None
