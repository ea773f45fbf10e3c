"""Clusters from scored pairs: agglomerative, strongest evidence first, with every pair of two clusters heard."""

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spark_jobs.resolve.graph import Graph, graph
from spark_jobs.resolve.rules import SHIPPED, Rules

MERGE_AT = SHIPPED.merge_at
LARGEST_CLUSTER = SHIPPED.largest_cluster
LIMIT = 20.0
"""Bits beyond which evidence can't be stronger."""
CLEARLY = 1e-6
"""Bits above the threshold at which rounding decides nothing."""


def cluster(
    records: Iterable[str],
    pairs: Iterable[tuple[str, str, float]],
    apart: Iterable[tuple[str, str]] = (),
    together: Iterable[tuple[str, str]] = (),
    verified: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    rules: Rules = SHIPPED,
) -> list[list[str]]:
    """The clusters of a few `records`, of whose `pairs` (left, right, weight in bits) are known."""
    return clusters(graph(records, pairs, together), apart, verified, rules)


def clusters(
    known: Graph,
    apart: Iterable[tuple[str, str]] = (),
    verified: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    rules: Rules = SHIPPED,
) -> list[list[str]]:
    """The partition of the records that the graph's pairs speak for, sorted; each record is in one.

    Two clusters merge while their best pair and the mean of all their pairs, weighed together, reach `merge_at`
    (between single and average linkage): so a chain A~B~C with A≠C ends at its weakest evidence, and a record with
    little in it may still join by one good pair. Pairs `apart` never end in one cluster, nor do two values of one kind
    in `verified` (record -> kind -> value), and no cluster exceeds `largest_cluster`. Pairs `together` merge first,
    whatever else is said of them but `apart`. A function of the sets alone: ties break by record ids.
    """
    component = known.component
    numbers = {
        place: {kind: {value} for kind, value in verified[record].items()}
        for record, place in zip(verified, known.places(verified), strict=True)
        if place is not None
    }
    bars, bonds = _by_component(known.ends(apart), component), _by_component(known.together, component)
    within = np.flatnonzero(component[known.left] == component[known.right])
    within = within[np.argsort(component[known.left[within]], kind="stable")]
    weight = np.clip(known.weight[within], -LIMIT, LIMIT)
    # 1. Most components are of one mind: every two of their records are known to be one person's.
    sizes = np.bincount(component, minlength=1)
    in_component = np.bincount(component[known.left[within]], minlength=len(sizes))
    weakest = np.full(len(sizes), np.inf)
    np.minimum.at(weakest, component[known.left[within]], weight)
    agreed = (in_component == sizes * (sizes - 1) // 2) & (weakest >= rules.merge_at + CLEARLY)
    agreed &= sizes <= rules.largest_cluster
    agreed[[*bars, *(int(component[place]) for place in numbers)]] = False
    # 2. The others are told apart.
    home = np.unique(component, return_index=True)[1][component]
    by_component = np.argsort(component, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    torn = ~agreed[component[known.left[within]]]
    columns = (known.left[within[torn]], known.right[within[torn]], weight[torn])
    pairs = list(zip(*(column.tolist() for column in columns), strict=True))
    pair_starts = np.concatenate([[0], np.cumsum(np.where(agreed, 0, in_component))])
    for number in np.flatnonzero(~agreed & (sizes > 1)).tolist():
        group = by_component[starts[number] : starts[number + 1]].tolist()
        said = {(a, b): bits for a, b, bits in pairs[pair_starts[number] : pair_starts[number + 1]]}
        for part in _agglomerate(group, said, bars.get(number, []), bonds.get(number, []), numbers, rules):
            home[part] = min(part)
    return _parts(known.ids, home)


def _by_component(pairs: Iterable[tuple[int, int]], component: NDArray[np.int64]) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for a, b in pairs:
        if component[a] == component[b]:
            found[int(component[a])].append((a, b))
    return found


def _parts(ids: pa.Array, home: NDArray[np.int64]) -> list[list[str]]:
    """The records of each cluster, from each record's first of its cluster; both are in the order of the ids."""
    order = np.argsort(home, kind="stable")
    records = ids.take(order).to_pylist()
    ends = np.flatnonzero(np.diff(home[order], append=-1)) + 1
    return [records[start:end] for start, end in zip([0, *ends.tolist()], ends.tolist(), strict=False)]


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
    # No link is stronger than its best pair, unless rules let unknown pairs speak for a merge.
    least = rules.merge_at - CLEARLY if rules.unproposed <= rules.merge_at else -math.inf
    queue = [
        (-strength, a, b)
        for a in clusters
        for b, link in links[a].items()
        if a < b and link.best >= least and (strength := _strength(a, b, clusters, link, rules)) >= rules.merge_at
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
            if around.best < least:
                continue
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
