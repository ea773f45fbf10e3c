"""A change affects the records and pairs whose evidence may differ, and as few others as possible."""

from tests.spark_jobs.resolve.lake_in_memory import LakeInMemory
from tests.spark_jobs.resolve.test_partition import RULES
from tests.spark_jobs.silver import person_channel, record

Row = dict[str, str]
ANNA: Row = {"given": "Anna", "family": "Roux", "mail": "anna@mail.example"}
ANNA_TOO: Row = {**ANNA, "phone": "0199000123"}
LUC: Row = {"given": "Luc", "family": "Petit", "phone": "0199000777"}


def came(lake: LakeInMemory, gone: tuple[str, ...] = (), **rows: Row) -> LakeInMemory:
    """Takes in these records, `r1` as crm:r1, and the removal of others."""
    said = [record({"id": name, **row}, person_channel()) for name, row in rows.items()]
    lake.run(said, [f"crm:{name}" for name in gone])
    return lake


def named(lake: LakeInMemory, table: str) -> set[str]:
    return {one.removeprefix("crm:") for (one,) in lake.engine.rows(f"select record_id from {table}")}


def affected_pairs(lake: LakeInMemory) -> set[tuple[str, ...]]:
    found = lake.engine.rows("select left_id, right_id from affected_pairs")
    return {tuple(one.removeprefix("crm:") for one in pair) for pair in found}


def test_a_record_that_says_the_same_again_reopens_nothing() -> None:
    lake = came(came(LakeInMemory(), a=ANNA, b=ANNA_TOO, c=LUC), a=ANNA)
    assert not named(lake, "touched_records") and not affected_pairs(lake)


def test_a_changed_record_is_reopened_and_those_around_it_are_not() -> None:
    lake = came(came(LakeInMemory(), a=ANNA, b=ANNA_TOO, c=LUC), a={**ANNA, "street": "12 rue des Lilas"})
    assert named(lake, "touched_records") == named(lake, "affected_records") == {"a"}
    assert not affected_pairs(lake)


def test_an_email_that_comes_to_be_two_peoples_reopens_all_who_hold_it() -> None:
    lake = came(came(LakeInMemory(), a=ANNA, b=ANNA_TOO, c=LUC), c={**LUC, "mail": ANNA["mail"]})
    assert named(lake, "affected_records") == {"a", "b", "c"}
    came(lake, c=LUC)
    assert named(lake, "affected_records") == {"a", "b", "c"}, "and one that ceases to be so"


def test_a_record_that_is_no_more_is_touched_and_not_reopened() -> None:
    lake = came(came(LakeInMemory(), a=ANNA, b=ANNA_TOO, c=LUC), gone=("b",))
    assert named(lake, "touched_records") == {"b"}
    assert not named(lake, "affected_records")


def test_a_key_that_passes_its_cap_reopens_pairs_of_records_that_did_not_change() -> None:
    at_home = {"street": "12 rue des Lilas"}
    lake = LakeInMemory(rules=RULES)  # of two on a street
    came(lake, a={"given": "Anna", **at_home}, b={"given": "Luc", **at_home})
    came(lake, c={"given": "Zoe", **at_home})
    assert named(lake, "affected_records") == {"c"}
    assert affected_pairs(lake) == {("a", "b")}
    came(lake, gone=("c",))
    assert affected_pairs(lake) == {("a", "b")}
    came(lake, b={"given": "Luc", **at_home, "family": "Petit"})
    assert not affected_pairs(lake), "what has an end that changed is looked at by that end"


def test_an_identifiers_edges_that_move_to_another_hub_are_looked_at_again() -> None:
    number = {"given": "Anna", "tax": "184127645108946"}
    shared = {"given": "Anna", "mail": "anna@mail.example"}
    lake = came(LakeInMemory(), b=shared, c=shared, d=number)
    came(lake, a=shared)  # all are joined to the first of them
    assert named(lake, "affected_records") == {"a"}
    assert affected_pairs(lake) == {("b", "c")}
