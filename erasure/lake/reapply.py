"""Erases people again whom a restored backup brought back: everybody named by tombstones, from both stores."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pyspark.sql import SparkSession
from sqlalchemy import Connection, delete, func, select

from consent.tombstones.digests import Tombstones
from contracts.channel import Channel
from contracts.identifiers import Identifier, of_persons
from erasure.lake.rows import erase_rows, keys_where, without_names
from erasure.operational import holds
from erasure.operational import rows as operational
from erasure.operational.live import visitors_of
from erasure.people.refused import RefusedContent, contacts_in
from erasure.people.subject import Subject
from lake.tables import ASSIGNMENTS, BRONZE, CONSENTS, EVENTS, RECORDS, Table, read
from read_model.rebuild import rebuild
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
    """Deletes from the lake and PostgreSQL the data of people whom these tombstones name.

    The tombstones are in PostgreSQL by now, so pseudonyms in the ledger are signed for one of their erasures. Then
    everything is published anew, since a restored store does not match its readers' positions.
    """
    subject = Subject(
        records=_covered(spark, lake, RECORDS, tombstones) | _raw(spark, lake, "person", tombstones, channels),
        events=_covered(spark, lake, EVENTS, tombstones) | _raw(spark, lake, "event", tombstones, channels),
        consents=_covered(spark, lake, CONSENTS, tombstones) | _raw(spark, lake, "consent", tombstones, channels),
    )
    _served(connection, tombstones, subject)
    _profiles(spark, lake, connection, subject)
    subject.records |= visitors_of(connection, subject.records)

    def theirs(raw: bytes, reading: RefusedContent) -> bool:
        return tombstones.cover(reading.identifiers | contacts_in(raw), reading.records)

    erase_rows(spark, lake, subject, channels, theirs)
    holds.end_of_erased(connection, tombstones)
    erasure_id = connection.scalar(select(func.min(buried.c.erasure_id)))
    operational.erase(connection, subject, theirs, channels, without_names, rebuild, now, str(erasure_id))
    connection.execute(delete(publish_progress))


def _covered(spark: SparkSession, lake: str, table: Table, tombstones: Tombstones) -> set[str]:
    """The keys of rows that carry an erased identifier, or are of an erased record.

    A browser's id counts only where nothing else says whose a row is: somebody else may use the browser now.
    """

    def theirs(row: Mapping[str, Any]) -> bool:
        carried = row.get("identifiers") or [{"kind": row.get("identifier_kind"), "value": row.get("identifier")}]
        found = [Identifier(one["kind"], one["value"]) for one in carried if one["kind"]]
        if row.get("record_id"):
            return tombstones.cover(of_persons(found), [row["record_id"]])
        return tombstones.cover(of_persons(found) or found)

    columns = {"identifiers", "identifier_kind", "identifier", "record_id"} & set(table.struct.names)
    rows = read(spark, lake, table).select(table.key[0], *sorted(columns - {table.key[0]}))
    return keys_where(rows, table.key[0], theirs)


def _raw(
    spark: SparkSession, lake: str, holds: str, tombstones: Tombstones, channels: Mapping[str, Channel]
) -> set[str]:
    """The ids of their raw rows, in every version."""

    def theirs(row: Mapping[str, Any]) -> bool:
        contract = channels.get(row["channel"])
        if contract is None:
            return tombstones.cover_raw(None, row["channel"], row["payload"].encode())
        return tombstones.cover_row(contract, json.loads(row["payload"]))

    key = "source_key" if holds == "consent" else "concat(channel, ':', source_key)"
    rows = read(spark, lake, BRONZE[holds]).selectExpr(f"{key} AS id", "channel", "payload")
    return keys_where(rows, "id", theirs)


def _served(connection: Connection, tombstones: Tombstones, subject: Subject) -> None:
    """Adds PostgreSQL's data: records, including live ones, and identifiers, including those only in the ledger."""
    for record_id, document in connection.execute(select(records.c.record_id, records.c.document)):
        carried = _identifiers(document.get("identifiers") or [])
        if tombstones.cover(of_persons(carried), [record_id]):
            subject.records.add(record_id)
            subject.identifiers |= {one for one in carried if tombstones.cover([one])}
    ledger = select(consent_events.c.identifier_kind, consent_events.c.identifier).distinct()
    for query in (select(identifiers.c.kind, identifiers.c.value), ledger):
        subject.identifiers |= {one for row in connection.execute(query) if tombstones.cover([one := Identifier(*row)])}


def _identifiers(carried: Iterable[Mapping[str, str]]) -> list[Identifier]:
    return [Identifier(one["kind"], one["value"]) for one in carried]


def _profiles(spark: SparkSession, lake: str, connection: Connection, subject: Subject) -> None:
    """Profiles with only their records are deleted; those with others' records too continue."""
    held: dict[str, set[str]] = {}
    for row in read(spark, lake, ASSIGNMENTS).toLocalIterator():
        held.setdefault(row.profile_id, set()).add(row.record_id)
    for record_id, profile_id in connection.execute(select(records.c.record_id, records.c.profile_id)):
        held.setdefault(profile_id, set()).add(record_id)
    for profile_id, members in held.items():
        if members & subject.records:
            (subject.profiles if members <= subject.records else subject.rebuilt).add(profile_id)
