"""Clusters from scored pairs: agglomerative, strongest evidence first, with every pair of two clusters heard."""

import heapq
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from spark_jobs.resolve.rules import SHIPPED, Rules

MERGE_AT = SHIPPED.merge_at
LARGEST_CLUSTER = SHIPPED.largest_cluster
LIMIT = 20.0
"""Bits beyond which evidence can't be stronger."""


def cluster(
    records: Iterable[str],
    pairs: Iterable[tuple[str, str, float]],
    apart: Iterable[tuple[str, str]] = (),
    together: Iterable[tuple[str, str]] = (),
    verified: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    rules: Rules = SHIPPED,
) -> list[list[str]]:
    """The partition of `records` that `pairs` (left, right, weight in bits) speak for, sorted; each record is in one.

    Two clusters merge while their best pair and the mean of all their pairs, weighed together, reach `merge_at`
    (between single and average linkage): so a chain A~B~C with A≠C ends at its weakest evidence, and a record with
    little in it may still join by one good pair. Pairs `apart` never end in one cluster, nor do two values of one kind
    in `verified` (record -> kind -> value), and no cluster exceeds `largest_cluster`. Pairs `together` merge first,
    whatever else is said of them but `apart`. A function of the sets alone: ties break by record ids.
    """
    ids = sorted(set(records))
    index = {record: i for i, record in enumerate(ids)}
    weights: dict[tuple[int, int], float] = {}
    for left, right, weight in pairs:
        a, b = sorted((index[left], index[right]))
        if a != b:
            weights[a, b] = max(weights.get((a, b), -LIMIT), max(-LIMIT, min(LIMIT, weight)))
    numbers = {index[record]: {kind: {value} for kind, value in said.items()} for record, said in verified.items()}
    forced = {(min(index[a], index[b]), max(index[a], index[b])) for a, b in together if a != b}
    forbidden = {(min(index[a], index[b]), max(index[a], index[b])) for a, b in apart if a != b}
    components = _components(len(ids), [pair for pair, weight in weights.items() if weight >= 0] + sorted(forced))
    members: dict[int, list[int]] = {}
    for i, component in enumerate(components):
        members.setdefault(int(component), []).append(i)
    within: dict[int, dict[tuple[int, int], float]] = {}
    for (a, b), weight in weights.items():
        if components[a] == components[b]:
            within.setdefault(int(components[a]), {})[a, b] = weight
    bars, bonds = _by_component(forbidden, components), _by_component(forced, components)
    found: list[list[str]] = []
    for component, group in members.items():
        said = within.get(component, {}), bars.get(component, []), bonds.get(component, [])
        parts = [group] if len(group) == 1 else _agglomerate(group, *said, numbers, rules)
        found += [[ids[i] for i in sorted(part)] for part in parts]
    return sorted(found)


def _components(size: int, pairs: list[tuple[int, int]]) -> NDArray[np.int32]:
    if not pairs:
        return np.arange(size, dtype=np.int32)
    left, right = np.array(pairs).T
    return np.asarray(
        connected_components(coo_matrix((np.ones(len(left)), (left, right)), (size, size)), directed=False)[1]
    )


def _by_component(pairs: Iterable[tuple[int, int]], components: NDArray[np.int32]) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for a, b in sorted(pairs):
        if components[a] == components[b]:
            found.setdefault(int(components[a]), []).append((a, b))
    return found


class _Link:
    """What is known between two clusters: the best weight, the sum of known ones and their count, and any bar."""

    __slots__ = ("barred", "best", "known", "total")

    def __init__(self, best: float, total: float, known: int, barred: bool) -> None:
        self.best, self.total, self.known, self.barred = best, total, known, barred

    def strength(self, pairs: int, rules: Rules) -> float:
        mean = (self.total + rules.unproposed * (pairs - self.known)) / pairs
        return rules.best_pair * self.best + (1 - rules.best_pair) * mean


def _agglomerate(
    group: list[int],
    weights: Mapping[tuple[int, int], float],
    forbidden: list[tuple[int, int]],
    forced: list[tuple[int, int]],
    numbers: Mapping[int, Mapping[str, set[str]]],
    rules: Rules,
) -> list[list[int]]:
    # 1. Every record is a cluster; links hold what is known between two clusters.
    clusters = {i: [i] for i in group}
    verified = {i: dict(numbers[i]) for i in group if i in numbers}
    links: dict[int, dict[int, _Link]] = {i: {} for i in group}
    for (a, b), weight in weights.items():
        links[a][b] = links[b][a] = _Link(weight, weight, 1, False)
    for a, b in forbidden:
        link = links[a].setdefault(b, _Link(-LIMIT, -LIMIT, 1, True))
        link.barred = True
        links[b][a] = link
    # 2. What must be together is, first and in order, unless it is barred too.
    home = {i: i for i in group}
    for a, b in forced:
        if home[a] != home[b]:
            one, other = sorted((home[a], home[b]))
            between = links[one].get(other)
            if between is None or not between.barred:
                _merge(one, other, clusters, links, home)
                _pool(one, other, verified)
    # 3. Then the strongest link first. A merge changes the links around it, so entries are checked again.
    queue = [
        (-strength, a, b)
        for a in clusters
        for b, link in links[a].items()
        if a < b and (strength := _strength(a, b, clusters, link, rules)) >= rules.merge_at
    ]
    heapq.heapify(queue)
    while queue:
        negative, a, b = heapq.heappop(queue)
        current = links.get(a, {}).get(b)
        if current is None or _strength(a, b, clusters, current, rules) != -negative:
            continue
        if _contradict(verified.get(a, {}), verified.get(b, {})):
            current.barred = True
            continue
        _merge(a, b, clusters, links, home)
        _pool(a, b, verified)
        for other, around in links[a].items():
            one, two = min(a, other), max(a, other)
            strength = _strength(one, two, clusters, around, rules)
            if strength >= rules.merge_at:
                heapq.heappush(queue, (-strength, one, two))
    return list(clusters.values())


def _contradict(one: Mapping[str, set[str]], other: Mapping[str, set[str]]) -> bool:
    return any(values.isdisjoint(other[kind]) for kind, values in one.items() if kind in other)


def _pool(a: int, b: int, verified: dict[int, dict[str, set[str]]]) -> None:
    for kind, values in verified.pop(b, {}).items():
        mine = verified.setdefault(a, {})
        mine[kind] = mine.get(kind, set()) | values


def _strength(a: int, b: int, clusters: Mapping[int, list[int]], link: _Link, rules: Rules) -> float:
    size_a, size_b = len(clusters[a]), len(clusters[b])
    if link.barred or size_a + size_b > rules.largest_cluster:
        return -LIMIT
    return link.strength(size_a * size_b, rules)


def _merge(
    a: int, b: int, clusters: dict[int, list[int]], links: dict[int, dict[int, _Link]], home: dict[int, int]
) -> None:
    """Cluster b becomes part of a; a keeps its number, the smallest of its records."""
    for i in clusters[b]:
        home[i] = a
    clusters[a] += clusters.pop(b)
    for other, link in links.pop(b).items():
        links[other].pop(b, None)
        if other == a:
            continue
        mine = links[a].get(other)
        if mine:
            best, total = max(mine.best, link.best), mine.total + link.total
            link = _Link(best, total, mine.known + link.known, mine.barred or link.barred)
        links[a][other] = links[other][a] = link
