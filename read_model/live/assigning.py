"""Assigns a live record to a profile: its current one, one that it joins, or a new one with the id that the batch
would give."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select, tuple_

from contracts.identifiers import Identifier
from identity.clustering.cluster import LARGEST_CLUSTER
from identity.clustering.stable_ids import new_id
from read_model.live.joining import Holder, contradict, holder, partners
from read_model.model_in_force import model_in_force
from stores.restricted import restricted_among
from stores.schema import identifiers, live_records, overrides, profiles, records, redirects


@dataclass
class RelevantRecords:
    """The records relevant for a batch of events, and their profiles; updated as records are assigned."""

    profile_of: dict[str, str] = field(default_factory=dict)
    holders: dict[str, Holder] = field(default_factory=dict)
    live: set[str] = field(default_factory=set)
    bars: str = "dates"
    apart: set[frozenset[str]] = field(default_factory=set)
    restricted: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    created: dict[str, str] = field(default_factory=dict)
    merged: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    """(merged-away profile, surviving profile, the records that moved)"""

    def records_of(self, profile_id: str) -> list[Holder]:
        return [self.holders[one] for one, owner in self.profile_of.items() if owner == profile_id]

    def assign(self, changed: Holder) -> str:
        """Assigns a new or changed record; returns its profile."""
        record_id = changed.record_id
        self.holders[record_id] = changed
        self.live.add(record_id)
        if record_id not in self.profile_of:
            joined = next((one for one in self._candidates(changed) if self._may_join([changed], one)), None)
            if joined is None:
                joined = new_id(record_id, self.taken)
                self.taken.add(joined)
                self.created[joined] = record_id
            self.profile_of[record_id] = self.moved[record_id] = joined
        for other in self._candidates(changed):
            own = self.profile_of[record_id]
            if other != own and self._may_join(self.records_of(own), other):
                self._merge(own, other)
        return self.profile_of[record_id]

    def _candidates(self, changed: Holder) -> list[str]:
        if changed.record_id in self.restricted:  # restricted records are stored, but not matched, here as in the batch
            return []
        found = partners(changed, [one for one in self.holders.values() if one.record_id not in self.restricted])
        owners = [
            self.profile_of[one.record_id] for _, same in found for one in same if one.record_id in self.profile_of
        ]
        return list(dict.fromkeys(owners))

    def _may_join(self, mine: Collection[Holder], profile_id: str) -> bool:
        other_records = self.records_of(profile_id)
        if not other_records:  # it has just become part of another
            return False
        if len(mine) + len(other_records) > LARGEST_CLUSTER or contradict(mine, other_records, self.bars):
            return False
        if any(frozenset((one.record_id, other.record_id)) in self.apart for one in mine for other in other_records):
            return False
        return self._provisional(mine) or self._provisional(other_records)

    def _provisional(self, of: Iterable[Holder]) -> bool:
        return all(one.record_id in self.live for one in of)

    def _merge(self, one: str, other: str) -> None:
        # The profile that the batch made stays; of two live ones the larger, then the one that existed before this
        # run.
        def rank(profile_id: str) -> tuple[bool, int, bool, str]:
            of = self.records_of(profile_id)
            return self._provisional(of), -len(of), profile_id in self.created, profile_id

        stays, goes = sorted((one, other), key=rank)
        brought = tuple(sorted(record.record_id for record in self.records_of(goes)))
        for record_id in brought:
            self.profile_of[record_id] = self.moved[record_id] = stays
        if self.created.pop(goes, None) is None:
            self.merged.append((goes, stays, brought))
        else:  # it was never there: what became part of it in this batch becomes part of the one that stays
            self.merged = [(gone, stays if into == goes else into, moved) for gone, into, moved in self.merged]


def load_known(connection: Connection, changed: Mapping[str, Holder]) -> RelevantRecords:
    """All records that share an identifier with a changed record, with all records of their profiles."""
    model = model_in_force(connection)
    known = RelevantRecords(bars=model.bars)
    shared = {one for record in changed.values() for one in record.joining}
    owners = set(connection.scalars(select(records.c.profile_id).where(records.c.record_id.in_(sorted(changed)))))
    owners |= _holding(connection, shared)
    rows = connection.execute(
        select(records.c.record_id, records.c.profile_id, records.c.document, live_records.c.record_id.label("live"))
        .outerjoin_from(records, live_records, records.c.record_id == live_records.c.record_id)
        .where(records.c.profile_id.in_(sorted(owners)))
        .order_by(records.c.record_id)
    ).all()
    for row in rows:
        known.profile_of[row.record_id] = row.profile_id
        known.holders[row.record_id] = holder(row.document, model.names)
        if row.live is not None:
            known.live.add(row.record_id)
    names = sorted({*known.profile_of, *changed})
    pair = overrides.c
    active = select(pair.left_id, pair.right_id).where(pair.kind == "different", pair.revoked_at.is_(None))
    both = active.where(pair.left_id.in_(names), pair.right_id.in_(names))
    known.apart = {frozenset((row.left_id, row.right_id)) for row in connection.execute(both)}
    known.restricted = restricted_among(connection, names)
    known.taken = _taken(connection, [new_id(one, ()) for one in changed if one not in known.profile_of])
    return known


def _holding(connection: Connection, shared: Collection[Identifier]) -> set[str]:
    if not shared:
        return set()
    columns = identifiers.c
    wanted = tuple_(columns.kind, columns.value).in_(sorted((one.kind, one.value) for one in shared))
    # A value that very many records have joins nobody: its cap is small.
    counted = select(columns.profile_id, func.count().over(partition_by=(columns.kind, columns.value)).label("many"))
    found = counted.where(wanted).subquery()
    return set(connection.scalars(select(found.c.profile_id).where(found.c.many <= LARGEST_CLUSTER)))


def _taken(connection: Connection, ids: list[str]) -> set[str]:
    """The ids among these that are or were a profile's."""
    found: set[Any] = set(connection.scalars(select(profiles.c.profile_id).where(profiles.c.profile_id.in_(ids))))
    return found | set(connection.scalars(select(redirects.c.old_id).where(redirects.c.old_id.in_(ids))))
