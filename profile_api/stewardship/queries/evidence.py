"""What was published for pairs of records, and what people decided about them."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, and_, select

from identity.matching.pair_weight import counts
from identity.stewarding.reassignment import Pair, pair
from stores.schema import edges, overrides


def evidence_among(connection: Connection, record_ids: Collection[str]) -> dict[Pair, tuple[float, Any]]:
    """The row that decides about each pair of these records, with its weight: the strongest of those that count, or a
    decision."""
    ids = sorted(record_ids)
    found: dict[Pair, tuple[float, Any]] = {}
    columns = (edges.c.left_id, edges.c.right_id, edges.c.tier, edges.c.rule, edges.c.weight, edges.c.evidence)
    within = and_(edges.c.left_id.in_(ids), edges.c.right_id.in_(ids))
    said = overrides.c
    word = select(
        said.left_id,
        said.right_id,
        said.kind.label("tier"),
        said.decided_by.label("rule"),
        said.override_id.label("weight"),
        said.reason.label("evidence"),
    ).where(said.kind == "same", said.revoked_at.is_(None), said.left_id.in_(ids), said.right_id.in_(ids))
    published = [(pair(row.left_id, row.right_id), row) for row in connection.execute(select(*columns).where(within))]
    scored = {of for of, row in published if row.tier != "deterministic"}
    for of, row in published:
        if row.tier == "deterministic" and not counts(row.rule, is_scored=of in scored):
            continue
        if of not in found or row.weight > found[of][0]:
            found[of] = (row.weight, row)
    for row in connection.execute(word):
        found[pair(row.left_id, row.right_id)] = (float("inf"), row)
    return found
