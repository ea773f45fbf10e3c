"""What resolve remembers of records between runs, in a large table and a small one."""

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from spark_jobs.resolve.driver_engine import DriverEngine
from spark_jobs.resolve.engine import Engine
from spark_jobs.resolve.lake_engine import LakeEngine
from spark_jobs.resolve.name_parts import NameFrequencies
from spark_jobs.resolve.remembered import remember_all, remember_changes, remembered
from spark_jobs.resolve.state import state
from spark_jobs.tables import COMPARABLES, RECENT, Table, read, version
from tests.spark_jobs.resolve.lake_in_memory import as_table
from tests.spark_jobs.silver import person_channel, record


@pytest.fixture(params=[DriverEngine, LakeEngine])
def engine(request: pytest.FixtureRequest, spark: SparkSession) -> Iterator[Engine]:
    made: Engine = request.param(spark)
    yield made
    made.close()


def give(engine: Engine, streets: dict[str, str]) -> None:
    people = [record({"id": id_, "street": street}, person_channel()) for id_, street in streets.items()]
    engine.give("after", as_table(state(one, NameFrequencies()) for one in people))


def change(engine: Engine, lake: str, streets: dict[str, str], gone: tuple[str, ...] = ()) -> int:
    remembered(engine, lake, "old")
    give(engine, streets)
    engine.put("changed", ["record_id"], [(f"crm:{id_}",) for id_ in (*streets, *gone)])
    return remember_changes(engine, lake, "changed", "after")


def known(engine: Engine, lake: str) -> dict[str, str]:
    remembered(engine, lake, "old")
    return {found.removeprefix("crm:"): street for found, street in engine.rows("select record_id, street from old")}


def held(spark: SparkSession, lake: str, table: Table) -> set[str]:
    return {row.record_id.removeprefix("crm:") for row in read(spark, lake, table).collect()}


def test_a_day_is_kept_beside_the_large_table_until_it_is_a_tenth_of_it(
    spark: SparkSession, lake: str, engine: Engine
) -> None:
    # 1. All records are in the large table.
    streets = {f"r{number}": "1 rue x" for number in range(30)}
    give(engine, streets)
    assert remember_all(engine, lake, "after") == 30
    assert known(engine, lake) == streets

    # 2. A change, a new record and one that is no more leave it as it is.
    before = version(spark, lake, COMPARABLES)
    assert change(engine, lake, {"r1": "2 rue x", "new": "3 rue x"}, gone=("r2",)) == 3
    streets = {**streets, "r1": "2 rue x", "new": "3 rue x"}
    del streets["r2"]
    assert known(engine, lake) == streets
    assert version(spark, lake, COMPARABLES) == before
    assert held(spark, lake, RECENT) == {"r1", "r2", "new"}

    # 3. Told again, nothing changes; one more, and the small table goes into the large one.
    assert change(engine, lake, {"r1": "2 rue x"}, gone=("r2",)) == 0
    assert change(engine, lake, {"r2": "4 rue x", "r3": "5 rue x"}, gone=("new",)) == 3
    streets = {**streets, "r2": "4 rue x", "r3": "5 rue x"}
    del streets["new"]
    assert known(engine, lake) == streets
    assert held(spark, lake, RECENT) == set()
    assert held(spark, lake, COMPARABLES) == set(streets)

    # 4. A run that looks at everything anew remembers nothing else.
    change(engine, lake, {"r4": "6 rue x"})
    give(engine, {"r5": "7 rue x"})
    remember_all(engine, lake, "after")
    assert known(engine, lake) == {"r5": "7 rue x"}
