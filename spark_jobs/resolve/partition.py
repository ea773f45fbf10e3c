"""The partition of the records that a run has to look at: the same statements for a first run and for a day's changes.

Under one model the outcome is a function of the records alone. Whatever the order and the batches in which they came,
the partition is that of a rebuild (tests/spark_jobs/resolve/test_partition.py).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from spark_jobs.resolve.cluster import cluster
from spark_jobs.resolve.engine import Engine
from spark_jobs.resolve.evidence import gather
from spark_jobs.resolve.members import gather_members
from spark_jobs.resolve.model import PersonModel
from spark_jobs.resolve.reopen import reopen, start
from spark_jobs.resolve.rules import Rules

Pair = tuple[str, str]


@dataclass(frozen=True)
class Partition:
    """Clusters of the records that were looked at, the component of each that is not alone, the weights within."""

    clusters: list[list[str]]
    component_of: dict[str, str]
    pairs: list[tuple[str, str, float]]


def partition(
    engine: Engine,
    model: Callable[[], PersonModel],
    rules: Rules,
    first: bool,
    apart: Iterable[Pair] = (),
    together: Iterable[Pair] = (),
) -> Partition:
    """Looks at what changed and clusters it; `scored`, `ruled`, `reopened`, `members` stay for the caller to write."""
    if first:
        start(engine)
        gather(engine, model, rules, "now", "")
        engine.let("members", "select record_id from now")
        engine.view("within", "select * from heard")
    else:
        reopen(engine, rules)
        gather(engine, model, rules, "reopened", "")
        gather_members(engine)
        # Among the rest of the components nothing changed; their evidence is needed again to cluster them.
        engine.let(
            "others",
            "select m.record_id from members m"
            " where not exists (select 1 from reopened r where r.record_id = m.record_id)",
        )
        if engine.rows("select 1 from others limit 1"):
            gather(engine, model, rules, "others", "_others", among=True)
        else:
            engine.view("heard_others", "select * from heard where 1 = 0")
        ends = [f"exists (select 1 from members m where m.record_id = h.{side}_id)" for side in ("left", "right")]
        engine.view(
            "within", f"select h.* from heard h where {' and '.join(ends)} union all select * from heard_others"
        )
    records = [record for (record,) in engine.rows("select record_id from members")]
    known = set(records)
    together = [pair for pair in together if known.issuperset(pair)]
    agreeing = [*engine.rows("select left_id, right_id from within where weight >= 0"), *together]
    component_of = components(agreeing)
    engine.put("component_of", ["record_id", "component"], component_of.items())
    pairs = engine.rows(
        "select h.left_id, h.right_id, h.weight from within h join component_of a on a.record_id = h.left_id"
        " join component_of b on b.record_id = h.right_id and b.component = a.component"
    )
    apart = [pair for pair in apart if known.issuperset(pair)]
    clusters = cluster(records, pairs, apart, together, verified_values(engine), rules)
    return Partition(clusters, component_of, pairs)


def verified_values(engine: Engine) -> dict[str, Mapping[str, str]]:
    """record -> kind -> value, of the members' attributes that a contract calls verified."""
    found: dict[str, dict[str, str]] = {}
    told = (
        "select record_id, one.kind as kind, one.value as value from"
        " (select n.record_id, EXPLODE(n.verified) as one from now n"
        " where exists (select 1 from members m where m.record_id = n.record_id)) v"
    )
    for record, kind, value in engine.rows(told):
        found.setdefault(record, {})[kind] = value
    return dict(found)


def components(pairs: Iterable[Pair]) -> dict[str, str]:
    """record -> the first record of its connected component, for records in pairs."""
    pairs = list(pairs)
    ids = sorted({record for pair in pairs for record in pair})
    if not ids:
        return {}
    index = {record: i for i, record in enumerate(ids)}
    left = np.fromiter((index[a] for a, _ in pairs), dtype=np.int64, count=len(pairs))
    right = np.fromiter((index[b] for _, b in pairs), dtype=np.int64, count=len(pairs))
    graph = coo_matrix((np.ones(len(pairs), dtype=np.int8), (left, right)), (len(ids), len(ids)))
    labels = connected_components(graph, directed=False)[1]
    _, first = np.unique(labels, return_index=True)  # ids are sorted: the first with a label is the smallest
    return {record: ids[first[label]] for record, label in zip(ids, labels, strict=True)}
