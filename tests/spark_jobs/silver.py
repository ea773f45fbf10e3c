"""Silver rows for tests, built by the same code as the job's."""

from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from contracts.channel import Channel
from contracts.standard import interaction_event, person_record
from lake.tables import EVENTS, RECORDS

NOW = datetime(2026, 1, 2, tzinfo=UTC)

PERSON = {
    "id": {"is": "key", "kind": "customer_number"},
    "given": {"is": "given_name"},
    "family": {"is": "family_name"},
    "born": {"is": "birth_date", "format": "iso"},
    "mail": {"is": "email"},
    "phone": {"is": "phone"},
    "device": {"is": "device_id"},
    "tax": {"is": "external_id", "kind": "national_id"},
    "street": {"is": "street"},
    "changed": {"is": "version", "format": "iso"},
}
EVENT = {
    "id": {"is": "event_id"},
    "at": {"is": "event_time", "format": "iso"},
    "mail": {"is": "email"},
    "device": {"is": "device_id"},
    "number": {"is": "external_id", "kind": "customer_number"},
}


def person_channel(name: str = "crm", **more: Any) -> Channel:
    said = {"channel": name, "files": "x", "format": "csv", "holds": ["person"], "region": "FR", "columns": PERSON}
    return Channel.model_validate(said | more)


def records(spark: SparkSession, *rows: dict[str, str], channel: Channel | None = None) -> DataFrame:
    contract = channel or person_channel()
    return spark.createDataFrame([record(row, contract) for row in rows], RECORDS.struct)


def record(row: dict[str, str], contract: Channel) -> dict[str, Any]:
    return person_record(contract, row, NOW).as_row() | {"content_hash": "x"}


def events(spark: SparkSession, *rows: dict[str, str]) -> DataFrame:
    contract = Channel.model_validate(
        {
            "channel": "web",
            "files": "x",
            "format": "csv",
            "holds": ["event"],
            "event": {"type": "login"},
            "columns": EVENT,
        }
    )
    made = [interaction_event(contract, row).as_row() | {"content_hash": "x"} for row in rows]
    return spark.createDataFrame(made, EVENTS.struct)
