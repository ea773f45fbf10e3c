"""Which profiles a live record may join: the batch's deterministic rule, for one record at once.

Caps, blocklists and sharing are those of `spark_jobs.resolve.deterministic`. Live, only profiles made by live events
alone join another; only the batch joins two of its own profiles.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from contracts.identifiers import MOST_CONTACTS, NEVER_ALONE, Identifier, is_blocklisted, kind_of
from identity.matching.comparison_columns import comparison_columns
from identity.matching.name_parts import NameFrequencies, first_given
from identity.matching.two_people import two_people


@dataclass(frozen=True)
class Holder:
    """The part of a record that joining needs."""

    record_id: str
    given: str | None
    born: str | None
    identifiers: frozenset[Identifier]
    verified: frozenset[Identifier]
    columns: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """As the batch compares it."""

    @cached_property
    def contact(self) -> Identifier | None:
        """The address that distinguishes holders without a name."""
        own = [min((one for one in self.joining if one.kind == kind), default=None) for kind in ("email", "phone")]
        return own[0] or own[1]

    @cached_property
    def joining(self) -> frozenset[Identifier]:
        """The identifiers by which it may join others."""
        return frozenset(
            one for one in self.identifiers if one.kind not in NEVER_ALONE and not is_blocklisted(one.kind, one.value)
        )


def holder(document: Mapping[str, Any], names: NameFrequencies) -> Holder:
    """A record's document as a holder of identifiers, under the names of the model in force."""
    columns = comparison_columns(document, names)
    given = first_given(document, columns)
    born = document["birth_date"]
    return Holder(
        str(document["record_id"]),
        given,
        str(born) if born else None,
        _identifiers(document["identifiers"]),
        _identifiers(document.get("verified")),
        columns,
    )


def _identifiers(listed: Any) -> frozenset[Identifier]:
    return frozenset(Identifier(one["kind"], one["value"]) for one in listed or ())


def partners(record: Holder, others: Collection[Holder]) -> list[tuple[Identifier, list[Holder]]]:
    """For each identifier of a record, the other records that it joins; the most distinctive kind first."""
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
    if len(names) > 1:  # then nameless holders join nobody
        holding = [one for one in holding if one.given == record.given] if record.given else []
    elif len({one.contact for one in [record, *holding] if not one.given} - {None}) > MOST_CONTACTS:
        holding = [one for one in holding if one.given] if record.given else []
    births = {one.born for one in [record, *holding] if one.born}
    if len(births) > 1:
        holding = [one for one in holding if one.born == record.born] if record.born else []
    return holding


def contradict(one: Iterable[Holder], other: Iterable[Holder], bars: str = "dates") -> bool:
    """Whether two profiles have different verified values of one kind (two logins, two national ids), or records of
    two people by the condition `bars`."""
    ours, others = list(one), list(other)
    mine = {identifier for record in ours for identifier in record.verified}
    other_verified = {identifier for record in others for identifier in record.verified}
    if any(a.kind == b.kind and a.value != b.value for a in mine for b in other_verified):
        return True
    return two_people([one.columns for one in ours], [one.columns for one in others], bars)
