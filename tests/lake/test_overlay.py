"""What a day changes of a large table stands in a small one beside it, and nobody sees a difference."""

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from identity.matching.comparables import COMPARABLE_COLUMNS, comparables
from identity.matching.name_parts import NameFrequencies
from lake.overlay import parts, read_whole, replace_all, replace_some, take, whole
from lake.sql_engine import Engine
from lake.tables import COMPARABLES, EDGES, Table, read, version
from spark_jobs.resolve.comparables_cache import cache_changes, cached_comparables, cached_comparables_of
from spark_jobs.resolve.driver_engine import DriverEngine
from spark_jobs.resolve.lake_engine import LakeEngine
from tests.spark_jobs.resolve.lake_in_memory import as_table
from tests.spark_jobs.silver import person_channel, record


@pytest.fixture(params=[DriverEngine, LakeEngine])
def engine(request: pytest.FixtureRequest, spark: SparkSession) -> Iterator[Engine]:
    made: Engine = request.param(spark)
    yield made
    made.close()


def give(engine: Engine, streets: dict[str, str]) -> None:
    people = [record({"id": id_, "street": street}, person_channel()) for id_, street in streets.items()]
    engine.give("after", as_table(comparables(one, NameFrequencies()) for one in people))


def remember_all(engine: Engine, lake: str) -> int:
    return replace_all(engine, lake, COMPARABLES, "comparables", f"select {', '.join(COMPARABLE_COLUMNS)} from after")


def change(engine: Engine, lake: str, streets: dict[str, str], gone: tuple[str, ...] = ()) -> int:
    cached_comparables(engine, lake)
    give(engine, streets)
    engine.put("changed", ["record_id"], [(f"crm:{id_}",) for id_ in (*streets, *gone)])
    return cache_changes(engine, lake, "changed", "after")


def known(engine: Engine, lake: str) -> dict[str, str]:
    cached_comparables(engine, lake)
    return {
        one.removeprefix("crm:"): street for one, street in engine.rows("select record_id, street from comparables")
    }


def held(spark: SparkSession, lake: str, table: Table) -> set[str]:
    return {row.record_id.removeprefix("crm:") for row in read(spark, lake, table).collect()}


def test_a_day_is_kept_beside_the_large_table_until_it_is_a_tenth_of_it(
    spark: SparkSession, lake: str, engine: Engine
) -> None:
    # 1. All records are in the large table.
    recent = parts(COMPARABLES)[1]
    streets = {f"r{number}": "1 rue x" for number in range(30)}
    give(engine, streets)
    assert remember_all(engine, lake) == 30
    assert known(engine, lake) == streets

    # 2. A change, a new record and one that is no more leave it as it is; who asks for some gets those as they are now.
    before = version(spark, lake, COMPARABLES)
    assert change(engine, lake, {"r1": "2 rue x", "new": "3 rue x"}, gone=("r2",)) == 3
    streets = {**streets, "r1": "2 rue x", "new": "3 rue x"}
    del streets["r2"]
    assert known(engine, lake) == streets
    assert version(spark, lake, COMPARABLES) == before
    assert held(spark, lake, recent) == {"r1", "r2", "new"}
    engine.put("asked_for", ["record_id"], [(f"crm:{id_}",) for id_ in ("r1", "r2", "r3", "new", "nobody")])
    found = engine.rows(f"select record_id, street from ({cached_comparables_of('asked_for')}) s order by record_id")
    assert found == [("crm:new", "3 rue x"), ("crm:r1", "2 rue x"), ("crm:r3", "1 rue x")]

    # 3. Told again, nothing changes; one more, and the small table goes into the large one.
    assert change(engine, lake, {"r1": "2 rue x"}, gone=("r2",)) == 0
    assert change(engine, lake, {"r2": "4 rue x", "r3": "5 rue x"}, gone=("new",)) == 3
    streets = {**streets, "r2": "4 rue x", "r3": "5 rue x"}
    del streets["new"]
    assert known(engine, lake) == streets
    assert held(spark, lake, recent) == set()
    assert held(spark, lake, COMPARABLES) == set(streets)

    # 4. A run that looks at everything anew remembers nothing else.
    change(engine, lake, {"r4": "6 rue x"})
    give(engine, {"r5": "7 rue x"})
    remember_all(engine, lake)
    assert known(engine, lake) == {"r5": "7 rue x"}


def edges(*weights: tuple[str, float | None]) -> str:
    """SELECT of one edge per right end; one without a weight weighs 1 and has no evidence."""
    none = "cast(null as string)"
    return " union all ".join(
        f"select 'a' as left_id, '{right}' as right_id, 'probabilistic' as tier, 'person_model' as rule,"
        f" cast({weight or 1} as double) as weight, {'concat(1)' if weight else none} as evidence"
        for right, weight in weights
    )


def test_only_what_differs_of_some_rows_is_kept_beside_them(spark: SparkSession, lake: str, engine: Engine) -> None:
    everything = [(f"r{number:02}", float(number)) for number in range(1, 41)]
    assert replace_all(engine, lake, EDGES, "edges", edges(*everything)) == 40
    take(engine, lake, EDGES, "edges")  # waits for the write
    before = version(spark, lake, EDGES)

    # One stays as it is, one weighs more, one is no more, one came without evidence.
    wanted = edges(("r01", 1.0), ("r02", 2.5), ("r99", None))
    for changed in (3, 0):
        take(engine, lake, EDGES, "edges")
        some = whole("edges", EDGES.struct.fieldNames(), EDGES.key, "w.right_id in ('r01', 'r02', 'r03', 'r99')")
        engine.let("held", some)
        assert replace_some(engine, lake, EDGES, "edges", wanted, "held") == changed
    engine.delta("beside", lake, parts(EDGES)[1])
    assert set(engine.rows("select right_id, gone from beside")) == {("r02", False), ("r03", True), ("r99", False)}
    assert version(spark, lake, EDGES) == before
    now = dict(everything) | {"r02": 2.5, "r99": 1.0}
    del now["r03"]
    assert {row.right_id: row.weight for row in read_whole(spark, lake, EDGES).collect()} == now
