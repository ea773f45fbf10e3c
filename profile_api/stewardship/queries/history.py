"""What became of profiles before: which records a merge brought in, and under which id they stood."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select

from identity.stewarding.reassignment import ClusterContext, Move
from profile_api.responses.errors import Problem
from stores.schema import identity_history, profiles, redirects

Former = dict[str, str | None]

MOST_HISTORY = 100


def brought_in(
    connection: Connection, history_id: str, context: ClusterContext, profile_id: str
) -> tuple[set[str], Former]:
    """The records that a merge brought into a profile and that are still there, with the id they had."""
    of = identity_history.c
    query = select(identity_history).where(of.history_id == history_id, of.kind.in_(["merged", "moved"]))
    row = connection.execute(query.where(_about(profile_id))).first()
    if row is None or row.other_id is None:
        detail = "Expected `history_id` of a merge of this profile, found none; see `history` of its identity."
        raise Problem(404, "merge-not-found", detail)
    leaving = {record for record in row.records if context.profile_of.get(record) == profile_id}
    if not leaving:
        raise Problem(
            409, "decision-not-possible", "Expected records of the merge in the profile, found none any more."
        )
    free = row.kind == "merged" and not _stand(connection, [row.other_id])
    return leaving, dict.fromkeys(leaving, row.other_id if free else None)


def former_ids(connection: Connection, profile_id: str, leaving: Collection[str]) -> Former:
    """The ids that leaving records had before they were merged into a profile, where nobody has them now."""
    of = identity_history.c
    query = select(of.other_id, of.records).where(of.kind == "merged", _about(profile_id))
    merges = connection.execute(query.order_by(of.at.desc())).all()
    still_there = _stand(connection, [other for other, _ in merges if other])
    found: Former = {}
    for other, merged in merges:
        if other not in still_there and set(merged) <= set(leaving):
            found |= {record: other for record in merged if record not in found}
    return found


def moves_of(connection: Connection, decision_id: str) -> list[Move]:
    """The moves of records that a decision made."""
    of = identity_history.c
    rows = connection.execute(select(identity_history).where(of.evidence["decision_id"].astext == decision_id))
    return [Move(row.kind, row.profile_id, row.other_id, tuple(row.records)) for row in rows]


def changes_of(connection: Connection, profile_ids: Collection[str]) -> Sequence[Row[Any]]:
    """What became of profiles, newest first, a hundred changes at most."""
    of, ids = identity_history.c, sorted(profile_ids)
    query = select(identity_history).where(or_(of.profile_id.in_(ids), of.other_id.in_(ids)))
    return connection.execute(query.order_by(of.at.desc(), of.history_id).limit(MOST_HISTORY)).all()


def _about(profile_id: str) -> ColumnElement[bool]:
    # A merge of a profile that has become part of this one since is one of this one.
    part_of_it = select(redirects.c.old_id).where(redirects.c.profile_id == profile_id)
    of = identity_history.c
    return or_(of.profile_id == profile_id, of.profile_id.in_(part_of_it))


def _stand(connection: Connection, ids: Collection[str]) -> set[str]:
    return set(connection.scalars(select(profiles.c.profile_id).where(profiles.c.profile_id.in_(sorted(set(ids))))))
