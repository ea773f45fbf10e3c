"""Live, a record joins whom the batch's deterministic rule would join it to."""

from collections import defaultdict

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from identity.matching.comparables import comparables
from identity.matching.name_parts import NameFrequencies
from lake.sql_engine import Engine
from read_model.live.joining import holder, partners
from spark_jobs.resolve.deterministic import edges_sql, numbers_sql
from spark_jobs.resolve.driver_engine import DriverEngine
from spark_jobs.resolve.lake_engine import LakeEngine
from tests.spark_jobs.resolve.lake_in_memory import as_table
from tests.spark_jobs.silver import person_channel, record

NAMES = NameFrequencies()

# One e-mail and one phone a record at most, so that whom a kind joins are those of one value.
said = st.fixed_dictionaries(
    {},
    optional={
        "given": st.sampled_from(["Anna", "ANNA", "Luc", "Zoe", "Max"]),
        "mail": st.sampled_from(["anna@mail.example", "famille@mail.example", "info@mail.example"]),
        "phone": st.sampled_from(["0199000123", "0199000124", "0199000125", "0199000126"]),
        "born": st.sampled_from(["1980-03-02", "2001-07-08"]),
        "device": st.just("kiosk-1"),
        "tax": st.just("184127645108946"),
    },
)


@settings(max_examples=60)
@given(st.lists(said, min_size=2, max_size=9))
def test_the_same_records_are_one_person_by_the_same_kind_of_identifier(people: list[dict[str, str]]) -> None:
    join_the_same(DriverEngine(), people)


@settings(max_examples=4, phases=[Phase.generate], deadline=None)  # a query takes seconds
@given(st.lists(said, min_size=6, max_size=9))
def test_they_are_so_on_spark(spark: SparkSession, people: list[dict[str, str]]) -> None:
    join_the_same(LakeEngine(spark), people)


def join_the_same(sql: Engine, people: list[dict[str, str]]) -> None:
    rows = [record({"id": str(number), **one}, person_channel()) for number, one in enumerate(people)]
    sql.give("comparables", as_table(comparables(row, NAMES) for row in rows))
    sql.let("numbers", numbers_sql("comparables"))
    batch: dict[tuple[str, str], set[str]] = defaultdict(set)
    for hub, other, rule in sql.rows(f"select left_id, right_id, rule from ({edges_sql('numbers')}) e"):
        batch[hub, rule] |= {hub, other}
    sql.close()
    joined = {(one, rule): group - {one} for (_, rule), group in batch.items() for one in group}
    holders = [holder(row, NAMES) for row in rows]
    live = {
        (one.record_id, f"same_{shared.kind}"): {other.record_id for other in same}
        for one in holders
        for shared, same in partners(one, holders)
    }
    assert live == joined
