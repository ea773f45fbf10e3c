"""Pairs that wait for a steward's decision."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, exists, literal, select

from identity.stewarding.reassignment import Pair
from stores.schema import overrides, records, reviews


def waits(connection: Connection, of: Pair) -> bool:
    """Whether a pair waits for a review."""
    waiting = select(reviews.c.number).where(reviews.c.left_id == of[0], reviews.c.right_id == of[1])
    return connection.scalar(waiting) is not None


def waiting_after(connection: Connection, number: int, most: int) -> Sequence[Row[Any]]:
    """Pairs of two profiles that nobody has decided about, beyond a number, with their tier and rule."""
    left, right = records.alias("l"), records.alias("r")
    of = reviews.c
    decided = exists().where(
        overrides.c.left_id == of.left_id,
        overrides.c.right_id == of.right_id,
        overrides.c.revoked_at.is_(None),
    )
    query = (
        select(reviews, literal("probabilistic").label("tier"), literal("person_model").label("rule"))
        .join(left, left.c.record_id == of.left_id)
        .join(right, right.c.record_id == of.right_id)
        .where(of.number > number, left.c.profile_id != right.c.profile_id, ~decided)
        .order_by(of.number)
        .limit(most)
    )
    return connection.execute(query).all()
