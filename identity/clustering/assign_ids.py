"""From clusters to profiles: stable ids over what was assigned before, in the lake or live, and the run's history."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from contracts.keyed import keyed
from identity.clustering.stable_ids import HistoryEntry, StableIds, assign, follow

REASONS = {
    "created": "first seen",
    "merged": "evidence joined them",
    "split": "evidence no longer joins them",
    "moved": "evidence joins them elsewhere",
}


@dataclass(frozen=True)
class Before:
    """What stood before the run, of the records that it looked at: record -> (profile, since)."""

    assigned: Mapping[str, tuple[str, datetime]]
    live: Mapping[str, tuple[str, datetime]]
    redirects: Mapping[str, str]

    @cached_property
    def profile_of(self) -> dict[str, str]:
        """An assignment that was made live stands before the lake's."""
        return {record: profile for record, (profile, _) in {**self.assigned, **self.live}.items()}


def assign_ids(clusters: list[list[str]], before: Before, elsewhere: Collection[str]) -> StableIds:
    """Ids for the clusters; none of those that records `elsewhere` have, which were not looked at.

    A profile that lost all its records in between, live, redirects like one that a run merges.
    """
    since: dict[str, datetime] = {}
    for profile, at in [*before.assigned.values(), *before.live.values()]:
        since[profile] = min(since.get(profile, at), at)
    joined = {record: at for record, (_, at) in {**before.assigned, **before.live}.items()}
    outcome = assign(clusters, before.profile_of, since, {*before.redirects, *elsewhere}, joined)
    living = set(outcome.assignments.values())
    heirs: dict[str, Counter[str]] = defaultdict(Counter)
    for record, (profile, _) in before.assigned.items():
        if profile not in living and profile not in outcome.redirects and record in outcome.assignments:
            heirs[profile][outcome.assignments[record]] += 1
    for former, profiles in heirs.items():
        outcome.redirects[former] = min(profiles, key=lambda profile: (-profiles[profile], profile))
    return outcome


def leads(
    outcome: StableIds, before: Before, brought: Callable[[list[str]], Mapping[str, Collection[str]]]
) -> dict[str, str | None]:
    """old id -> where it leads after the run, of those that led elsewhere before; None for one that stands again.

    Where records leave a profile, whoever was merged into it with them goes along: `brought` tells which records.
    """
    living = set(outcome.assignments.values())
    left = {change.other_id for change in outcome.changes if change.kind in ("split", "moved")}
    along: dict[str, str] = {}
    for old, records in brought([old for old, target in before.redirects.items() if target in left]).items():
        owners = Counter(outcome.assignments[one] for one in records if one in outcome.assignments)
        if owners and before.redirects[old] not in owners:
            along[old] = min(owners, key=lambda profile: (-owners[profile], profile))
    told = {**before.redirects, **along, **outcome.redirects}
    final = follow({old: target for old, target in told.items() if old not in living})
    return {old: final.get(old) for old in told if final.get(old) != before.redirects.get(old)}


def history_rows(
    outcome: StableIds, pairs: Iterable[tuple[str, str, float]], run_at: datetime, basis: int
) -> list[tuple[Any, ...]]:
    """The run's changes as rows; by `basis`, the assignments' version before, a repeated run repeats no row."""
    around = _weights_around(outcome.moved, pairs)
    rows, run = [], run_at.isoformat()
    for change in outcome.changes:
        line = (str(basis), change.kind, change.profile_id, change.other_id or "", *change.records)
        history_id = keyed("history", *line, size=12)
        who = (change.kind, change.profile_id, change.other_id, list(change.records))
        evidence = _evidence(change, outcome.assignments, around)
        rows.append((history_id, run_at, run, *who, REASONS[change.kind], evidence))
    return rows


def _weights_around(
    moved: set[str], pairs: Iterable[tuple[str, str, float]]
) -> dict[str, list[tuple[float, str, str]]]:
    around: dict[str, list[tuple[float, str, str]]] = defaultdict(list)
    for left, right, weight in pairs:
        for one, other in ((left, right), (right, left)):
            if one in moved:
                around[one].append((weight, one, other))
    return around


def _evidence(
    change: HistoryEntry, assignments: Mapping[str, str], around: Mapping[str, list[tuple[float, str, str]]]
) -> str | None:
    """The strongest pair between the records and those that they joined (or, of a split, left behind)."""
    if change.kind == "created":
        return None
    beside = change.other_id if change.kind == "split" else change.profile_id
    own = set(change.records)
    linking = [
        found
        for record in change.records
        for found in around.get(record, ())
        if found[2] not in own and assignments.get(found[2]) == beside
    ]
    if not linking:
        return None
    weight, one, other = max(linking)
    return json.dumps({"left_id": min(one, other), "right_id": max(one, other), "weight": round(weight, 2)})
