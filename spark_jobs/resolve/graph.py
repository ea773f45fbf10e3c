"""The records of a run as numbers, and what is known between them as arrays: a million rows are no work for a loop."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from identity.clustering.cluster import Pair

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Graph:
    """`left[i] < right[i]` are places in the sorted `ids`, each pair once with its strongest `weight`; `must_link`
    pairs count as agreeing."""

    ids: pa.Array
    left: Numbers
    right: Numbers
    weight: NDArray[np.float64]
    must_link: list[tuple[int, int]]

    def places(self, records: Iterable[str]) -> list[int | None]:
        """The place of each record, None of an unknown one."""
        return _places(self.ids, records)

    def ends(self, pairs: Iterable[Pair]) -> list[tuple[int, int]]:
        """The pairs as sorted places; those with an unknown end are left out."""
        return _ends(self.ids, pairs)

    def agreeing(self, records: Iterable[str]) -> list[Pair]:
        """The pairs that evidence speaks for, of which one end is among these records."""
        places = np.array([one for one in self.places(records) if one is not None], dtype=np.int64)
        chosen = (self.weight >= 0) & (np.isin(self.left, places) | np.isin(self.right, places))
        ends = (self.ids.take(side[chosen]).to_pylist() for side in (self.left, self.right))
        return list(zip(*ends, strict=True))

    def joining(self, pairs: Iterable[Pair]) -> "Graph":
        """The same with these pairs joined besides, where what was to be joined before leaves it possible."""
        return replace(self, must_link=[*self.must_link, *self.ends(pairs)])

    @cached_property
    def component(self) -> Numbers:
        """The number of each record's connected component, over pairs that agree or must be together."""
        if not len(self.ids):
            return np.zeros(0, dtype=np.int64)
        agreeing = self.weight >= 0
        joined = np.array(self.must_link, dtype=np.int64).reshape(-1, 2).T
        left = np.concatenate([self.left[agreeing], joined[0]])
        right = np.concatenate([self.right[agreeing], joined[1]])
        size = len(self.ids)
        edges = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), (size, size))
        return np.asarray(connected_components(edges, directed=False)[1], dtype=np.int64)

    def first_of_component(self) -> pa.Table:
        """record_id and component, the first record of it, of the records that are not alone in theirs."""
        _, first, size = np.unique(self.component, return_index=True, return_counts=True)
        accompanied = np.flatnonzero(size[self.component] > 1)
        columns = [self.ids.take(accompanied), self.ids.take(first[self.component[accompanied]])]
        return pa.table(columns, names=["record_id", "component"])


def graph(records: Iterable[str], pairs: Iterable[tuple[str, str, float]], must_link: Iterable[Pair] = ()) -> Graph:
    """The graph of a few records and of their pairs (left, right, weight) in either direction."""
    ids = pa.array(sorted(set(records)), pa.string())
    place = {record: number for number, record in enumerate(ids.to_pylist())}
    strongest: dict[tuple[int, int], float] = {}
    for one, other, weight in pairs:
        ends = (min(place[one], place[other]), max(place[one], place[other]))
        if one != other:
            strongest[ends] = max(weight, strongest.get(ends, weight))
    left, right = np.array(list(strongest), dtype=np.int64).reshape(-1, 2).T
    return Graph(ids, left, right, np.array(list(strongest.values()), dtype=np.float64), _ends(ids, must_link))


def _places(ids: pa.Array, records: Iterable[str]) -> list[int | None]:
    places: list[int | None] = pc.index_in(pa.array(list(records), pa.string()), ids).to_pylist()
    return places


def _ends(ids: pa.Array, pairs: Iterable[Pair]) -> list[tuple[int, int]]:
    places = _places(ids, chain.from_iterable(pairs))
    found = zip(places[::2], places[1::2], strict=True)
    return sorted({(min(a, b), max(a, b)) for a, b in found if a is not None and b is not None and a != b})
