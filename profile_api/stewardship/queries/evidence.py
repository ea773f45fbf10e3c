"""What was published for pairs of records, and what people decided about them."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, and_, select

from identity.stewarding.reassignment import Pair, pair
from stores.schema import edges, overrides


def evidence_among(connection: Connection, record_ids: Collection[str]) -> dict[Pair, tuple[float, Any]]:
    """The strongest row of each pair of these records, with its weight; a decision weighs more than any evidence."""
    ids = sorted(record_ids)
    found: dict[Pair, tuple[float, Any]] = {}
    columns = (edges.c.left_id, edges.c.right_id, edges.c.tier, edges.c.rule, edges.c.weight, edges.c.evidence)
    within = and_(edges.c.left_id.in_(ids), edges.c.right_id.in_(ids))
    of = overrides.c
    word = select(
        of.left_id,
        of.right_id,
        of.kind.label("tier"),
        of.decided_by.label("rule"),
        of.override_id.label("weight"),
        of.reason.label("evidence"),
    ).where(of.kind == "same", of.revoked_at.is_(None), of.left_id.in_(ids), of.right_id.in_(ids))
    for row in connection.execute(select(*columns).where(within)):
        of_both = pair(row.left_id, row.right_id)
        if of_both not in found or row.weight > found[of_both][0]:
            found[of_both] = (row.weight, row)
    for row in connection.execute(word):
        found[pair(row.left_id, row.right_id)] = (float("inf"), row)
    return found
