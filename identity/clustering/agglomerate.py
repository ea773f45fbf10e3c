"""Agglomerative clustering of one component: strongest evidence first, with every pair of two clusters heard."""

import heapq
import math
from collections.abc import Mapping
from typing import Any

from identity.matching.rules import Rules
from identity.matching.two_people import two_people

Traits = Mapping[str, Any]
"""What tells two people apart: the columns that `two_people` compares."""

LIMIT = 20.0
"""Bits beyond which evidence can't be stronger."""
CLEARLY = 1e-6
"""Bits above the threshold at which rounding decides nothing."""


class _Link:
    """What is known between two clusters: the best weight, the sum of known ones and their count, and any bar."""

    __slots__ = ("barred", "best", "known", "total")

    def __init__(self, best: float, total: float, known: int, barred: bool) -> None:
        self.best, self.total, self.known, self.barred = best, total, known, barred

    def strength(self, pairs: int, rules: Rules) -> float:
        mean = (self.total + rules.unproposed * (pairs - self.known)) / pairs
        return rules.best_pair * self.best + (1 - rules.best_pair) * mean


def agglomerate(
    group: list[int],
    weights: Mapping[tuple[int, int], float],
    forbidden: list[tuple[int, int]],
    forced: list[tuple[int, int]],
    numbers: Mapping[int, Mapping[str, set[str]]],
    traits_at: Mapping[int, list[Traits]],
    rules: Rules,
    bars: str,
) -> list[list[int]]:
    # 1. Every record is a cluster; links hold what is known between two clusters.
    clusters = {i: [i] for i in group}
    verified = {i: dict(numbers[i]) for i in group if i in numbers}
    traits = {i: traits_at[i] for i in group if i in traits_at}
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
                _pool(one, other, verified, traits)
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
        if two_people(traits.get(a, ()), traits.get(b, ()), bars):
            continue  # until either comes to know more
        _merge(a, b, clusters, links, home)
        _pool(a, b, verified, traits)
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


def _pool(a: int, b: int, verified: dict[int, dict[str, set[str]]], traits: dict[int, list[Traits]]) -> None:
    if b in traits:
        traits[a] = [*traits.get(a, ()), *traits.pop(b)]
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
