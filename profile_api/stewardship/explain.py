"""Why a profile's records are held to be one person's: the strongest evidence on the way from each to the others."""

from collections.abc import Collection, Mapping
from typing import Any

from contracts.categories import Category
from identity.matching.model import PersonModel
from identity.stewarding.reassignment import Pair
from profile_api.access.gate import Reading
from profile_api.stewardship.people import KnownRecord
from profile_api.stewardship.queries.evidence import evidence_among
from profile_api.stewardship.queries.history import changes_of
from profile_api.stewardship.queries.records import names_of
from profile_api.stewardship.views import EdgeView, EvidenceView, HistoryView, IdentityData
from profile_api.stewardship.wording import decided, modelled, ruled
from read_model.model_in_force import model_in_force


def explained(reading: Reading, known: Collection[KnownRecord], allowed: Collection[Category]) -> IdentityData:
    """The records, the evidence that joins them and what became of their profile before."""
    by_id = {one.record_id: one for one in known}
    model = reading.run(model_in_force).person
    tree = joining(reading.run(evidence_among, by_id))
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
        history=_history(reading, {one.profile_id for one in known}),
    )


def joining(evidence: Mapping[Pair, tuple[float, Any]]) -> list[tuple[Pair, Any]]:
    """The strongest way between all records: a maximum spanning tree (Kruskal 1956), strongest evidence first."""
    home: dict[str, str] = {}

    def root(record: str) -> str:
        while (above := home.get(record, record)) != record:
            record = above
        return record

    tree = []
    for of, (_, row) in sorted(evidence.items(), key=lambda item: (-item[1][0], item[0])):
        one, other = root(of[0]), root(of[1])
        if one != other:
            home[max(one, other)] = min(one, other)
            tree.append((of, row))
    return tree


def evidence_of(
    row: Any, left: KnownRecord, right: KnownRecord, model: PersonModel, allowed: Collection[Category]
) -> EvidenceView:
    """One row of evidence, or of a decision, in words and numbers."""
    if row.tier == "same":
        return decided(row.rule, row.evidence)
    if row.tier == "deterministic":
        labels = {**right.document["categories"], **left.document["categories"]}
        return ruled(row.rule, row.weight, row.evidence, labels, allowed)
    return modelled(model, row.evidence, allowed)


def _history(reading: Reading, profile_ids: Collection[str]) -> list[HistoryView]:
    rows = reading.run(changes_of, profile_ids)
    names = reading.run(names_of, {record for row in rows for record in row.records})
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
