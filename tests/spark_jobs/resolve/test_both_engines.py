"""What stands twice, as SQL and in Python, says the same of generated input on DuckDB and on Spark."""

from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from identity.matching.pair_weight import CONTACT_POINTS, Pair, pair_weights, pair_weights_sql
from identity.matching.sharing import MOST_HOLDERS, sharing_class
from lake.sql_engine import Engine
from spark_jobs.resolve.driver_engine import DriverEngine
from spark_jobs.resolve.lake_engine import LakeEngine

few = settings(max_examples=3, phases=[Phase.generate])


@pytest.fixture(scope="module", params=["DuckDB", "Spark"])
def sql(request: pytest.FixtureRequest, spark: SparkSession) -> Iterator[Engine]:
    made = DriverEngine() if request.param == "DuckDB" else LakeEngine(spark)
    yield made
    made.close()


names = st.sampled_from([None, "marie", "mary", "paul", "pauline", "p", "robert", "bob", "жан"])
births = st.sampled_from([None, "1980-01-02", "1980-02-01", "2010-05-06", "2010-05-07"])
holders = st.lists(st.tuples(names, births), min_size=1, max_size=5, unique=True)
LONG_NAMES = [(f"ann{chr(97 + n % 26)}{chr(97 + n // 26)}", None) for n in range(MOST_HOLDERS)]


@few
@given(st.lists(holders, min_size=1, max_size=30))
def test_the_sharing_class_of_a_value(sql: Engine, held: list[list[tuple[str | None, str | None]]]) -> None:
    held = [*held, [*LONG_NAMES, ("li", "1980-01-02"), ("bo", "2010-05-06")]]  # of many, the most telling are heard
    rows = [(key, *one) for key, many in enumerate(held) for one in many]
    columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), KINDS, strict=True)]
    sql.give("holders", pa.table(columns, names=["key", "given", "birth"]))
    sql.classes("classes", "select * from holders")
    found = dict(sql.rows("select key, class from classes"))
    assert [found.get(key, "own") for key in range(len(held))] == [sharing_class(many) for many in held]


KINDS = (pa.int64(), pa.string(), pa.string())
pairs = st.tuples(st.sampled_from("ab"), st.sampled_from("cdef"))
bits = st.integers(-400, 400).map(lambda one: one / 16)
deterministic_edges = st.tuples(pairs, st.sampled_from([*CONTACT_POINTS, "same_loyalty_card", "same_own_kind"]))


@few
@given(st.dictionaries(pairs, bits), st.dictionaries(deterministic_edges, bits))
def test_the_one_weight_of_a_pair(sql: Engine, scored: dict[Pair, float], edges: dict[tuple[Pair, str], float]) -> None:
    said = [(*of, weight) for of, weight in scored.items()]
    rules = [(*of, rule, weight) for (of, rule), weight in edges.items()]
    ends = [("left_id", pa.string()), ("right_id", pa.string())]
    for name, rows, more in (("scored", said, []), ("deterministic_edges", rules, [("rule", pa.string())])):
        schema = pa.schema([*ends, *more, ("weight", pa.float64())])
        sql.give(name, pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema))
    found = {
        (left, right): weight for left, right, weight in sql.rows(pair_weights_sql("scored", "deterministic_edges"))
    }
    assert found == pair_weights(scored, [(of, rule, weight) for (of, rule), weight in edges.items()])


def test_a_rule_speaks_where_the_model_was_not_asked_or_by_a_number_of_ones_own() -> None:
    ab, ac, ad = ("a", "b"), ("a", "c"), ("a", "d")
    edges = [(ab, "same_email", 12.0), (ac, "same_customer_number", 12.0), (ad, "same_phone", 10.0)]
    assert pair_weights({ab: -6.0, ac: -6.0}, edges) == {ab: -6.0, ac: 12.0, ad: 10.0}
