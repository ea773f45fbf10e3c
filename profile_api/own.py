"""Whom a customer's token speaks for: the person that the issuer bound it to, or nobody.

Ids of profiles are not people. Records join a profile and leave it again, and the id stays with one of the two. So a
token is best bound to an identifier that the issuer knows for a fact, its own user id; it leads to whoever carries
that now. One that is bound to an id counts only while no records ever went away from that id.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, or_, select

from consent.model import Actor, Role
from contracts.identifiers import Identifier
from profile_api.asking import Ask
from profile_api.stored import StoredProfile
from stores.schema import identity_history

APART = ("split", "moved")
"""What becomes of profiles whose records go to different people."""


class People(Protocol):
    """Where profiles are found."""

    @property
    def connection(self) -> Connection: ...

    def profile(self, profile_id: str) -> StoredProfile | None:
        """The profile of this id, or the one that it became part of."""
        ...

    def owners(self, identifier: Identifier) -> list[str]:
        """The ids of the profiles that carry an identifier; what is only claimed counts for nothing."""
        ...


def speaking_for_themselves(ask: Ask, people: People) -> Ask:
    """The question of a customer with the id of their profile now; with none where the token speaks for nobody."""
    if ask.actor.role is not Role.CUSTOMER:
        return ask
    own = own_profile(people, ask.actor)
    return replace(ask, actor=replace(ask.actor, profile_id=own.profile_id if own else None))


def is_nobody(actor: Actor) -> bool:
    """Whether this is a customer whose token speaks for nobody."""
    return actor.role is Role.CUSTOMER and actor.profile_id is None


def own_profile(people: People, actor: Actor) -> StoredProfile | None:
    """The profile of the customer who asks; None where it can't be told whose it is, or where several share it."""
    named = people.profile(actor.profile_id) if actor.profile_id is not None else None
    if actor.bound is None:
        ids = {actor.profile_id or "", named.profile_id if named else ""}
        return None if came_apart(people.connection, ids) else named
    owners = people.owners(actor.bound)
    found = people.profile(owners[0]) if len(owners) == 1 else None
    agree = actor.profile_id is None or (named and found and named.profile_id == found.profile_id)
    return found if agree else None


def came_apart(connection: Connection, profile_ids: Collection[str], since: datetime | None = None) -> bool:
    """Whether records ever went from one of these ids to another, or the other way round, without the rest."""
    of, ids = identity_history.c, sorted(profile_ids)
    query = select(of.history_id).where(of.kind.in_(APART), or_(of.profile_id.in_(ids), of.other_id.in_(ids)))
    if since is not None:
        query = query.where(of.at >= since)
    return connection.scalar(query.limit(1)) is not None
