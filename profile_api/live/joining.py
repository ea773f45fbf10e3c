"""Which profiles a live record may join: the batch's deterministic rule, for one record at once.

The caps, the blocklists and who shares a value with whom are those of `spark_jobs.resolve.deterministic`. Live, only
profiles that live events alone have made join another; that two profiles of the batch are one is the batch's to say.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from contracts.identifiers import Identifier, is_blocklisted, kind_of
from contracts.names import fold

# As in `spark_jobs.resolve.deterministic`, which a service that starts no Spark can't import.
NOT_ALONE = frozenset({"device_id", "national_id"})


@dataclass(frozen=True)
class Holder:
    """A record as far as joining looks at it."""

    record_id: str
    given: str | None
    born: str | None
    identifiers: frozenset[Identifier]
    verified: frozenset[Identifier]

    @cached_property
    def joining(self) -> frozenset[Identifier]:
        """The identifiers by which it may join others."""
        return frozenset(
            one for one in self.identifiers if one.kind not in NOT_ALONE and not is_blocklisted(one.kind, one.value)
        )


def holder(document: Mapping[str, Any]) -> Holder:
    """A record's document as a holder of identifiers."""
    given = fold(str(document["given_name"] or "")).partition(" ")[0] or None
    born = document["birth_date"]
    return Holder(
        str(document["record_id"]),
        given,
        str(born) if born else None,
        _identifiers(document["identifiers"]),
        _identifiers(document.get("verified")),
    )


def _identifiers(listed: Any) -> frozenset[Identifier]:
    return frozenset(Identifier(one["kind"], one["value"]) for one in listed or ())


def partners(record: Holder, others: Collection[Holder]) -> list[tuple[Identifier, list[Holder]]]:
    """For each identifier of a record, the others that are the same person by it; the most telling kind first."""
    found = []
    for shared in sorted(record.joining, key=lambda one: (kind_of(one.kind).cap, one.kind, one.value)):
        holding = [one for one in others if shared in one.joining and one.record_id != record.record_id]
        if same := _one_person(record, holding, kind_of(shared.kind).cap):
            found.append((shared, same))
    return found


def _one_person(record: Holder, holding: list[Holder], cap: int) -> list[Holder]:
    names = {one.given for one in [record, *holding] if one.given}
    if max(len(names), 1) > cap:
        return []
    if len(names) > 1:  # nameless holders are nobody's
        holding = [one for one in holding if one.given == record.given] if record.given else []
    births = {one.born for one in [record, *holding] if one.born}
    if len(births) > 1:
        holding = [one for one in holding if one.born == record.born] if record.born else []
    return holding


def contradict(one: Iterable[Holder], other: Iterable[Holder]) -> bool:
    """Whether two profiles hold different verified values of one kind: two logins, two national ids."""
    mine = {held for record in one for held in record.verified}
    theirs = {held for record in other for held in record.verified}
    return any(a.kind == b.kind and a.value != b.value for a in mine for b in theirs)
