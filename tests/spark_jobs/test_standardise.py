from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from pyspark.sql import SparkSession

from contracts.channel import Channel
from lake.tables import CONSENTS, EVENTS, RECORDS, read
from spark_jobs.ingest import ingest
from spark_jobs.standardise import standardise

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_the_newest_version_of_a_record_counts_in_whatever_order_versions_arrive(
    spark: SparkSession, lake: str, sources: Path, channels: dict[str, Channel], write_crm: Callable[..., None]
) -> None:
    write_crm("1,Anna,Roux,,,,2025-02-01T00:00:00Z", "1,Anna,Petit,,,,2025-03-01T00:00:00Z")
    ingest(spark, lake, str(sources), channels, NOW)
    standardise(spark, lake, channels)
    write_crm("1,Anna,Late,,,,2025-01-01T00:00:00Z", file="crm-2.csv")
    ingest(spark, lake, str(sources), channels, NOW)
    assert standardise(spark, lake, channels)["rows_changed"] == 0
    assert [row.family_name for row in read(spark, lake, RECORDS).collect()] == ["Petit"]
    write_crm("1,Anna,Newest,,,,2025-04-01T00:00:00Z", file="crm-3.csv")
    ingest(spark, lake, str(sources), channels, NOW)
    assert standardise(spark, lake, channels)["rows_changed"] == 1
    assert [row.family_name for row in read(spark, lake, RECORDS).collect()] == ["Newest"]


def test_records_events_and_consents_are_in_canonical_form_and_what_cannot_be_read_is_told(
    spark: SparkSession, lake: str, sources: Path, channels: dict[str, Channel], write_crm: Callable[..., None]
) -> None:
    write_crm("1,ANNA,ROUX,02/03/1980,Anna@Mail.example,06 39 98 00 01,2025-01-01T00:00:00Z", "2,Luc,P,not a date,,,")
    (sources / "web.jsonl").write_text(
        '{"id": "w1", "at": "2025-03-01T08:00:00+02:00", "who": {"mail": "anna@mail.example"}}'
    )
    (sources / "consents.csv").write_text(
        "kind,who,what,said,at\nemail,ANNA@mail.example,analytics,granted,2025-01-01T00:00:00Z\n"
    )
    ingest(spark, lake, str(sources), channels, NOW)
    done = standardise(spark, lake, channels)
    assert done["rows_changed"] == 4
    assert done["unreadable"] == {"crm": {"born: expected a date of the format '%d/%m/%Y', found something else": 1}}
    anna = read(spark, lake, RECORDS).where("record_id = 'crm:1'").collect()[0]
    assert (anna.given_name, anna.family_name, anna.birth_date) == ("Anna", "Roux", date(1980, 3, 2))
    held = {(one.kind, one.value) for one in anna.identifiers}
    assert held == {("customer_number", "1"), ("email", "anna@mail.example"), ("phone", "+33639980001")}
    assert anna.categories["given_name"] == "identity" and anna.categories["identifier.email"] == "contact"
    event = read(spark, lake, EVENTS).collect()[0]
    assert (event.event_id, event.type, event.occurred_at) == ("web:w1", "login", datetime(2025, 3, 1, 6))
    consent = read(spark, lake, CONSENTS).collect()[0]
    assert (consent.identifier, consent.purpose, consent.decision) == ("anna@mail.example", "analytics", "granted")
    assert standardise(spark, lake, channels)["rows_changed"] == 0
