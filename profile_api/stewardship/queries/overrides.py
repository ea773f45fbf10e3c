"""The decisions in force, as rows: given by one decision, taken back by another, never deleted."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, Text, cast, insert, select, tuple_, update

from identity.stewarding.decisions import Plan
from identity.stewarding.reassignment import ClusterContext, Pair
from stores.schema import overrides


@dataclass(frozen=True)
class Word:
    """Who decides, when and why; `decision_id` holds together what one decision gives and takes back."""

    actor: str
    reason: str
    at: datetime
    decision_id: str

    @classmethod
    def given(cls, actor: str, reason: str, at: datetime) -> "Word":
        return cls(actor, reason, at, f"d_{uuid.uuid4().hex}")


def write(connection: Connection, word: Word, plan: Plan, undoing: str | None = None) -> None:
    """Puts the plan's pairs into force; what stood against them, or is taken back, no longer stands.

    What the decision `undoing` took back stands again as the decision that it was.
    """
    wanted = dict.fromkeys(plan.same, "same") | dict.fromkeys(plan.different, "different")
    current = in_force(connection, {*wanted, *plan.revoked})
    over = [row["override_id"] for of, row in current.items() if wanted.get(of) != row["kind"]]
    revoking = update(overrides).where(overrides.c.override_id.in_(over))
    connection.execute(revoking.values(revoked_at=word.at, revoked_in=word.decision_id))
    again = {}
    for row in rows_of(connection, undoing) if undoing else ():
        of = (row["left_id"], row["right_id"])
        if row["revoked_in"] == undoing and wanted.get(of) == row["kind"] and of not in again:
            again[of] = row["override_id"]
    reinstating = update(overrides).where(overrides.c.override_id.in_(sorted(again.values())))
    connection.execute(reinstating.values(revoked_at=None, revoked_in=None))
    rows = [
        {
            "left_id": left,
            "right_id": right,
            "kind": kind,
            "decided_by": word.actor,
            "decided_at": word.at,
            "reason": word.reason,
            "decision_id": word.decision_id,
        }
        for (left, right), kind in sorted(wanted.items())
        if (left, right) not in again and ((left, right) not in current or current[left, right]["kind"] != kind)
    ]
    if rows:
        connection.execute(insert(overrides), rows)


def in_force(connection: Connection, pairs: Collection[Pair]) -> dict[Pair, RowMapping]:
    """Those of these pairs that somebody has decided about, with the row."""
    of = overrides.c
    if not pairs:
        return {}
    query = select(overrides).where(of.revoked_at.is_(None), tuple_(of.left_id, of.right_id).in_(sorted(pairs)))
    return {(row["left_id"], row["right_id"]): row for row in connection.execute(query).mappings()}


def without(connection: Connection, decision_id: str, context: ClusterContext) -> tuple[set[Pair], set[Pair]]:
    """The `same` and the `different` pairs among these records that would be in force without a decision."""
    of = {"same": set(context.same), "different": set(context.different)}
    rows = [
        row for row in rows_of(connection, decision_id) if {row["left_id"], row["right_id"]} <= set(context.profile_of)
    ]
    for row in rows:
        if row["decision_id"] == decision_id and row["revoked_at"] is None:
            of[row["kind"]].discard((row["left_id"], row["right_id"]))
    for row in rows:
        taken_back = (row["left_id"], row["right_id"])
        if row["revoked_in"] == decision_id and taken_back not in of["same"] | of["different"]:
            of[row["kind"]].add(taken_back)
    return of["same"], of["different"]


def rows_of(connection: Connection, decision_id: str) -> list[RowMapping]:
    """What a decision gave and what it took back."""
    of = overrides.c
    query = select(overrides).where((of.decision_id == decision_id) | (of.revoked_in == decision_id))
    return list(connection.execute(query.order_by(of.override_id)).mappings())


def in_force_after(connection: Connection, override_id: int, most: int) -> Sequence[Row[Any]]:
    """The decisions in force beyond an id, oldest first."""
    of = overrides.c
    query = select(overrides).where(of.revoked_at.is_(None), of.override_id > override_id)
    return connection.execute(query.order_by(of.override_id).limit(most)).all()


def override_in_force(connection: Connection, override_id: str) -> Row[Any] | None:
    """The decision of this id, if it is in force; whatever somebody typed may be asked for."""
    of = overrides.c
    query = select(overrides).where(cast(of.override_id, Text) == override_id, of.revoked_at.is_(None))
    return connection.execute(query).first()
