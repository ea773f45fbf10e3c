"""Stewards read what the rules found, and never a number that nobody counted."""

import json
from typing import Any

import pytest

from contracts.categories import Category
from identity.matching.comparables import comparables
from identity.matching.name_parts import NameFrequencies
from profile_api.stewardship.wording import ruled
from spark_jobs.resolve.deterministic import edges_sql, numbers_sql
from spark_jobs.resolve.driver_engine import DriverEngine
from tests.spark_jobs.resolve.lake_in_memory import as_table
from tests.spark_jobs.silver import person_channel, record

ALL = frozenset(Category)


def found_by_the_rules(*rows: dict[str, str]) -> list[tuple[str, float, dict[str, Any]]]:
    engine = DriverEngine()
    engine.give("now", as_table(comparables(record(row, person_channel()), NameFrequencies()) for row in rows))
    engine.let("numbers", numbers_sql("now"))
    return [(rule, weight, json.loads(said)) for _, _, rule, weight, said in engine.rows(edges_sql("numbers"))]


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ((), "same email, which one person has"),
        (("Luc",), "same email, which 2 people share"),
        (("Luc", "Zoe"), "same email, which 3 people share"),
    ],
)
def test_a_shared_identifier_says_how_many_people_the_rules_counted(others: tuple[str, ...], words: str) -> None:
    family = {"mail": "famille@mail.example", "born": "1980-03-02"}
    rows = [{"id": str(n), "given": "Anna", **family} for n in range(2)]
    rows += [{"id": name, "given": name, **family} for name in others]
    ((rule, weight, said),) = found_by_the_rules(*rows)
    assert ruled(rule, weight, said, {}, ALL).words == words


def test_where_nobody_counted_no_number_is_said() -> None:
    assert ruled("same_phone", 9.0, None, {}, ALL).words == "same phone"


def test_an_identifier_that_may_not_be_shown_is_not_named() -> None:
    hidden = ruled("same_national_id", 12.0, {"people": 1}, {}, ALL - {Category.SENSITIVE})
    assert (hidden.words, hidden.rule, hidden.weight) == ("a shared identifier", None, None)
