"""The resolve job on a lake of a few records."""

from datetime import UTC, datetime

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from spark_jobs.resolve.__main__ import heard_pairs, resolve
from spark_jobs.resolve.deterministic import holdings, identifier_edges
from spark_jobs.tables import ASSIGNMENTS, EDGES, HISTORY, RECORDS, read, write_changes
from tests.spark_jobs.silver import PERSON, person_channel, records

NOW = datetime(2026, 1, 2, tzinfo=UTC)
HOME = {"street": "12 rue des Lilas", "phone": "0199000123"}
ANNA = {"id": "1", "given": "Anna", "family": "Roux", "born": "1980-03-02", "mail": "anna.roux@mail.example", **HOME}
ANNA_AGAIN = {"id": "2", "given": "Anna", "family": "Roux", "mail": "anna.roux@mail.example"}
LUC = {"id": "3", "given": "Luc", "family": "Roux", "born": "1978-05-06", "mail": "famille.roux@mail.example", **HOME}
ZOE = {"id": "4", "given": "Zoé", "family": "Roux", "born": "2010-07-08", "mail": "famille.roux@mail.example", **HOME}


def owners(spark: SparkSession, lake: str) -> dict[str, str]:
    return {row.record_id: row.profile_id for row in read(spark, lake, ASSIGNMENTS).collect()}


def test_one_person_is_joined_a_household_is_not_and_a_second_run_changes_no_row(
    spark: SparkSession, lake: str
) -> None:
    write_changes(spark, lake, RECORDS, records(spark, ANNA, ANNA_AGAIN, LUC, ZOE))
    first = resolve(spark, lake, NOW)
    found = owners(spark, lake)
    assert found["crm:1"] == found["crm:2"]
    assert len(set(found.values())) == 3
    assert first["merges"] == 1
    assert {row.kind for row in read(spark, lake, HISTORY).collect()} == {"created"}
    assert read(spark, lake, EDGES).where("left_id = 'crm:1' and right_id = 'crm:2'").count() >= 1
    assert resolve(spark, lake, NOW)["rows_changed"] == 0

    # A record that arrives later joins its person, whose id stays.
    later = {"id": "0", "given": "Luc", "family": "Roux", "born": "1978-05-06", **HOME}
    write_changes(spark, lake, RECORDS, records(spark, later))
    resolve(spark, lake, NOW)
    after = owners(spark, lake)
    assert after["crm:0"] == after["crm:3"]
    assert {record: after[record] for record in found} == found


def test_two_typed_national_ids_may_be_one_persons_two_verified_ones_are_not(spark: SparkSession, lake: str) -> None:
    same = {"given": "Anna", "family": "Roux", "born": "1980-03-02", "mail": "anna.roux@mail.example", **HOME}
    one, other = {"id": "1", "tax": "123456789", **same}, {"id": "2", "tax": "123470000", **same}
    write_changes(spark, lake, RECORDS, records(spark, one, other))
    resolve(spark, lake, NOW)
    assert len(set(owners(spark, lake).values())) == 1

    verified = {**PERSON, "tax": {**PERSON["tax"], "verified": True}}
    write_changes(spark, lake, RECORDS, records(spark, one, other, channel=person_channel(columns=verified)))
    resolve(spark, lake, NOW)
    assert len(set(owners(spark, lake).values())) == 2


def test_the_model_outvotes_a_shared_contact_point_but_not_a_number_of_ones_own(spark: SparkSession) -> None:
    scored = spark.createDataFrame(
        [("a", "b", -6.0), ("a", "c", -6.0), ("a", "d", 3.0)], "left_id string, right_id string, weight double"
    )
    ruled = spark.createDataFrame(
        [("a", "b", "same_email", 12.0), ("a", "c", "same_customer_number", 12.0), ("e", "f", "same_phone", 10.0)],
        "left_id string, right_id string, rule string, weight double",
    ).withColumn("tier", F.lit("deterministic"))
    heard = {(row.left_id, row.right_id): row.weight for row in heard_pairs(scored, ruled).collect()}
    assert heard == {("a", "b"): -6.0, ("a", "c"): 12.0, ("a", "d"): 3.0, ("e", "f"): 10.0}


def edges(spark: SparkSession, *rows: dict[str, str]) -> set[tuple[str, str]]:
    found = identifier_edges(holdings(records(spark, *rows)))
    return {(row.left_id, row.right_id) for row in found.collect()}


def test_a_shared_strong_identifier_joins_holders_of_one_name_and_not_a_family(spark: SparkSession) -> None:
    mail = {"mail": "famille@mail.example"}
    assert edges(spark, {"id": "1", "given": "Anna", **mail}, {"id": "2", "given": "ANNA", **mail}) == {
        ("crm:1", "crm:2")
    }
    assert edges(spark, {"id": "1", "given": "Anna", **mail}, {"id": "2", "given": "Luc", **mail}) == set()
    nameless = {"id": "3", **mail}
    assert edges(spark, {"id": "1", "given": "Anna", **mail}, nameless) == {("crm:1", "crm:3")}
    assert edges(spark, {"id": "1", "given": "Anna", **mail}, {"id": "2", "given": "Luc", **mail}, nameless) == set()


def test_two_birth_dates_blocklisted_mailboxes_and_devices_join_nobody(spark: SparkSession) -> None:
    anna = {"given": "Anna", "mail": "anna@mail.example"}
    assert edges(spark, {"id": "1", "born": "1980-03-02", **anna}, {"id": "2", "born": "2001-01-01", **anna}) == set()
    office = {"given": "Anna", "mail": "info@mail.example"}
    assert edges(spark, {"id": "1", **office}, {"id": "2", **office}) == set()
    kiosk = {"device": "kiosk-1"}
    assert edges(spark, {"id": "1", **kiosk}, {"id": "2", **kiosk}) == set()


def test_a_value_that_thousands_share_joins_nobody_and_costs_no_more_than_its_holders(spark: SparkSession) -> None:
    switchboard = [{"id": str(n), "given": f"Name{chr(97 + n % 26)}{n}", "phone": "0199000999"} for n in range(1000)]
    assert edges(spark, *switchboard) == set()
    one_person = [{"id": f"{n:04}", "given": "Anna", "phone": "0199000999"} for n in range(1000)]
    assert len(edges(spark, *one_person)) == 999
