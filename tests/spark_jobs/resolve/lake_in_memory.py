"""A lake of a few records in memory, resolved batch by batch or whole, by the job's own statements."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from spark_jobs.resolve.driver_engine import DriverEngine
from spark_jobs.resolve.graph import Pair
from spark_jobs.resolve.model import PersonModel, load
from spark_jobs.resolve.name_parts import NameFrequencies
from spark_jobs.resolve.partition import look, partition
from spark_jobs.resolve.recent import whole
from spark_jobs.resolve.reopen import recall
from spark_jobs.resolve.rules import SHIPPED, Rules
from spark_jobs.resolve.state import STATE, state

NO_NAMES = NameFrequencies()
_ARROW = {
    "string": pa.string(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "array<string>": pa.list_(pa.string()),
    "array<bigint>": pa.list_(pa.int64()),
    "array<struct<kind:string,key:bigint>>": pa.list_(pa.struct([("kind", pa.string()), ("key", pa.int64())])),
    "array<struct<kind:string,value:string>>": pa.list_(pa.struct([("kind", pa.string()), ("value", pa.string())])),
}


def as_table(states: Iterable[Mapping[str, Any]]) -> pa.Table:
    """States as typed rows, without Spark."""
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in STATE.items()])
    return pa.Table.from_pylist(list(states), schema=schema)


def as_recent(states: Mapping[str, Mapping[str, Any] | None]) -> pa.Table:
    """The same beside the large table, of which a record without a state is gone."""
    rows = as_table(said or {"record_id": record} for record, said in states.items())
    return rows.append_column("gone", pa.array([said is None for said in states.values()], pa.bool_()))


class LakeInMemory:
    """What the lake's tables remember, without stable ids: a profile is its first record."""

    def __init__(self, model: PersonModel | None = None, rules: Rules = SHIPPED) -> None:
        self.rules = rules
        self.model = model or load()
        self.engine = DriverEngine()
        self.base: dict[str, dict[str, Any]] = {}
        self.recent: dict[str, dict[str, Any] | None] = {}
        self.component_of: dict[str, str] = {}
        self.profile_of: dict[str, str] = {}
        self.edges: dict[tuple[str, str, str], float] = {}
        self.apart: set[Pair] = set()
        self.together: set[Pair] = set()

    def run(
        self,
        records: Iterable[Mapping[str, Any]] = (),
        gone: Iterable[str] = (),
        apart: Iterable[Pair] = (),
        together: Iterable[Pair] = (),
    ) -> None:
        """Takes in some records, removals and decisions, and looks at what they touch."""
        engine, first = self.engine, not self.base
        fresh = [state(record, NO_NAMES) for record in records]
        gone = list(gone)
        apart, together = set(apart), set(together)
        settled = {record for pair in (apart ^ self.apart) | (together ^ self.together) for record in pair}
        self.apart, self.together = apart, together
        engine.give("states_base", as_table(self.base.values()))
        engine.give("states_recent", as_recent(self.recent))
        engine.view("states", whole("states", STATE, ("record_id",)))
        engine.give("fresh", as_table(fresh))
        asked = [one["record_id"] for one in fresh] + gone
        engine.put("asked", ["record_id"], [(record,) for record in asked])
        engine.put("gone", ["record_id"], [(record,) for record in gone])
        kinds = {"same": self.together, "different": self.apart}
        decided = [(*pair, kind) for kind, pairs in kinds.items() for pair in pairs]
        engine.put("decided", ["left_id", "right_id", "kind"], decided)
        engine.put("settled", ["record_id"], [(record,) for record in settled])
        engine.put("components", ["record_id", "component"], self.component_of.items())
        engine.put("claims", ["record_id", "profile_id"], self.profile_of.items())
        if not first:
            recall(engine)
        look(engine, lambda: self.model, self.rules, first)
        found = partition(engine, self.rules, first, self.apart, self.together, self.profile_of)
        came = {one["record_id"]: one for one in fresh}
        if first:
            self.base = came
        else:
            self.recent |= came | dict.fromkeys(gone)
        members = {record for part in found.clusters for record in part} | set(gone)
        for known in (self.component_of, self.profile_of):
            for record in members:
                known.pop(record, None)
        self.component_of |= zip(*(column.to_pylist() for column in found.component_of.columns), strict=True)
        self.profile_of |= {record: part[0] for part in found.clusters for record in part}
        if first:
            self.edges.clear()
        else:
            touched = {record for (record,) in engine.rows("select record_id from touched_records")}
            again = set(engine.rows("select left_id, right_id from pairs_again"))
            self.edges = {
                (*pair, rule): w
                for (*pair, rule), w in self.edges.items()
                if not touched.intersection(pair) and tuple(pair) not in again
            }
        for left, right, rule, weight in engine.rows("select left_id, right_id, rule, weight from told"):
            self.edges[left, right, rule] = weight

    @property
    def clusters(self) -> set[frozenset[str]]:
        found: dict[str, set[str]] = {}
        for record, profile in self.profile_of.items():
            found.setdefault(profile, set()).add(record)
        return {frozenset(part) for part in found.values()}
