"""Erases people again whom a restored backup brought back: everybody named by tombstones, from both stores."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from pyspark.sql import SparkSession
from sqlalchemy import Connection, delete, func, select

from consent.tombstones.dates import ErasureDates
from consent.tombstones.digests import Tombstones
from contracts.channel import Channel
from contracts.identifiers import Identifier, of_persons
from erasure.gathering import gather, settle
from erasure.lake.covered import covered_raw_rows, covered_rows
from erasure.lake.rows import erase_rows
from erasure.operational import holds, intakes
from erasure.operational import rows as operational
from erasure.operational.bystanders import keep_live
from erasure.operational.serving import erase_serving
from erasure.people.personal_values import PersonalValues
from erasure.people.refused import RefusedContent, Theirs, contacts_in
from erasure.people.subject import Subject
from erasure.reopened import carried_out, later_intakes, senders, take_up
from lake.tables import ASSIGNMENTS, CONSENTS, EVENTS, RECORDS, read
from read_model.rebuild import hold_identities, rebuild
from stores.schema import (
    consent_events,
    conversations,
    dial_statements,
    identifiers,
    milestones_seen,
    publish_progress,
    records,
    suggestion_feedback,
)
from stores.schema import tombstones as buried


def erase_again(
    spark: SparkSession,
    lake: str,
    connection: Connection,
    channels: Mapping[str, Channel],
    tombstones: Tombstones,
    now: datetime,
) -> list[str]:
    """Takes people whom these tombstones name out of the lake and PostgreSQL, as their erasure did.

    The tombstones are in PostgreSQL by now, so pseudonyms in the ledger are signed for one of their erasures. Then
    everything is published anew, since a restored store does not match its readers' positions. Returns the requests of
    theirs that are open again: `python -m erasure.run` completes them with a certificate.
    """
    erased = ErasureDates.of(connection, tombstones)
    holds.end_of_erased(connection, tombstones)
    # 1. Everything of theirs is gathered while it is there: it tells by which words others' texts name them.
    subject = _gathered(spark, lake, connection, channels, erased, now)
    named = Theirs(subject)

    def theirs(raw: bytes, reading: RefusedContent) -> bool:
        found = reading.identifiers | contacts_in(raw)
        return named(raw, reading) or tombstones.cover(found, reading.records)

    # 2. The lake, then PostgreSQL: until this transaction ends, it has all that a second attempt needs.
    from_lake = erase_rows(spark, lake, subject, channels, theirs)
    hold_identities(connection, alone=True)
    erasure_id = connection.scalar(select(func.min(buried.c.erasure_id)))
    from_serving = erase_serving(connection, subject, theirs, channels, rebuild, now, str(erasure_id))
    keep_live(connection, subject, now)
    # 3. What they asked for.
    requests = carried_out(connection, subject, erased)
    from_serving |= intakes.forget_or_redact(connection, subject, requests, later_intakes(connection, erased))
    operational.pseudonymise_requests(connection, subject, requests, tombstones.key)
    steps = {"tombstones": len(tombstones.digests), "serving": from_serving, "lake": from_lake}
    take_up(connection, subject, requests, steps, tombstones.key, now)
    connection.execute(delete(publish_progress))
    return requests


def _gathered(
    spark: SparkSession,
    lake: str,
    connection: Connection,
    channels: Mapping[str, Channel],
    erased: ErasureDates,
    now: datetime,
) -> Subject:
    """Everybody whom the tombstones name, with all that the restored stores hold of them.

    Only identifiers with a tombstone were theirs alone when they were erased, whoever had the others at the backup.
    """
    known = erased.known
    subject = Subject(
        records=covered_rows(spark, lake, RECORDS, known) | covered_raw_rows(spark, lake, "person", known, channels),
        events=covered_rows(spark, lake, EVENTS, known) | covered_raw_rows(spark, lake, "event", known, channels),
        consents=covered_rows(spark, lake, CONSENTS, known) | covered_raw_rows(spark, lake, "consent", known, channels),
    )
    _add_served(connection, known, subject)
    subject.identifiers |= senders(connection, erased)
    _add_profiles(spark, lake, connection, subject)
    subject.people = len(subject.profiles | subject.rebuilt)
    buried_alone = set(subject.identifiers)

    def shared(named: Collection[Identifier]) -> set[Identifier]:
        return {one for one in named if not known.cover([one])}

    found = gather(connection, spark, lake, subject, PersonalValues(), channels, now, shared)
    subject.identifiers |= buried_alone
    subject.shared -= buried_alone
    return settle(connection, spark, lake, subject, found, channels)


def _add_served(connection: Connection, tombstones: Tombstones, subject: Subject) -> None:
    """Adds PostgreSQL's data: records, live ones too, and whatever only decisions, the dial, feedback, milestones or a
    conversation name."""
    for record_id, document in connection.execute(select(records.c.record_id, records.c.document)):
        carried = _identifiers(document.get("identifiers") or [])
        if tombstones.cover(of_persons(carried), [record_id]):
            subject.records.add(record_id)
            subject.identifiers |= {one for one in carried if tombstones.cover([one])}
    for table in (conversations, dial_statements, milestones_seen, suggestion_feedback):
        known = connection.scalars(select(table.c.record_id).where(table.c.record_id.is_not(None)).distinct())
        subject.records |= {one for one in known if tombstones.cover([], [one])}
    ledger = select(consent_events.c.identifier_kind, consent_events.c.identifier).distinct()
    for query in (select(identifiers.c.kind, identifiers.c.value), ledger):
        subject.identifiers |= {one for row in connection.execute(query) if tombstones.cover([one := Identifier(*row)])}


def _identifiers(carried: Iterable[Mapping[str, str]]) -> list[Identifier]:
    return [Identifier(one["kind"], one["value"]) for one in carried]


def _add_profiles(spark: SparkSession, lake: str, connection: Connection, subject: Subject) -> None:
    """Profiles with only their records are deleted; those with others' records too continue."""
    held: dict[str, set[str]] = {}
    for row in read(spark, lake, ASSIGNMENTS).toLocalIterator():
        held.setdefault(row.profile_id, set()).add(row.record_id)
    for record_id, profile_id in connection.execute(select(records.c.record_id, records.c.profile_id)):
        held.setdefault(profile_id, set()).add(record_id)
    for profile_id, members in held.items():
        if members & subject.records:
            (subject.profiles if members <= subject.records else subject.rebuilt).add(profile_id)
