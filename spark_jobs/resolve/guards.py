"""Guarded clustering: edges join records strongest first, and never two that contradict each other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

LARGEST_CLUSTER = 200


@dataclass(frozen=True)
class Edge:
    """Evidence that two records are one person; `weight` in bits orders the evidence."""

    left: str
    right: str
    weight: float


@dataclass(frozen=True)
class HeldEdge:
    """An edge that was not followed, and why."""

    left: str
    right: str
    reason: str


# What a record asserts that no other record of the same person may contradict: attribute -> value.
Assertions = Mapping[str, Mapping[str, str]]


def guarded_clusters(
    records: Iterable[str], edges: Iterable[Edge], assertions: Assertions
) -> tuple[list[list[str]], list[HeldEdge]]:
    """Clusters without contradiction and at most LARGEST_CLUSTER records, and the edges that were not followed.

    Kruskal's order (strongest edge first, ties by record ids) makes the outcome a function of the sets alone. A
    component without contradiction is simply a cluster.
    """
    ids = sorted(records)
    position = {record: index for index, record in enumerate(ids)}
    links = sorted(edges, key=lambda edge: (-edge.weight, edge.left, edge.right))
    labels = _components(len(ids), [(position[edge.left], position[edge.right]) for edge in links])
    members: dict[int, list[str]] = {}
    for record, label in zip(ids, labels, strict=True):
        members.setdefault(label, []).append(record)
    doubtful = {label for label, cluster in members.items() if not _fits(cluster, assertions)}
    clusters = [cluster for label, cluster in members.items() if label not in doubtful]
    held: list[HeldEdge] = []
    for label in sorted(doubtful):
        inside = [edge for edge in links if labels[position[edge.left]] == label]
        parts, refused = _cut(members[label], inside, assertions)
        clusters += parts
        held += refused
    return sorted(clusters), held


def _components(size: int, pairs: list[tuple[int, int]]) -> list[int]:
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    graph = coo_matrix((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(size, size))
    return list(connected_components(graph, directed=False)[1])


def _fits(cluster: list[str], assertions: Assertions) -> bool:
    if len(cluster) > LARGEST_CLUSTER:
        return False
    asserted: dict[str, str] = {}
    for record in cluster:
        for attribute, value in assertions.get(record, {}).items():
            if asserted.setdefault(attribute, value) != value:
                return False
    return True


def _cut(cluster: list[str], edges: list[Edge], assertions: Assertions) -> tuple[list[list[str]], list[HeldEdge]]:
    part_of = {record: record for record in cluster}
    parts = {record: [record] for record in cluster}
    asserted = {record: dict(assertions.get(record, {})) for record in cluster}
    held = []
    for edge in edges:
        left, right = part_of[edge.left], part_of[edge.right]
        if left == right:
            continue
        reason = _contradiction(asserted[left], asserted[right])
        if reason is None and len(parts[left]) + len(parts[right]) > LARGEST_CLUSTER:
            reason = f"more than {LARGEST_CLUSTER} records"
        if reason is not None:
            held.append(HeldEdge(edge.left, edge.right, reason))
            continue
        if len(parts[left]) < len(parts[right]):
            left, right = right, left
        part_of |= dict.fromkeys(parts[right], left)
        parts[left] += parts.pop(right)
        asserted[left] |= asserted.pop(right)
    return [sorted(part) for part in parts.values()], held


def _contradiction(left: Mapping[str, str], right: Mapping[str, str]) -> str | None:
    for attribute in sorted(left.keys() & right.keys()):
        if left[attribute] != right[attribute]:
            return f"two different values of {attribute}"
    return None
