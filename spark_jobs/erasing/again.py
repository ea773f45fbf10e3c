"""A restored backup brings erased people back into a store: whoever the tombstones name leaves both once more."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from sqlalchemy import Connection, delete, func, select

from consent.erasure import operational
from consent.erasure.live import visitors_of
from consent.erasure.refused import Reading, contacts_in
from consent.erasure.subject import Subject
from consent.erasure.tombstones import Tombstones
from contracts.channel import Channel
from contracts.identifiers import Identifier
from profile_api.identity.rebuild import rebuild
from spark_jobs.erasing.rows import erase_rows, without_names
from spark_jobs.tables import ASSIGNMENTS, BRONZE, CONSENTS, EVENTS, RECORDS, Table, read
from stores.schema import consent_events, identifiers, publish_progress, records
from stores.schema import tombstones as buried


def erase_again(
    spark: SparkSession,
    lake: str,
    connection: Connection,
    channels: Mapping[str, Channel],
    tombstones: Tombstones,
    now: datetime,
) -> None:
    """Takes out of the lake and of PostgreSQL what either holds of people whom these tombstones name.

    The tombstones are in PostgreSQL by now: what is made nobody's in the ledger is signed for one of their erasures.
    Everything is published anew then: a store that was restored is not where its readers had come to.
    """
    subject = Subject(
        records=_covered(spark, lake, RECORDS, tombstones) | _raw(spark, lake, "person", tombstones, channels),
        events=_covered(spark, lake, EVENTS, tombstones) | _raw(spark, lake, "event", tombstones, channels),
        consents=_covered(spark, lake, CONSENTS, tombstones) | _raw(spark, lake, "consent", tombstones, channels),
    )
    _served(connection, tombstones, subject)
    _profiles(spark, lake, connection, subject)
    subject.records |= visitors_of(connection, subject.records)

    def theirs(raw: bytes, reading: Reading) -> bool:
        return tombstones.cover(reading.identifiers | contacts_in(raw), reading.records)

    erase_rows(spark, lake, subject, channels, theirs)
    erasure_id = connection.scalar(select(func.min(buried.c.erasure_id)))
    operational.erase(connection, subject, theirs, channels, without_names, rebuild, now, str(erasure_id))
    connection.execute(delete(publish_progress))


def _covered(spark: SparkSession, lake: str, table: Table, tombstones: Tombstones) -> set[str]:
    """The keys of rows that carry an erased identifier, or are of an erased record."""

    def theirs(row: Mapping[str, Any]) -> bool:
        carried = row.get("identifiers") or [{"kind": row.get("identifier_kind"), "value": row.get("identifier")}]
        found = [Identifier(one["kind"], one["value"]) for one in carried if one["kind"]]
        return tombstones.cover(found, [row["record_id"]] if row.get("record_id") else [])

    columns = {"identifiers", "identifier_kind", "identifier", "record_id"} & set(table.struct.names)
    rows = read(spark, lake, table).select(table.key[0], *sorted(columns - {table.key[0]}))
    return _keys_where(rows, table.key[0], theirs)


def _raw(
    spark: SparkSession, lake: str, holds: str, tombstones: Tombstones, channels: Mapping[str, Channel]
) -> set[str]:
    """The ids of raw rows that are theirs, in every version that ever came."""

    def theirs(row: Mapping[str, Any]) -> bool:
        contract = channels.get(row["channel"])
        if contract is None:
            return tombstones.cover_raw(None, row["channel"], row["payload"].encode())
        return tombstones.cover_row(contract, json.loads(row["payload"]))

    key = "source_key" if holds == "consent" else "concat(channel, ':', source_key)"
    rows = read(spark, lake, BRONZE[holds]).selectExpr(f"{key} AS id", "channel", "payload")
    return _keys_where(rows, "id", theirs)


def _keys_where(rows: DataFrame, key: str, theirs: Callable[[Mapping[str, Any]], bool]) -> set[str]:
    schema = pa.schema([("id", pa.string())])

    def chosen(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            found = [{"id": row[key]} for row in batch.to_pylist() if theirs(row)]
            yield pa.RecordBatch.from_pylist(found, schema=schema)

    return {row.id for row in rows.mapInArrow(chosen, "id string").distinct().collect()}


def _served(connection: Connection, tombstones: Tombstones, subject: Subject) -> None:
    """Adds what PostgreSQL holds: records, live ones too, and identifiers, those too that only the ledger knows."""
    for record_id, document in connection.execute(select(records.c.record_id, records.c.document)):
        carried = _identifiers(document.get("identifiers") or [])
        if tombstones.cover(carried, [record_id]):
            subject.records.add(record_id)
            subject.identifiers |= {one for one in carried if tombstones.cover([one])}
    ledger = select(consent_events.c.identifier_kind, consent_events.c.identifier).distinct()
    for query in (select(identifiers.c.kind, identifiers.c.value), ledger):
        subject.identifiers |= {one for row in connection.execute(query) if tombstones.cover([one := Identifier(*row)])}


def _identifiers(carried: Iterable[Mapping[str, str]]) -> list[Identifier]:
    return [Identifier(one["kind"], one["value"]) for one in carried]


def _profiles(spark: SparkSession, lake: str, connection: Connection, subject: Subject) -> None:
    """Profiles of nothing but their records go; those of others too go on."""
    held: dict[str, set[str]] = {}
    for row in read(spark, lake, ASSIGNMENTS).toLocalIterator():
        held.setdefault(row.profile_id, set()).add(row.record_id)
    for record_id, profile_id in connection.execute(select(records.c.record_id, records.c.profile_id)):
        held.setdefault(profile_id, set()).add(record_id)
    for profile_id, members in held.items():
        if members & subject.records:
            (subject.profiles if members <= subject.records else subject.rebuilt).add(profile_id)
