"""The partition of the records that a run has to look at: the same statements for a first run and for a day's changes.

Under one model the outcome is a function of the records alone, but that who was there first stays where two logins
contest a profile (incumbents.py). Whatever the order and the batches in which they came, the partition is that of a
rebuild (tests/spark_jobs/resolve/test_partition.py).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from identity.clustering.cluster import Pair
from identity.clustering.incumbents import incumbents
from identity.matching.model import PersonModel
from identity.matching.rules import Rules
from lake.sql_engine import Engine
from spark_jobs.resolve.affected_components import find_records_to_cluster
from spark_jobs.resolve.affected_pairs import find_affected, is_affected, start
from spark_jobs.resolve.candidates import propose_affected, propose_all, propose_among
from spark_jobs.resolve.clusters import clusters
from spark_jobs.resolve.evidence import evidence_rows, gather
from spark_jobs.resolve.numbering import graph_of, named, number, placed


@dataclass(frozen=True)
class Partition:
    """Clusters of the records that were looked at, and (record_id, component) of those that are not alone."""

    clusters: list[list[str]]
    component_of: pa.Table


def look(engine: Engine, model: Callable[[], PersonModel], rules: Rules, first: bool) -> None:
    """Makes `to_cluster`, the records to cluster; `looked_at`, with those that are no more; `evidence_rows`, all
    evidence that may be new; and `within`, the weights of the pairs of records to cluster."""
    if first:
        start(engine)
        engine.view("to_cluster", "select record_id from numbered")
        engine.view("looked_at", "select record_id from to_cluster")
        propose_all(engine, rules)
        gather(engine, model, rules)
        engine.view("evidence_rows", named(f"({evidence_rows()})", "tier, rule, weight, evidence"))
        engine.view("within", named("pair_weights", "weight"))
        return
    find_affected(engine, rules)
    propose_affected(engine)
    gather(engine, model, rules, "affected_records")
    find_records_to_cluster(engine)
    # Records that are no more still say which profile was theirs: theirs may have lost its last one.
    engine.let("looked_at", "select record_id from to_cluster union select record_id from changed")
    # Of the rest of the components a few pairs are affected; all of their evidence is needed to cluster them.
    engine.let(
        "others",
        "select m.record_id from to_cluster m"
        " where not exists (select 1 from affected_records r where r.record_id = m.record_id)",
    )
    propose_among(engine, rules, "others", "_others")
    gather(engine, model, rules, "others", "_others", among=True)
    engine.view(
        "evidence_rows",
        f"{evidence_rows()} union all select * from ({evidence_rows('_others')}) o where {is_affected('o')}",
    )
    ends = [f"exists (select 1 from to_cluster m where m.record_id = h.{side}_id)" for side in ("left", "right")]
    engine.view(
        "within",
        f"select h.* from pair_weights h where {' and '.join(ends)} union all select * from pair_weights_others",
    )


def partition(
    engine: Engine,
    rules: Rules,
    first: bool,
    cannot_link: Iterable[Pair] = (),
    must_link: Iterable[Pair] = (),
    stood: Mapping[str, str] = MappingProxyType({}),
    bars: str = "dates",
) -> Partition:
    """Clusters what was looked at; `component_of` stays for the caller to write.

    `stood` are the profiles before (record -> profile): they count where another login would take somebody's place.
    `bars` is what the model lets two people be told by.
    """
    if not first:
        number(engine, "to_cluster")
    pairs = "select * from pair_weights" if first else placed("within", "weight")
    verified = verified_values(engine, "after" if first else "keyed")
    known = graph_of(engine, pairs, must_link)
    known = known.joining(incumbents(known.agreeing(verified), verified, stood))
    component_of = known.first_of_component()
    engine.give("component_of", component_of)
    traits = differing_traits(engine, "after" if first else "keyed")
    return Partition(clusters(known, cannot_link, verified, rules, traits, bars), component_of)


def differing_traits(engine: Engine, comparables: str) -> dict[str, dict[str, Any]]:
    """record -> what may tell that it is another person's than some record of its component, where these differ."""
    said = engine.arrow(
        "select s.record_id, s.whole_birth, s.whole_year, s.generation, s.middle_initial, s.numbers, s.national_id"
        f" from {comparables} s"
        " join component_of c on c.record_id = s.record_id join (select o.component from component_of o"
        f" join {comparables} t on t.record_id = o.record_id group by o.component having"
        " count(distinct t.whole_birth) > 1 or count(distinct t.generation) > 1) d on d.component = c.component"
    )
    return {
        row["record_id"]: {
            "whole_birth": row["whole_birth"],
            "whole_year": row["whole_year"],
            "generation": row["generation"],
            "middle_initial": row["middle_initial"],
            "external_ids": [one["key"] for one in row["numbers"] or () if one["kind"] not in ("email", "phone")]
            or None,
            "national_id": row["national_id"],
        }
        for row in said.to_pylist()
    }


def verified_values(engine: Engine, comparables: str) -> dict[str, Mapping[str, str]]:
    """record -> kind -> value, of the attributes of records to cluster that a contract calls verified."""
    found: dict[str, dict[str, str]] = {}
    query = (
        "select record_id, one.kind as kind, one.value as value from"
        f" (select n.record_id, EXPLODE(n.verified) as one from {comparables} n"
        " where exists (select 1 from to_cluster m where m.record_id = n.record_id)) v"
    )
    for record, kind, value in engine.rows(query):
        found.setdefault(record, {})[kind] = value
    return dict(found)
