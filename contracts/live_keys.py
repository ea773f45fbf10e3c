"""Under which keys a live source keeps people, and under which id an event: nobody can take somebody else's.

Everything that a browser says of itself is free to choose, by an outsider too. So users, visitors and those who only
claim to be a user have keys apart, whatever they call themselves, and a message's id counts within its sender alone.
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
    """The key of a visitor's record: never that of a user, whatever a client calls its devices.

    Ids that are one in normal form are one visitor, so that the record and its identifier never part.
    """
    return f"visitor-{keyed('visitor', normalise('visitor_id', anonymous_id).value, size=SIZE)}"


def later_visitor_key(anonymous_id: str) -> str:
    """The key of what a browser says unproven after its visitor's record became somebody's."""
    return f"visitor-{keyed('later visitor', normalise('visitor_id', anonymous_id).value, size=SIZE)}"


def claimant_key(user_id: str) -> str:
    """The key of a browser that says a user id alone, unproven."""
    return f"claimant-{keyed('claimant', normalise('user_id', user_id).value, size=SIZE)}"


def user_key(user_id: str) -> str:
    """The key of a user's record: the id itself, but for one that looks like the keys above."""
    return f"login-{keyed('login', user_id, size=SIZE)}" if _OURS.fullmatch(user_id) else user_id


def visitor_id(source: str, anonymous_id: str, later: bool = False) -> str:
    """The identifier `visitor_id` of a browser: two sources that hear of one id have two visitors."""
    return f"{source}/later:{anonymous_id}" if later else f"{source}:{anonymous_id}"


def own_message_id(proof: Proof, key: str, message_id: str, consent: Mapping[str, bool]) -> str:
    """The id that a message counts once under: within its source where a server sent it, else within its sender.

    Messages that decide differently are different ones, whatever their id: who guesses the id of somebody's withdrawal
    and sends it first, or gives two messages one id, does not swallow it.
    """
    decided = [f"{name}={allowed}" for name, allowed in sorted(consent.items())]
    if proof is Proof.SERVER and not decided:
        return message_id
    return f"{message_id}~{keyed('live message', proof, key, message_id, *decided, size=SIZE)}"
