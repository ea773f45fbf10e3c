"""What has to be clustered again is closed: whoever shares a component or a profile with it is in it too."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.resolve.affected_components import find_records_to_cluster
from spark_jobs.resolve.driver_engine import DriverEngine

IDS = "abcdefghmz"
Pair = tuple[str, str]


@dataclass(frozen=True)
class Day:
    """What a run reads; of records that are no more, the last run may still say what they were."""

    touched: set[str] = field(default_factory=set)
    affected_pairs: set[Pair] = field(default_factory=set)
    weights: dict[Pair, float] = field(default_factory=dict)
    decided: dict[Pair, str] = field(default_factory=dict)
    reassigned: set[str] = field(default_factory=set)
    components: dict[str, str] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    keyed: frozenset[str] = frozenset(IDS)


records = st.sampled_from(IDS)
few = st.sets(records, max_size=2)
pairs = st.tuples(records, records).filter(lambda pair: pair[0] < pair[1])
days = st.builds(
    Day,
    touched=few,
    affected_pairs=st.sets(pairs, max_size=1),
    weights=st.dictionaries(pairs, st.sampled_from([-1.0, 0.0, 8.0]), max_size=2),
    decided=st.dictionaries(pairs, st.sampled_from(["same", "different"]), max_size=3),
    reassigned=st.sets(records, max_size=1),
    components=st.dictionaries(records, st.sampled_from("xyz")),
    claims=st.dictionaries(records, st.sampled_from("pqrs")),
    keyed=st.frozensets(records, min_size=5),
)


@pytest.fixture(scope="module")
def sql() -> Iterator[DriverEngine]:
    made = DriverEngine()
    yield made
    made.close()


def to_cluster(sql: DriverEngine, day: Day) -> set[str]:
    text, ends = pa.string(), {"left_id": pa.string(), "right_id": pa.string()}
    rows = {name: [(one,) for one in said] for name, said in asdict(day).items()}
    rows |= {"affected_pairs": list(day.affected_pairs), "components": list(day.components.items())}
    rows |= {"weights": [(*of, weight) for of, weight in day.weights.items()], "claims": list(day.claims.items())}
    rows["decided"] = [(*of, kind) for of, kind in day.decided.items()]
    for name, said, columns in (
        ("touched_records", "touched", {"record_id": text}),
        ("reassigned", "reassigned", {"record_id": text}),
        ("keyed", "keyed", {"record_id": text}),
        ("affected_pairs", "affected_pairs", ends),
        ("pair_weights", "weights", ends | {"weight": pa.float64()}),
        ("decided", "decided", ends | {"kind": text}),
        ("components", "components", {"record_id": text, "component": text}),
        ("claims", "claims", {"record_id": text, "profile_id": text}),
    ):
        given = [dict(zip(columns, row, strict=True)) for row in rows[said]]
        sql.give(name, pa.Table.from_pylist(given, schema=pa.schema(columns.items())))
    find_records_to_cluster(sql)
    found = [one for (one,) in sql.rows("select record_id from to_cluster")]
    assert len(found) == len(set(found)), "each once"
    return set(found)


def closure(day: Day) -> set[str]:
    """The same in few words."""
    reached = day.touched | day.reassigned | {one for pair in day.affected_pairs for one in pair}
    reached |= {one for pair, weight in day.weights.items() if weight >= 0 for one in pair}
    same = [set(pair) for pair, kind in day.decided.items() if kind == "same"]
    reached |= {one for pair in same if pair & day.touched for one in pair}
    while True:
        said = [(of, of[one]) for of in (day.components, day.claims) for one in reached if one in of]
        mates = {other for of, group in said for other in day.keyed if of.get(other) == group}
        if mates <= reached:
            return reached & day.keyed
        reached |= mates


@given(days)
@settings(max_examples=25)
def test_what_is_to_cluster_is_the_closure_of_what_changed(sql: DriverEngine, day: Day) -> None:
    assert to_cluster(sql, day) == closure(day)


def test_a_day_on_which_nothing_changed_clusters_nothing(sql: DriverEngine) -> None:
    assert to_cluster(sql, Day(components=dict.fromkeys("abc", "x"), claims=dict.fromkeys("abc", "p"))) == set()


def test_components_and_profiles_are_followed_however_long_the_chain(sql: DriverEngine) -> None:
    components = {"a": "x", "b": "x", "c": "y", "d": "y", "e": "z", "f": "z", "g": "w"}
    claims = {"b": "p", "c": "p", "d": "q", "e": "q", "g": "r"}
    assert to_cluster(sql, Day(touched={"a"}, components=components, claims=claims)) == set("abcdef")


def test_a_record_that_is_no_more_still_draws_those_around_it_and_is_not_clustered(sql: DriverEngine) -> None:
    day = Day(touched={"a"}, components={"a": "x", "b": "x"}, claims={"a": "p", "c": "p"}, keyed=frozenset("bc"))
    assert to_cluster(sql, day) == {"b", "c"}


@pytest.mark.parametrize(("weight", "reached"), [(0.0, {"a", "b", "c"}), (-0.1, {"a", "c"})])
def test_new_evidence_draws_whom_it_speaks_for(sql: DriverEngine, weight: float, reached: set[str]) -> None:
    day = Day(touched={"a"}, weights={("a", "b"): weight}, components={"a": "x", "c": "x"})
    assert to_cluster(sql, day) == reached


def test_an_earlier_decision_draws_those_it_joins_with_who_comes_from_either_end(sql: DriverEngine) -> None:
    decided = {("a", "m"): "same", ("m", "z"): "same", ("b", "m"): "different", ("d", "e"): "same"}
    assert to_cluster(sql, Day(touched={"m"}, decided=decided)) == {"a", "m", "z"}
    assert to_cluster(sql, Day(touched={"a"}, decided=decided)) == {"a", "m"}
