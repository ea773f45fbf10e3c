"""A lake of a few records in memory, resolved batch by batch or whole, by the job's own statements."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from identity.clustering.cluster import Pair
from identity.matching.comparables import COMPARABLE_COLUMNS, comparables
from identity.matching.model import PersonModel, load
from identity.matching.name_parts import NameFrequencies
from identity.matching.rules import SHIPPED, Rules
from lake.overlay import whole
from lake.sql_engine import Engine
from spark_jobs.resolve.affected_pairs import take_keys_before
from spark_jobs.resolve.comparables import COMPARABLES_SCHEMA
from spark_jobs.resolve.driver_engine import DriverEngine
from spark_jobs.resolve.partition import look, partition
from spark_jobs.resolve.unmatched import freeze, withhold

NO_NAMES = NameFrequencies()
MODEL = "person_model"


def as_table(comparables: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Comparables as typed rows, without Spark."""
    return pa.Table.from_pylist(list(comparables), schema=COMPARABLES_SCHEMA)


def as_recent(comparables: Mapping[str, Mapping[str, Any] | None]) -> pa.Table:
    """The same beside the large table, of which a record without comparables is gone."""
    rows = as_table(said or {"record_id": record} for record, said in comparables.items())
    return rows.append_column("gone", pa.array([said is None for said in comparables.values()], pa.bool_()))


class LakeInMemory:
    """What the lake's tables remember, without stable ids: a profile is its first record."""

    def __init__(self, model: PersonModel | None = None, rules: Rules = SHIPPED, engine: Engine | None = None) -> None:
        self.rules = rules
        self.model = model or load()
        self.engine: Engine = engine or DriverEngine()
        self.base: dict[str, dict[str, Any]] = {}
        self.recent: dict[str, dict[str, Any] | None] = {}
        self.component_of: dict[str, str] = {}
        self.profile_of: dict[str, str] = {}
        self.edges: dict[tuple[str, str, str], float] = {}
        self.cannot_link: set[Pair] = set()
        self.must_link: set[Pair] = set()
        self.said: dict[str, Mapping[str, Any]] = {}
        self.unmatched: dict[str, str] = {}

    def run(
        self,
        records: Iterable[Mapping[str, Any]] = (),
        gone: Iterable[str] = (),
        cannot_link: Iterable[Pair] = (),
        must_link: Iterable[Pair] = (),
        unmatched: Mapping[str, str] | None = None,
        names: NameFrequencies = NO_NAMES,
    ) -> None:
        """Takes in some records, removals and decisions, and looks at what they touch.

        `unmatched` are from now on, record by record with the reason, those that nothing is sought for.
        """
        engine, first, before = self.engine, not self.base, self.unmatched
        self.unmatched = before if unmatched is None else dict(unmatched)
        gone = list(gone)
        came = {one["record_id"]: one for one in records}
        self.said = {one: said for one, said in (self.said | came).items() if one not in gone}
        marked = {one for one, _ in before.items() ^ self.unmatched.items()} & self.said.keys()
        fresh = [comparables(self.said[one], names) for one in [*came, *sorted(marked - came.keys())]]
        cannot_link, must_link = set(cannot_link), set(must_link)
        reassigned = {
            record for pair in (cannot_link ^ self.cannot_link) | (must_link ^ self.must_link) for record in pair
        }
        self.cannot_link, self.must_link = cannot_link, must_link
        engine.give("comparables_base", as_table(self.base.values()))
        engine.give("comparables_recent", as_recent(self.recent))
        engine.view("comparables", whole("comparables", COMPARABLE_COLUMNS, ("record_id",)))
        engine.give("computed", as_table(fresh))
        engine.put("unmatched", ["record_id", "reason"], self.unmatched.items())
        withhold(engine)
        engine.give("edges_base", self._edges())
        engine.give("edges_recent", self._edges().slice(0, 0).append_column("gone", pa.array([], pa.bool_())))
        freeze(engine)
        asked = [one["record_id"] for one in fresh] + gone
        engine.put("asked", ["record_id"], [(record,) for record in asked])
        engine.put("gone", ["record_id"], [(record,) for record in gone])
        kinds = {"same": self.must_link, "different": self.cannot_link}
        decided = [(*pair, kind) for kind, pairs in kinds.items() for pair in pairs]
        engine.put("decided", ["left_id", "right_id", "kind"], decided)
        engine.put("reassigned", ["record_id"], [(record,) for record in reassigned])
        engine.put("components", ["record_id", "component"], self.component_of.items())
        engine.put("claims", ["record_id", "profile_id"], self.profile_of.items())
        if not first:
            take_keys_before(engine)
        look(engine, lambda: self.model, self.rules, first)
        found = partition(engine, self.rules, first, self.cannot_link, self.must_link, self.profile_of, self.model.bars)
        now = {one["record_id"]: one for one in engine.arrow("select * from fresh").to_pylist()}
        if first:
            self.base = now
        else:
            self.recent |= now | dict.fromkeys(gone)
        to_cluster = {record for part in found.clusters for record in part} | set(gone)
        for known in (self.component_of, self.profile_of):
            for record in to_cluster:
                known.pop(record, None)
        self.component_of |= zip(*(column.to_pylist() for column in found.component_of.columns), strict=True)
        self.profile_of |= {record: part[0] for part in found.clusters for record in part}
        if first:
            self.edges.clear()
        else:
            touched = {record for (record,) in engine.rows("select record_id from touched_records")}
            again = set(engine.rows("select left_id, right_id from affected_pairs"))
            self.edges = {
                (*pair, rule): w
                for (*pair, rule), w in self.edges.items()
                if not touched.intersection(pair) and tuple(pair) not in again
            }
        for left, right, rule, weight in engine.rows("select left_id, right_id, rule, weight from evidence_rows"):
            self.edges[left, right, rule] = weight

    def _edges(self) -> pa.Table:
        # The lake keeps none of the model's pairs that it finds too unlikely, unless a rule joins them.
        ruled = {of[:2] for of in self.edges if of[2] != MODEL}
        kept = [
            (*of, w) for of, w in self.edges.items() if of[2] != MODEL or w >= self.rules.review_from or of[:2] in ruled
        ]
        columns = [pa.array([one[place] for one in kept], pa.string()) for place in range(3)]
        tiers = ["probabilistic" if one[2] == MODEL else "deterministic" for one in kept]
        weights = pa.array([one[3] for one in kept], pa.float64())
        said = [*columns[:2], pa.array(tiers, pa.string()), columns[2], weights, pa.array(["{}"] * len(kept))]
        return pa.table(said, names=["left_id", "right_id", "tier", "rule", "weight", "evidence"])

    @property
    def clusters(self) -> set[frozenset[str]]:
        found: dict[str, set[str]] = {}
        for record, profile in self.profile_of.items():
            found.setdefault(profile, set()).add(record)
        return {frozenset(part) for part in found.values()}
