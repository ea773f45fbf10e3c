"""Recognises repeated messages by keyed ids stored apart from the messages, including dropped ones.

A message sent twice is answered as a duplicate, whether or not it names an erased person.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from contracts.keyed import keyed
from read_model.live.messages import Accepted

_REMEMBER = text(
    "INSERT INTO message_ids (digest, received_at)"
    " SELECT * FROM unnest(CAST(:digests AS text[]), CAST(:times AS timestamptz[]))"
    " ON CONFLICT DO NOTHING RETURNING digest"
)


def remember(connection: Connection, accepted: Sequence[Accepted]) -> list[Accepted]:
    """The new messages, the first of equal ones; stores their ids."""
    first: dict[str, Accepted] = {}
    for one in accepted:
        first.setdefault(keyed("message id", one.source, one.message_id, size=16), one)
    digests = sorted(first)  # in a fixed order, so that two processes never deadlock
    times = [first[digest].received_at for digest in digests]
    fresh = set(connection.scalars(_REMEMBER, {"digests": digests, "times": times})) if digests else set()
    return [one for digest, one in first.items() if digest in fresh]
