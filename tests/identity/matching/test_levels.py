from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from identity.matching.apart import APART
from identity.matching.comparison_columns import COLUMNS, comparison_columns
from identity.matching.comparisons import Comparison
from identity.matching.levels import gamma, vector
from identity.matching.name_parts import NameFrequencies
from identity.matching.sharing import CLASSES, by_class
from identity.matching.two_people import two_people
from identity.matching.vectors import vectors_sql
from lake.sql_engine import Engine
from spark_jobs.resolve.comparables import arrow_of
from spark_jobs.resolve.driver_engine import DriverEngine
from spark_jobs.resolve.lake_engine import LakeEngine
from tests.spark_jobs.resolve.people import person

GIVEN = ["Jean", "Jean-Luc", "Jan", "Marie", "Mary", "Robert", "Bob", "R", "Martin", "Anna", "Hanna", "Baby"]
GIVEN += ["Мария", "Марья", "مريم", "مرين"]
FAMILY = ["Martin", "Marten", "Durand", "Dupont Durand", "Jean", "Garcia Velez", "E", "Diallo", "Lindqvist"]
FAMILY += ["Martin Jr", "Martin Sr."]
FAMILY += ["Щербакова", "Щербаков", "الخطيب"]
MAILBOXES = ["jean.martin", "jmartin84", "jean.martin1984", "durand", "rlindqvist", "lindqvist7", "bob", "anna.dialo"]
STREETS = ["12 rue des Lilas", "12 rue des Lilac", "14 rue des Lilas", "rue des Lilas", "3 quai Sud", "po box 7"]


SCHEMA = arrow_of(COLUMNS | {f"{kind}_{name}": "array<string>" for kind in ("email", "phone") for name in CLASSES})


def maybe(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(values)


def several(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True)


people = st.fixed_dictionaries(
    {
        "given_name": maybe(GIVEN),
        "middle_name": maybe(["Anna", "M", "Velez Lilah", "Garcia"]),
        "family_name": maybe(FAMILY),
        "gender": maybe(["male", "female"]),
        "birth_typed": maybe(["1984-03-12", "1984-12-03", "1984-03-13", "1957-06-11", "1984-|3-12", "1985-03-12"]),
        "street": maybe(STREETS),
        "unit": maybe(["apt 4", "Residence Sud", "residence sud", "bat b"]),
        "city": maybe(["Paris", "Pariss", "Lyon"]),
        "postcode": maybe(["75011", "75012", "69001"]),
        "email": several([f"{box}@{host}" for box in MAILBOXES for host in ("a.example", "b.example")]),
        "phone": several(["+33140000001", "+33140000002", "+33699887766"]),
        "national_id": several(["184127645108946", "184127645108947", "290010100000001"]),
        "loyalty_card": several(["l-1", "l-2"]),
        "device_id": several(["d-1", "d-2"]),
    }
)


def columns(record_id: str, said: dict[str, Any], classes: dict[str, str]) -> dict[str, Any]:
    found = comparison_columns(person(record_id, **said), NameFrequencies(birth={"1957-06-11": 0.2}))
    for kind, held in (("email", found["emails"]), ("phone", found["phones"])):
        found |= by_class(kind, held, classes)
    return found


large = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
several_people = st.lists(people, min_size=10, max_size=14)


@settings(max_examples=20, **large)
@given(several_people, st.sampled_from(CLASSES), st.sampled_from([*APART]))
def test_the_compiled_levels_say_what_the_sql_says(said: list[dict[str, Any]], landline: str, bars: str) -> None:
    say_the_same(DriverEngine(), said, landline, bars)


@settings(max_examples=3, phases=[Phase.generate], **large)  # a query takes seconds
@given(several_people, st.sampled_from(CLASSES), st.sampled_from([*APART]))
def test_the_compiled_levels_say_so_on_spark(
    spark: SparkSession, said: list[dict[str, Any]], landline: str, bars: str
) -> None:
    say_the_same(LakeEngine(spark), said, landline, bars)


def say_the_same(engine: Engine, said: list[dict[str, Any]], landline: str, bars: str) -> None:
    classes = {"+33140000001": landline, "jean.martin@a.example": landline}
    sides = {f"r{i}": columns(f"r{i}", one, classes) for i, one in enumerate(said)}
    pairs = [(left, right) for left in sides for right in sides if left != right]
    engine.give("records", pa.Table.from_pylist(list(sides.values()), schema=SCHEMA))
    engine.put("pairs", ["left_id", "right_id"], pairs)
    expected = engine.arrow(vectors_sql("pairs", "records", engine.dialect, APART[bars])).to_pylist()
    engine.close()
    assert len(expected) == len(pairs)
    for row in expected:
        left, right = sides[row["left_id"]], sides[row["right_id"]]
        said = vector(left, right)
        assert said == {name: row[name] for name in said}
        assert two_people([left], [right], bars) == row["apart"]


def test_names_in_other_scripts_are_compared_letter_by_letter_as_spark_does() -> None:
    left, right = ({"given": name} for name in ("\u0645\u0631\u064a\u0645", "\u0645\u0631\u064a\u0646"))
    one_letter = Comparison("given_name", "false", (("close", "levenshtein(given_l, given_r) <= 1"), ("else", "true")))
    assert gamma(one_letter)(left, right) == 1


def test_sql_that_the_levels_never_used_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="expected SQL that the levels use, found Add"):
        gamma(Comparison("new", "false", (("odd", "length(given_l) + 1 = 3"), ("else", "true"))))
