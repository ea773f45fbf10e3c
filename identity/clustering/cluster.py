"""Which of a few records are one person, from their scored pairs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from identity.clustering.agglomerate import LIMIT, Traits, agglomerate
from identity.matching.rules import SHIPPED, Rules

MERGE_AT = SHIPPED.merge_at
LARGEST_CLUSTER = SHIPPED.largest_cluster
Pair = tuple[str, str]


def cluster(
    records: Iterable[str],
    pairs: Iterable[tuple[str, str, float]],
    cannot_link: Iterable[Pair] = (),
    must_link: Iterable[Pair] = (),
    verified: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    rules: Rules = SHIPPED,
    traits: Mapping[str, Traits] = MappingProxyType({}),
    bars: str = "dates",
) -> list[list[str]]:
    """The partition of a few `records` that their `pairs` (left, right, bits) speak for, sorted; each is in one.

    Two clusters merge while their best pair and the mean of all their pairs, weighed together, reach `merge_at`
    (between single and average linkage): so a chain A~B~C with A≠C ends at its weakest evidence, and a record with
    little in it may still join by one good pair. Pairs `cannot_link` never end in one cluster, nor do two values of
    one kind in `verified` (record -> kind -> value); no two clusters merge whose `traits` (of records where these
    differ from the rest of their component) are two people's by the condition `bars`; and no cluster exceeds
    `largest_cluster`. Pairs `must_link` merge first, whatever else is said of them but `cannot_link`. A function of
    the sets alone: ties break by record ids.
    """
    ids = sorted(set(records))
    place = {record: number for number, record in enumerate(ids)}
    weights: dict[tuple[int, int], float] = {}
    for left, right, weight in pairs:
        if left != right:
            ends = _ends(place[left], place[right])
            weights[ends] = max(weight, weights.get(ends, weight))
    bonds, forbidden = _placed(must_link, place), _placed(cannot_link, place)
    # 1. The components that agreeing pairs, and those that must be together, connect.
    root = _components(len(ids), [*(ends for ends, weight in weights.items() if weight >= 0), *bonds])
    groups: dict[int, list[int]] = defaultdict(list)
    for number in range(len(ids)):
        groups[root[number]].append(number)
    # 2. Each is told apart by itself.
    heard: dict[int, dict[tuple[int, int], float]] = defaultdict(dict)
    for (a, b), weight in weights.items():
        if root[a] == root[b]:
            heard[root[a]][a, b] = min(max(weight, -LIMIT), LIMIT)
    numbers = {place[one]: {kind: {v} for kind, v in said.items()} for one, said in verified.items() if one in place}
    traits_at = {place[one]: [said] for one, said in traits.items() if one in place}
    parts: list[list[int]] = []
    for number, group in groups.items():
        barred = [(a, b) for a, b in forbidden if root[a] == root[b] == number]
        bound = [(a, b) for a, b in bonds if root[a] == number]
        parts += agglomerate(group, heard[number], barred, bound, numbers, traits_at, rules, bars)
    return sorted([ids[one] for one in sorted(part)] for part in parts)


def _ends(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def _placed(pairs: Iterable[Pair], place: Mapping[str, int]) -> list[tuple[int, int]]:
    """The pairs as sorted places; those with an unknown end are left out."""
    known = ((place[a], place[b]) for a, b in pairs if a in place and b in place)
    return sorted({_ends(a, b) for a, b in known if a != b})


def _components(count: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """The smallest number in the connected component of each of 0..count-1 (union-find)."""
    root = list(range(count))

    def find(one: int) -> int:
        while root[one] != one:
            root[one] = root[root[one]]
            one = root[one]
        return one

    for a, b in edges:
        low, high = _ends(find(a), find(b))
        root[high] = low
    return [find(one) for one in range(count)]
