"""Whatever the order and the batches in which records come, the partition is that of a full rebuild."""

from collections.abc import Callable
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from identity.matching.rules import SHIPPED
from lake.sql_engine import Engine
from spark_jobs.resolve.driver_engine import DriverEngine
from spark_jobs.resolve.lake_engine import LakeEngine
from tests.spark_jobs.resolve.lake_in_memory import LakeInMemory
from tests.spark_jobs.silver import person_channel, record

CRM = person_channel()
IDS = [str(number) for number in range(9)]
Batch = dict[str, dict[str, str] | None]

said = st.fixed_dictionaries(
    {
        "given": st.sampled_from(["Anna", "Luc", "Bob", "Robert", ""]),
        "mail": st.sampled_from(["anna.roux@mail.example", "famille@mail.example"]),
    },
    optional={
        "family": st.sampled_from(["Roux", "Petit"]),
        "born": st.sampled_from(["1980-03-02", "1980-03-03", "2001-07-08"]),
        "phone": st.sampled_from(["0199000123", "0199000124"]),
        "street": st.sampled_from(["12 rue des Lilas", "3 quai Nord"]),
    },
)
batch = st.dictionaries(st.sampled_from(IDS), said | st.none(), max_size=4)
batches = st.lists(batch, min_size=1, max_size=4)
two_batches = st.lists(batch, min_size=2, max_size=2)
pairs = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)).filter(lambda p: p[0] < p[1]), max_size=2)


# Caps that a handful of records cross, to and fro.
LOW = {"email": 4, "phone": 3, "name_sound": 4, "street": 2, "street_name": 2, "family": 3, "mailbox_name": 3}
RULES = SHIPPED.model_copy(update={"blocking_caps": SHIPPED.blocking_caps | LOW})


def rows(batch: Batch) -> list[dict[str, Any]]:
    return [record({"id": id_, **row}, CRM) for id_, row in batch.items() if row is not None]


def gone(batch: Batch) -> list[str]:
    return [f"crm:{id_}" for id_, row in batch.items() if row is None]


def ids(chosen: list[tuple[str, str]]) -> set[tuple[str, str]]:
    return {(f"crm:{a}", f"crm:{b}") for a, b in chosen}


@given(batches, pairs, pairs)
@settings(max_examples=12)
def test_any_batching_ends_in_the_partition_and_the_evidence_of_a_rebuild(
    came: list[Batch], different: list[tuple[str, str]], same: list[tuple[str, str]]
) -> None:
    ends_as_rebuilt(DriverEngine, came, different, same)


@given(two_batches, pairs, pairs)
@settings(max_examples=2, phases=[Phase.generate])  # a run takes seconds
def test_any_batching_ends_so_on_spark(
    spark: SparkSession, came: list[Batch], different: list[tuple[str, str]], same: list[tuple[str, str]]
) -> None:
    ends_as_rebuilt(lambda: LakeEngine(spark), came, different, same)


def ends_as_rebuilt(
    engine: Callable[[], Engine], came: list[Batch], different: list[tuple[str, str]], same: list[tuple[str, str]]
) -> None:
    cannot_link = ids(different)
    must_link = ids(same) - cannot_link
    lake = LakeInMemory(rules=RULES, engine=engine())
    final: Batch = {}
    for number, batch in enumerate(came):
        decided = (cannot_link, must_link) if number == len(came) - 1 else (set(), ids(same[:1]))
        lake.run(rows(batch), gone(batch), *decided)
        final |= batch
    rebuilt = LakeInMemory(rules=RULES, engine=engine())
    rebuilt.run(rows(final), (), cannot_link, must_link)
    assert lake.clusters == rebuilt.clusters
    assert lake.edges == rebuilt.edges
    assert lake.component_of == rebuilt.component_of
    for one in (lake, rebuilt):
        one.engine.close()


def test_a_count_that_crosses_a_cap_reopens_the_evidence_between_records_that_did_not_change() -> None:
    street = {"street": "12 rue des Lilas"}
    first, second, third = ({"given": name, **street} for name in ("Anna", "Luc", "Zoe"))
    lake = LakeInMemory(rules=RULES)
    lake.run(rows({"1": first, "2": second}))
    between = ("crm:1", "crm:2", "person_model")
    assert between in lake.edges
    lake.run(rows({"3": third}))  # three on a street whose cap is two
    assert between not in lake.edges
    lake.run((), ["crm:3"])
    assert between in lake.edges


def test_another_holder_reopens_what_an_email_says_of_records_that_did_not_change() -> None:
    lake = LakeInMemory()
    shared = {"mail": "famille@mail.example"}
    annas = {"1": {"given": "Anna", **shared}, "2": {"given": "Anna", **shared}}
    lake.run(rows(annas))
    between = {edge: weight for edge, weight in lake.edges.items() if edge[:2] == ("crm:1", "crm:2")}
    luc = {"3": {"given": "Luc", **shared}}
    lake.run(rows(luc))  # the e-mail is two people's now: its class and the weight of the rule's edge differ
    after = {edge: weight for edge, weight in lake.edges.items() if edge[:2] == ("crm:1", "crm:2")}
    assert between.keys() == after.keys() == {("crm:1", "crm:2", "person_model"), ("crm:1", "crm:2", "same_email")}
    assert all(after[edge] < weight for edge, weight in between.items())
    rebuilt = LakeInMemory()
    rebuilt.run(rows(annas | luc))
    assert lake.edges == rebuilt.edges


def test_a_changed_decision_reopens_a_profile_in_which_no_record_changed() -> None:
    lake = LakeInMemory(rules=RULES)
    lake.run(rows({"1": {"given": "Anna"}, "2": {"given": "Luc"}}))
    assert len(lake.clusters) == 2
    lake.run(must_link={("crm:1", "crm:2")})
    assert len(lake.clusters) == 1
    lake.run(rows({"3": {"given": "Zoe"}}), must_link={("crm:1", "crm:2")})
    assert len(lake.clusters) == 2
    lake.run(cannot_link={("crm:1", "crm:2")})
    assert len(lake.clusters) == 3


def test_a_decision_waits_for_a_record_that_comes_after_it() -> None:
    lake = LakeInMemory(rules=RULES)
    must_link = {("crm:1", "crm:3")}
    lake.run(rows({"1": {"given": "Anna"}, "2": {"given": "Luc"}}), must_link=must_link)
    assert len(lake.clusters) == 2
    lake.run(rows({"3": {"given": "Zoe"}}), must_link=must_link)
    assert frozenset({"crm:1", "crm:3"}) in lake.clusters
    lake.run((), ["crm:1"], must_link=must_link)
    assert len(lake.clusters) == 2
    lake.run(rows({"1": {"given": "Anna"}}), must_link=must_link)
    assert frozenset({"crm:1", "crm:3"}) in lake.clusters


def test_a_day_looks_only_at_the_records_that_it_touches() -> None:
    lake = LakeInMemory(rules=RULES)
    names = "Anna Boris Celine Dario Elif Fatou Gustav Hilda Igor Jeanne".split()
    crowd = {
        str(n): {"given": name, "family": f"{name}sen", "born": f"19{n + 50}-01-02"} for n, name in enumerate(names)
    }
    lake.run(rows(crowd))
    lake.run(rows({"100": {**crowd["3"], "mail": "x@mail.example"}}))
    looked_at = {one for (one,) in lake.engine.rows("select record_id from to_cluster")}
    assert looked_at == {"crm:3", "crm:100"}
