"""Records that resolve must not match: those of people who objected to matching, and restricted ones.

A new decision of the files counts before it is in the ledger, and a new record that carries an objector's identifier
before it is published: else the run that takes them in would match once more.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from sqlalchemy import ARRAY, Column, ColumnElement, Connection, Text, any_, cast, select, tuple_

from consent.current import effective_consent, permits
from consent.eligibility import BATCH, people
from consent.model import STATE_OF_WORD, ConsentState
from consent.purposes import published_purposes
from contracts.identifiers import Identifier
from lake.tables import CONSENTS, RECORDS, read
from spark_jobs.resolve.unmatched import OBJECTED, RESTRICTED
from stores.restricted import restricted_records
from stores.schema import consent_events, identifiers, records

MATCHING = "identity_resolution"
"""The purpose that records are matched for."""

NOES = [state.value for state in ConsentState if state.refuses]


def unmatched(spark: SparkSession, lake: str, connection: Connection, now: datetime) -> list[tuple[str, str]]:
    """(record_id, reason) of each, sorted; a restriction says more than an objection."""
    objecting, deciders = objectors(connection, now)
    new = _new_objectors(spark, lake, connection)
    found = dict.fromkeys(objecting, OBJECTED)
    found |= dict.fromkeys(_carrying(spark, lake, new), OBJECTED)
    found |= dict.fromkeys(_unpublished(connection, _carrying(spark, lake, deciders)), OBJECTED)
    return sorted((found | dict.fromkeys(restricted_records(connection), RESTRICTED)).items())


def objectors(connection: Connection, now: datetime) -> tuple[set[str], set[Identifier]]:
    """The records of everybody who objected and has not taken it back, and the identifiers under which they did."""
    purpose, of = published_purposes()[MATCHING], consent_events.c
    query = select(of.identifier_kind, of.identifier).where(of.purpose == MATCHING, of.state.in_(NOES)).distinct()
    deciders = {Identifier(*row) for row in connection.execute(query)}
    if not deciders:
        return set(), set()
    carried = select(identifiers.c.profile_id).where(tuple_(identifiers.c.kind, identifiers.c.value).in_(query))
    own = select(records.c.profile_id).where(_among(records.c.record_id, [one.value for one in deciders]))
    profile_ids = sorted({*connection.scalars(carried), *connection.scalars(own)} - {None})
    objecting, under = set[str](), set[Identifier]()
    for start in range(0, len(profile_ids), BATCH):
        for person in people(connection, profile_ids[start : start + BATCH], now).values():
            stands = effective_consent(person.events, purpose, now, person.parts)
            if permits(purpose, stands) or person.circumstances.goes_on(purpose, person.events, person.parts, now):
                continue
            objecting |= set(person.document.get("records") or ())
            under |= deciders & frozenset().union(*person.parts)
    return objecting, under


def _new_objectors(spark: SparkSession, lake: str, connection: Connection) -> set[Identifier]:
    """Under which identifiers files object that the ledger has not taken in yet."""
    words = [word for word, state in STATE_OF_WORD.items() if state.refuses]
    about = read(spark, lake, CONSENTS).where((F.col("purpose") == MATCHING) & F.col("decision").isin(words))
    rows = about.select("consent_id", "identifier_kind", "identifier").collect()
    if not rows:
        return set()
    held = consent_events.c.consent_id
    known = set(connection.scalars(select(held).where(_among(held, [row.consent_id for row in rows]))))
    return {Identifier(row.identifier_kind, row.identifier) for row in rows if row.consent_id not in known}


def _carrying(spark: SparkSession, lake: str, carried: Iterable[Identifier]) -> set[str]:
    """The records of the lake that carry any of these identifiers."""
    wanted = sorted((one.kind, one.value) for one in carried)
    if not wanted:
        return set()
    held = read(spark, lake, RECORDS).select("record_id", F.explode("identifiers").alias("one"))
    named = F.broadcast(spark.createDataFrame(wanted, "kind string, value string"))
    found = held.select("record_id", "one.kind", "one.value").join(named, ["kind", "value"], "left_semi")
    return {row.record_id for row in found.select("record_id").distinct().collect()}


def _unpublished(connection: Connection, record_ids: Iterable[str]) -> set[str]:
    """Those of these records that nobody knows yet: whose they are, and what holds of them, is still to be found."""
    wanted = set(record_ids)
    known = select(records.c.record_id).where(_among(records.c.record_id, sorted(wanted)))
    return wanted - set(connection.scalars(known)) if wanted else wanted


def _among(column: Column[Any], values: list[str]) -> ColumnElement[bool]:
    """As one parameter: of more than 65,535 there is no statement."""
    return column == any_(cast(values, ARRAY(Text)))
