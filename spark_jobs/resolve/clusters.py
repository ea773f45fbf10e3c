"""The clusters of a whole run, from arrays: components of one mind at once, the others by `agglomerate`.

`identity.clustering.cluster` has the same rule for a few records; a property test holds the two equal.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from identity.clustering.agglomerate import CLEARLY, LIMIT, Traits, agglomerate
from identity.matching.rules import SHIPPED, Rules
from spark_jobs.resolve.graph import Graph


def clusters(
    known: Graph,
    cannot_link: Iterable[tuple[str, str]] = (),
    verified: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    rules: Rules = SHIPPED,
    traits: Mapping[str, Traits] = MappingProxyType({}),
    bars: str = "dates",
) -> list[list[str]]:
    """The partition of the graph's records, sorted, as `identity.clustering.cluster.cluster` says; each is in one."""
    component = known.component
    numbers = {
        place: {kind: {value} for kind, value in verified[record].items()}
        for record, place in zip(verified, known.places(verified), strict=True)
        if place is not None
    }
    traits_at = {
        place: [traits[record]] for record, place in zip(traits, known.places(traits), strict=True) if place is not None
    }
    forbidden, bonds = _by_component(known.ends(cannot_link), component), _by_component(known.must_link, component)
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
    agreed[[*forbidden, *(int(component[place]) for place in (*numbers, *traits_at))]] = False
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
        for part in agglomerate(
            group, said, forbidden.get(number, []), bonds.get(number, []), numbers, traits_at, rules, bars
        ):
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
