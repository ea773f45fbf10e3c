"""Why a profile's records are held to be one person's: the strongest evidence on the way from each to the others."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, and_, or_, select
from sqlalchemy.engine import Row

from contracts.categories import Category
from profile_api.identity.model_in_force import model_in_force
from profile_api.identity.partition import Pair, pair
from profile_api.identity.people import Known
from profile_api.identity.views import EdgeView, EvidenceView, HistoryView, IdentityData
from profile_api.identity.wording import decided, modelled, ruled
from spark_jobs.resolve.model import PersonModel
from stores.schema import edges, identity_history, overrides, records

MOST_HISTORY = 100


def explained(connection: Connection, known: Collection[Known], allowed: Collection[Category]) -> IdentityData:
    """The records, the evidence that joins them and what became of their profile before."""
    by_id = {one.record_id: one for one in known}
    model = model_in_force(connection).person
    tree = joining(_evidence(connection, by_id))
    joined = [
        EdgeView(
            left=by_id[left].name,
            right=by_id[right].name,
            evidence=evidence_of(row, by_id[left], by_id[right], model, allowed),
        )
        for (left, right), row in tree
    ]
    reached = {name for edge in joined for name in (edge.left, edge.right)}
    return IdentityData(
        records=[one.view() for one in known],
        joined_by=joined,
        alone=[one.name for one in known if one.name not in reached and len(by_id) > 1],
        history=_history(connection, {one.profile_id for one in known}),
    )


def joining(said: Mapping[Pair, tuple[float, Any]]) -> list[tuple[Pair, Any]]:
    """The strongest way between all records: a maximum spanning tree (Kruskal 1956), strongest evidence first."""
    home: dict[str, str] = {}

    def root(record: str) -> str:
        while (above := home.get(record, record)) != record:
            record = above
        return record

    tree = []
    for of, (_, row) in sorted(said.items(), key=lambda item: (-item[1][0], item[0])):
        one, other = root(of[0]), root(of[1])
        if one != other:
            home[max(one, other)] = min(one, other)
            tree.append((of, row))
    return tree


def evidence_of(
    row: Row[Any], left: Known, right: Known, model: PersonModel, allowed: Collection[Category]
) -> EvidenceView:
    """One row of evidence, or of a decision, in words and numbers."""
    if row.tier == "same":
        return decided(row.rule, row.evidence)
    if row.tier == "deterministic":
        labels = {**right.document["categories"], **left.document["categories"]}
        return ruled(row.rule, row.weight, row.evidence, labels, allowed)
    return modelled(model, row.evidence, allowed)


def _evidence(connection: Connection, by_id: Collection[str]) -> dict[Pair, tuple[float, Any]]:
    ids = sorted(by_id)
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


def _history(connection: Connection, profile_ids: Collection[str]) -> list[HistoryView]:
    of = identity_history.c
    about = or_(of.profile_id.in_(sorted(profile_ids)), of.other_id.in_(sorted(profile_ids)))
    rows = connection.execute(
        select(identity_history).where(about).order_by(of.at.desc(), of.history_id).limit(MOST_HISTORY)
    ).all()
    wanted = sorted({record for row in rows for record in row.records})
    numbers = select(records.c.record_id, records.c.number).where(records.c.record_id.in_(wanted))
    names = {record: f"rec_{number}" for record, number in connection.execute(numbers).tuples()}
    return [
        HistoryView(
            history_id=row.history_id,
            at=row.at,
            kind=row.kind,
            profile_id=row.profile_id,
            other_id=row.other_id,
            records=[names[record] for record in row.records if record in names],
            reason=row.reason,
            actor=row.actor,
        )
        for row in rows
    ]
