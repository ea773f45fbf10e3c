"""Keeps profile ids stable when clusters change, and says what changed: created, merged, split, moved."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from contracts.keyed import keyed

NEVER = datetime.max.replace(tzinfo=UTC)


class HistoryEntry(NamedTuple):
    """One line of identity history: what happened to a profile, with the profile on the other side if any."""

    kind: str  # created | merged | split | moved
    profile_id: str
    other_id: str | None
    records: tuple[str, ...]


@dataclass
class StableIds:
    """The outcome of a run: record -> profile, retired ids -> surviving profile, and the history of the run."""

    assignments: dict[str, str] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    changes: list[HistoryEntry] = field(default_factory=list)

    @property
    def moved(self) -> set[str]:
        """The records that stood in another profile before."""
        return {record for change in self.changes if change.kind != "created" for record in change.records}


def assign(
    clusters: Iterable[Collection[str]],
    previous: Mapping[str, str],
    since: Mapping[str, datetime],
    retired: Collection[str] = (),
    joined: Mapping[str, datetime] = MappingProxyType({}),
) -> StableIds:
    """Gives each cluster the id it overlaps most with, then the oldest; the other ids redirect.

    `previous` maps the touched records to their former profile, `since` says when a profile was first seen, `joined`
    since when a record is in its former profile, and `retired` are ids that redirect already and are never given out
    again. Deterministic in its arguments as sets.
    """
    claims: list[tuple[int, datetime, str, datetime, int]] = []
    ordered = sorted(sorted(cluster) for cluster in clusters)
    formers = former_profiles(ordered, previous)
    claimants = Counter(chain.from_iterable(formers))
    for index, held in enumerate(formers):
        for profile, count in held.items():
            began = NEVER
            if claimants[profile] > 1:  # of equal parts of a profile, the one that it began with is the older
                part = (record for record in ordered[index] if previous.get(record) == profile)
                began = min(joined.get(record, NEVER) for record in part)
            claims.append((-count, since[profile], profile, began, index))
    # 1. The strongest claim on an id takes it; every cluster and every id is settled once.
    id_of: dict[int, str] = {}
    taken: set[str] = set()
    for *_, profile, _, index in sorted(claims):
        if index not in id_of and profile not in taken:
            id_of[index] = profile
            taken.add(profile)
    # 2. A cluster without an id of old gets one from its first record.
    used = taken | set(previous.values()) | set(retired)
    outcome = StableIds()
    heirs: dict[str, Counter[str]] = defaultdict(Counter)
    for index, cluster in enumerate(ordered):
        profile = id_of.get(index) or new_id(cluster[0], used)
        used.add(profile)
        outcome.assignments |= dict.fromkeys(cluster, profile)
        if not formers[index]:
            outcome.changes.append(HistoryEntry("created", profile, None, tuple(cluster)))
            continue
        if formers[index].get(profile) == len(cluster):
            continue  # whoever stands in it did, as on most days
        came_from = defaultdict(list)
        for record in cluster:
            came_from[previous.get(record)].append(record)
            if record in previous:
                heirs[previous[record]][profile] += 1
        for former, records in came_from.items():
            if former is not None and former != profile:
                kind = "merged" if former not in taken else "moved" if index in id_of else "split"
                outcome.changes.append(HistoryEntry(kind, profile, former, tuple(records)))
    # 3. An id that no cluster kept redirects to the profile that most of its records went to.
    for former, profiles in heirs.items():
        if former not in taken:
            outcome.redirects[former] = min(profiles, key=lambda profile: (-profiles[profile], profile))
    return outcome


def former_profiles(clusters: Iterable[Collection[str]], previous: Mapping[str, str]) -> list[dict[str, int]]:
    """Of each cluster, how many of its records stood in which profile."""
    if not previous:
        return [{} for _ in clusters]
    counted = []
    for cluster in clusters:
        held = [previous[record] for record in cluster if record in previous]
        # Most hold one: a Counter takes ten times as long.
        one = not held or held.count(held[0]) == len(held)
        counted.append({profile: len(held) for profile in held[:1]} if one else dict(Counter(held)))
    return counted


def founders(clusters: Iterable[Collection[str]], previous: Mapping[str, str]) -> list[str]:
    """The first records of the clusters that may need a new id: whoever holds a profile that nobody else does keeps
    one."""
    formers = former_profiles(clusters := list(clusters), previous)
    holders = Counter(chain.from_iterable(formers))
    return [
        min(cluster)
        for cluster, held in zip(clusters, formers, strict=True)
        if all(holders[profile] > 1 for profile in held)
    ]


def new_id(record_id: str, used: Collection[str]) -> str:
    """An id from the founding record's, so that a rebuild gives the same; it says nothing about the person."""
    attempt = 0
    while (profile := nth_id(record_id, attempt)) in used:
        attempt += 1
    return profile


def nth_id(record_id: str, attempt: int) -> str:
    """The id that a founding record gives at an attempt; the first is free unless its profile lives on without it."""
    return f"p_{keyed('profile', record_id, str(attempt), size=10)}"


def follow(redirects: Mapping[str, str]) -> dict[str, str]:
    """Redirects that reach their final profile in one step."""
    final = {}
    for old, target in redirects.items():
        seen = {old}
        while target in redirects and target not in seen:
            seen.add(target)
            target = redirects[target]
        final[old] = target
    return final
