from datetime import datetime

from pyspark.sql import SparkSession

from lake.gold import attributed, golden_profiles, trust_of
from lake.tables import ASSIGNMENTS
from tests.spark_jobs.silver import NOW, events, person_channel, records

OWNERS = [("crm:1", "p_anna", NOW), ("crm:2", "p_anna", NOW), ("crm:3", "p_luc", NOW)]
ANNA = {"id": "1", "given": "Anna", "mail": "anna@mail.example", "device": "shared", "changed": "2025-01-01T00:00:00Z"}
ANNA_LATER = {
    "id": "2",
    "given": "Anna",
    "family": "Roux",
    "mail": "a.roux@mail.example",
    "changed": "2025-06-01T00:00:00Z",
}
LUC = {"id": "3", "given": "Luc", "device": "shared"}


def test_a_golden_record_tells_where_every_value_is_from_and_what_lost(spark: SparkSession) -> None:
    silver = records(spark, ANNA, ANNA_LATER, LUC)
    owners = spark.createDataFrame(OWNERS, ASSIGNMENTS.struct)
    found = {
        row.profile_id: row for row in golden_profiles(silver, owners, trust_of({"crm": person_channel()})).collect()
    }
    assert set(found) == {"p_anna", "p_luc"}
    anna = found["p_anna"]
    email = next(field for field in anna.fields if field.field == "email")
    assert (email.value, email.rule, email.category) == ("a.roux@mail.example", "most_recent", "contact")
    assert email.record_id == "crm:2" and email.observed_at == datetime(2025, 6, 1)
    assert [one.value for one in email.losing] == ["anna@mail.example"]
    assert anna.records == ["crm:1", "crm:2"]
    assert (anna.first_seen, anna.last_seen) == (datetime(2025, 1, 1), datetime(2025, 6, 1))
    luc = found["p_luc"]
    assert luc.first_seen is None, "a record without a version says nothing of when it was seen"


def test_an_event_goes_to_the_one_profile_that_holds_its_identifier_and_to_nobody_when_two_do(
    spark: SparkSession,
) -> None:
    at = "2025-03-01T00:00:00Z"
    came = events(
        spark,
        {"id": "by-mail", "at": at, "mail": "anna@mail.example"},
        {"id": "by-shared-device", "at": at, "device": "shared"},
        {"id": "by-number-before-mail", "at": at, "number": "3", "mail": "anna@mail.example"},
        {"id": "by-unknown", "at": at, "mail": "nobody@mail.example"},
    )
    owners = spark.createDataFrame(OWNERS, ASSIGNMENTS.struct)
    found = attributed(came, records(spark, ANNA, ANNA_LATER, LUC), owners)
    assert {row.event_id: row.profile_id for row in found.collect()} == {
        "web:by-mail": "p_anna",
        "web:by-shared-device": None,
        "web:by-number-before-mail": "p_luc",
        "web:by-unknown": None,
    }
