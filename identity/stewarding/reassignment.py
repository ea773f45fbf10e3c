"""How records fall into profiles under people's decisions: pure, by the batch's own clustering and stable ids.

A decision says which records are one person's and which are not; the evidence says the rest, as in the batch. So the
next batch, with the same evidence and decisions, comes to the same profiles.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import combinations

from identity.clustering.agglomerate import Traits
from identity.clustering.cluster import cluster
from identity.clustering.incumbents import incumbents
from identity.clustering.stable_ids import StableIds, assign

Pair = tuple[str, str]
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def pair(one: str, other: str) -> Pair:
    """The pair in the order in which it is kept."""
    return (one, other) if one < other else (other, one)


@dataclass(frozen=True)
class ClusterContext:
    """Records that evidence or decisions connect, and what is known of them; `since` is a profile's beginning, `joined`
    that of a record in its profile."""

    profile_of: Mapping[str, str]
    weights: Mapping[Pair, float] = field(default_factory=dict)
    same: frozenset[Pair] = frozenset()
    different: frozenset[Pair] = frozenset()
    verified: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    traits: Mapping[str, Traits] = field(default_factory=dict)
    bars: str = "dates"
    since: Mapping[str, datetime] = field(default_factory=dict)
    joined: Mapping[str, datetime] = field(default_factory=dict)
    retired: frozenset[str] = frozenset()

    def members(self, *profile_ids: str) -> frozenset[str]:
        """The records of these profiles."""
        return frozenset(record for record, profile in self.profile_of.items() if profile in profile_ids)

    def profiles(self) -> set[frozenset[str]]:
        """The records of each profile, as it is."""
        found: dict[str, set[str]] = {}
        for record, profile in self.profile_of.items():
            found.setdefault(profile, set()).add(record)
        return {frozenset(records) for records in found.values()}

    def among(self, records: Collection[str]) -> "ClusterContext":
        """What is known of these records alone."""
        kept = set(records)

        def inside(pairs: Iterable[Pair]) -> frozenset[Pair]:
            return frozenset((left, right) for left, right in pairs if left in kept and right in kept)

        return replace(
            self,
            profile_of={record: profile for record, profile in self.profile_of.items() if record in kept},
            weights={of: self.weights[of] for of in inside(self.weights)},
            same=inside(self.same),
            different=inside(self.different),
        )

    def decided(self, same: Iterable[Pair] = (), different: Iterable[Pair] = ()) -> "ClusterContext":
        """The same records under these decisions instead."""
        return replace(self, same=frozenset(same), different=frozenset(different))


def clusters(
    context: ClusterContext, must_link: Collection[Pair] = (), about: Collection[str] = ()
) -> list[frozenset[str]]:
    """The clusters that the evidence and the decisions speak for, `must_link` besides.

    A record that nothing is known of yet (a live one, which no batch has compared) stays where it is, unless it is
    one of those that are decided `about`.
    """
    agreeing = (of for of, weight in context.weights.items() if weight >= 0)
    staying = incumbents(agreeing, context.verified, context.profile_of)
    must_link = {*must_link, *(pair(*one) for one in staying)}
    pairs = {*context.weights, *context.same, *context.different, *must_link}
    known = {*(record for one in pairs for record in one), *about} & set(context.profile_of)
    found = [
        set(part)
        for part in cluster(
            known,
            [(left, right, weight) for (left, right), weight in context.weights.items()],
            context.different,
            {*context.same, *must_link},
            {record: said for record, said in context.verified.items() if record in known},
            traits={record: said for record, said in context.traits.items() if record in known},
            bars=context.bars,
        )
    ]
    home: dict[str, set[str]] = {}
    for part in sorted(found, key=lambda part: (len(part), min(part))):
        home |= dict.fromkeys((context.profile_of[record] for record in part if record not in about), part)
    for record in sorted(set(context.profile_of) - known):
        profile = context.profile_of[record]
        if profile not in home:
            home[profile] = set()
            found.append(home[profile])
        home[profile].add(record)
    return sorted((frozenset(part) for part in found), key=min)


def is_settled(context: ClusterContext) -> bool:
    """Whether the profiles are those that the evidence and the decisions speak for."""
    return set(clusters(context)) == context.profiles()


def reached(
    context: ClusterContext, goal: Iterable[Collection[str]], about: Collection[str] = ()
) -> tuple[frozenset[Pair], frozenset[Pair]]:
    """The pairs to be joined and the pairs to be kept apart so that the clusters become `goal`, as few as it takes."""
    wanted = [frozenset(part) for part in goal]
    part_of = {record: part for part in wanted for record in part}
    links: set[Pair] = set()
    bars: set[Pair] = set()
    while True:
        found = clusters(context.decided(context.same, context.different | bars), links, about)
        broken: set[Pair] = set()
        for part in wanted:
            pieces = sorted((piece & part for piece in found if piece & part), key=min)
            broken |= {pair(min(pieces[0]), min(piece)) for piece in pieces[1:]}
        mixed = {
            pair(one, other)
            for piece in found
            for one, other in combinations(sorted(piece), 2)
            if part_of[one] is not part_of[other]
        }
        if broken <= links and mixed <= bars:  # all reached, or what an earlier decision forbids
            return frozenset(links), frozenset(bars)
        links |= broken
        bars |= mixed


def identified(
    context: ClusterContext, found: Iterable[Collection[str]], former: Mapping[str, str | None] | None = None
) -> StableIds:
    """The profile of each record, by greatest overlap with `former` owners where they differ from the present ones.

    A record whose former owner is None takes no id along: it leaves its profile for one of its own.
    """
    owners = {**context.profile_of, **(former or {})}
    previous = {record: profile for record, profile in owners.items() if profile is not None}
    since = {profile: context.since.get(profile, LONG_AGO) for profile in previous.values()}
    retired = (context.retired | set(context.profile_of.values())) - set(previous.values())
    return assign(found, previous, since, retired, context.joined)


@dataclass(frozen=True)
class Move:
    """Records that went from one profile to another; `kind` as in identity history."""

    kind: str
    profile_id: str
    other_id: str
    records: tuple[str, ...]


def moves(before: Mapping[str, str], after: Mapping[str, str]) -> list[Move]:
    """What became of profiles: `merged` where the other is gone, `split` where this one is new, `moved` otherwise."""
    went: dict[tuple[str, str], list[str]] = {}
    for record, profile in sorted(after.items()):
        if before[record] != profile:
            went.setdefault((before[record], profile), []).append(record)
    stood, stands = set(before.values()), set(after.values())
    return [
        Move("merged" if old not in stands else "moved" if new in stood else "split", new, old, tuple(records))
        for (old, new), records in sorted(went.items())
    ]


def heirs(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Profiles that hold no record any more, with the one that most of theirs went to."""
    to: dict[str, Counter[str]] = {}
    for record, profile in before.items():
        to.setdefault(profile, Counter())[after[record]] += 1
    stands = set(after.values())
    return {old: min(counted, key=lambda new: (-counted[new], new)) for old, counted in to.items() if old not in stands}
