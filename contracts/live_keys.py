"""The record keys and event ids of a live source, made so that nobody can use somebody else's.

An outsider can choose everything that a browser sends. So users, visitors and those who only claim to be a user have
separate key spaces, whatever ids they choose, and a message's id is unique only within its sender.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from contracts.assurance import Proof
from contracts.identifiers import normalise
from contracts.keyed import keyed

SIZE = 12
_OURS = re.compile(r"(visitor|claimant|login)-[0-9a-f]{24}", re.IGNORECASE)


@lru_cache(maxsize=4_096)
def visitor_key(anonymous_id: str) -> str:
    """The key of a visitor's record: never a user's, whatever id the client chooses.

    Ids with the same normal form are one visitor, so that record and identifier always agree.
    """
    return f"visitor-{keyed('visitor', normalise('visitor_id', anonymous_id).value, size=SIZE)}"


def later_visitor_key(anonymous_id: str) -> str:
    """The key of a browser's unproven messages after its visitor's record joined a person."""
    return f"visitor-{keyed('later visitor', normalise('visitor_id', anonymous_id).value, size=SIZE)}"


def claimant_key(user_id: str) -> str:
    """The key of a browser that sends only a user id, unproven."""
    return f"claimant-{keyed('claimant', normalise('user_id', user_id).value, size=SIZE)}"


def user_key(user_id: str) -> str:
    """The key of a user's record: the id itself, unless it looks like one of the keys above."""
    return f"login-{keyed('login', user_id, size=SIZE)}" if _OURS.fullmatch(user_id) else user_id


def visitor_id(source: str, anonymous_id: str, later: bool = False) -> str:
    """The identifier `visitor_id` of a browser: the same id in two sources is two visitors."""
    return f"{source}/later:{anonymous_id}" if later else f"{source}:{anonymous_id}"


def bond_of(source: str, key: str) -> str:
    """The identifier `visitor_id` that a user's record shares with a visitor it took over but does not list."""
    return f"{source}/of:{keyed('bond', source, key, size=SIZE)}"


def own_message_id(proof: Proof, key: str, message_id: str, consent: Mapping[str, bool]) -> str:
    """The id by which a message counts once: within its source if a server sent it, else within its sender.

    Messages with different consent decisions are different, whatever their id, so nobody can suppress a withdrawal by
    sending its guessed id first.
    """
    decided = [f"{name}={allowed}" for name, allowed in sorted(consent.items())]
    if proof is Proof.SERVER and not decided:
        return message_id
    return f"{message_id}~{keyed('live message', proof, key, message_id, *decided, size=SIZE)}"
