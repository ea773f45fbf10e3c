"""Finds all data of the people to erase in the lake, and which of it only they have."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import reduce

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts.channel import Channel
from contracts.identifiers import Identifier
from contracts.reading import RefusedRow
from contracts.standard import person_record
from erasure.answers.lake import answer_of
from erasure.answers.model import Whose
from erasure.lake.deleted import deleted_of, deleted_rows
from erasure.lake.lake_tables import known_tables
from erasure.lake.rows import keyed
from erasure.people.folding import BETWEEN, spellings
from erasure.people.personal_values import Candidates, PersonalValues, full_names
from erasure.people.search import TextSearch
from erasure.people.subject import Subject, source_keys
from lake.overlay import parts
from lake.tables import (
    ASSIGNMENTS,
    BRONZE,
    COMPARABLES,
    CONSENTS,
    EVENTS,
    QUARANTINE,
    RECORDS,
    TOMBSTONES,
    Table,
    arrow_schema,
    read,
)

_HELD = "kind string, value string"


def records_of(spark: SparkSession, lake: str, profile_ids: Iterable[str]) -> set[str]:
    """The source records that the lake counts to these profiles."""
    wanted = keyed(spark, ["profile_id"], [(one,) for one in profile_ids])
    found = read(spark, lake, ASSIGNMENTS).join(F.broadcast(wanted), "profile_id", "left_semi")
    return {row.record_id for row in found.select("record_id").collect()}


def raw_records(spark: SparkSession, lake: str, record_ids: Iterable[str]) -> set[str]:
    """Which of these have a raw row, including deleted ones."""
    wanted = keyed(spark, ["channel", "source_key"], source_keys(record_ids))
    found = set[str]()
    for holds in ("person", "event"):
        rows = read(spark, lake, BRONZE[holds]).join(F.broadcast(wanted), ["channel", "source_key"], "left_semi")
        found |= {
            f"{row.channel}:{row.source_key}" for row in rows.select("channel", "source_key").distinct().collect()
        }
    return found


def complete(
    spark: SparkSession,
    lake: str,
    subject: Subject,
    personal: PersonalValues,
    channels: Mapping[str, Channel],
    held_elsewhere: Callable[[set[Identifier]], set[Identifier]],
    now: datetime,
) -> Candidates:
    """Adds the lake's data of a subject with known records; returns the candidates for the search.

    `personal` is their data in other stores; `held_elsewhere` says which of some identifiers others have outside the
    lake. There is one pass for all people together. Values that others have too are still among the candidates:
    `settle` separates them.
    """
    records = keyed(spark, ["record_id"], [(one,) for one in subject.records])
    silver = read(spark, lake, RECORDS)
    own, others = (silver.join(F.broadcast(records), "record_id", how) for how in ("left_semi", "left_anti"))
    # 1. The values of their records, in every version.
    pairs = keyed(spark, ["channel", "source_key"], subject.keys(Whose.RECORD_KEYS))
    payloads = read(spark, lake, BRONZE["person"]).join(F.broadcast(pairs), ["channel", "source_key"], "left_semi")
    for row in own.collect():
        personal.record(row.asDict(recursive=True))
    for row in payloads.select("channel", "payload").collect():
        personal.payload(channels.get(row.channel), json.loads(row.payload), now)
    personal.identifiers |= subject.identifiers
    # 2. Identifiers that nobody else has or had.
    held = others.select(F.explode("identifiers").alias("held")).select("held.kind", "held.value")
    events = read(spark, lake, EVENTS)
    of_others = events.where("record_id IS NOT NULL").join(F.broadcast(records), "record_id", "left_anti")
    carried = of_others.select(F.explode("identifiers").alias("held")).select("held.kind", "held.value")
    shared = _among(spark, held.union(carried), personal.identifiers) | held_elsewhere(personal.identifiers)
    older = read(spark, lake, BRONZE["person"]).join(F.broadcast(pairs), ["channel", "source_key"], "left_anti")
    older = older.join(silver, ["channel", "source_key", "content_hash"], "left_anti")
    older = older.join(deleted_rows(spark, lake, "person", channels), ["channel", "source_key"], "left_anti")
    subject.identifiers = personal.identifiers - shared
    subject.identifiers -= _once_held(older, channels, now, subject.identifiers)
    subject.shared = personal.identifiers - subject.identifiers
    # 3. Events by record or by such an identifier, and consents.
    wanted = keyed(spark, ["kind", "value"], [(one.kind, one.value) for one in subject.identifiers])
    carried = events.select("event_id", F.explode("identifiers").alias("held")).select("event_id", "held.*")
    by_identifier = carried.join(F.broadcast(wanted), ["kind", "value"], "left_semi").select("event_id")
    by_record = events.join(F.broadcast(records), "record_id", "left_semi").select("event_id")
    theirs = events.join(by_identifier.union(by_record).distinct(), "event_id", "left_semi").localCheckpoint()
    for row in theirs.select("event_id", "properties").collect():
        subject.events.add(row.event_id)
        personal.texts(row.properties or {})
    for payload in deleted_of(spark, lake, subject, channels):
        personal.texts(payload)
    consents = read(spark, lake, CONSENTS).withColumnsRenamed({"identifier_kind": "kind", "identifier": "value"})
    decided = consents.join(F.broadcast(wanted), ["kind", "value"], "left_semi").select("consent_id")
    subject.consents |= {row.consent_id for row in decided.collect()}
    # 4. Profiles that these records belong to in the lake only: they left them since it was written.
    owned = read(spark, lake, ASSIGNMENTS).join(F.broadcast(records), "record_id", "left_semi")
    subject.rebuilt |= {row.profile_id for row in owned.collect()} - subject.profiles
    # 5. Full names that nobody else has.
    subject.full_names = personal.full_names - _borne(others, personal.full_names)
    return personal.candidates(subject.identifiers, subject.records, subject.events)


def said_of_others(spark: SparkSession, lake: str, subject: Subject) -> set[str]:
    """Which of the values and words that seemed to be theirs alone occur in others' data after all."""
    wanted = Candidates(values=set(subject.values), words=set(subject.words))
    return _said_by_others(_what_stays(spark, lake, subject), wanted)


def settle(spark: SparkSession, lake: str, subject: Subject, found: Candidates, elsewhere: set[str]) -> None:
    """Separates values that only they have from common ones; `elsewhere` is others' data in other stores."""
    common = _said_by_others(_what_stays(spark, lake, subject), found) | elsewhere
    common |= {text for text, names in found.whole.items() if not names <= subject.full_names}
    subject.common_values, subject.values = found.values & common, found.values - common
    subject.common_words, subject.words = found.words & common, found.words - common
    subject.common_words |= {spelt for one in found.plain for spelt in spellings(one)}


def _among(spark: SparkSession, held: DataFrame, wanted: set[Identifier]) -> set[Identifier]:
    keys = keyed(spark, ["kind", "value"], [(one.kind, one.value) for one in wanted])
    found = held.join(F.broadcast(keys), ["kind", "value"], "left_semi").distinct()
    return {Identifier(row.kind, row.value) for row in found.collect()}


def _once_held(
    versions: DataFrame, channels: Mapping[str, Channel], now: datetime, wanted: set[Identifier]
) -> set[Identifier]:
    """Which of these occur in former versions of other people's records, which are kept as they came."""
    contracts, schema = dict(channels), arrow_schema(_HELD)

    def find(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            found = set[Identifier]()
            for channel, payload in zip(*batch.to_pydict().values(), strict=True):
                if channel in contracts:
                    with suppress(RefusedRow):
                        read_as = person_record(contracts[channel], json.loads(payload), now)
                        found |= wanted.intersection(read_as.identifiers)
            rows = [{"kind": one.kind, "value": one.value} for one in found]
            yield pa.RecordBatch.from_pylist(rows, schema=schema)

    found = versions.select("channel", "payload").mapInArrow(find, _HELD).distinct()
    return {Identifier(row.kind, row.value) for row in found.collect()}


def _what_stays(spark: SparkSession, lake: str, subject: Subject) -> DataFrame:
    """All data of others as one column of texts: raw rows, and their results."""
    records = subject.keys(Whose.RECORDS)
    pairs = ["channel", "source_key"]
    theirs: list[tuple[Table, list[str], set[tuple[str, ...]]]] = [
        (BRONZE["person"], pairs, subject.keys(Whose.RECORD_KEYS)),
        (BRONZE["event"], pairs, subject.keys(Whose.EVENT_KEYS)),
        (RECORDS, ["record_id"], records),
        *((part, ["record_id"], records) for part in parts(COMPARABLES)),
        (EVENTS, ["event_id"], subject.keys(Whose.EVENTS)),
        (BRONZE["consent"], ["source_key"], subject.keys(Whose.CONSENTS)),
    ]
    frames = [_words_of_its_own(spark, lake)]
    for table, columns, keys in theirs:
        rows = read(spark, lake, table).join(F.broadcast(keyed(spark, columns, keys)), columns, "left_anti")
        said = F.col("payload") if "payload" in rows.columns else F.to_json(F.struct("*"))
        frames.append(rows.select(said.alias("said")))
    return reduce(DataFrame.unionByName, frames)


def _words_of_its_own(spark: SparkSession, lake: str) -> DataFrame:
    """What the system says by itself: columns that erasure keeps, and the reasons for which rows were refused."""
    kept = {
        one: answer.kept for one in known_tables().values() if (answer := answer_of(one.name)) and one != TOMBSTONES
    }
    frames = [read(spark, lake, table).select(*" ".join(columns).split()) for table, columns in kept.items() if columns]
    frames.append(read(spark, lake, QUARANTINE).select("reason"))
    return reduce(DataFrame.unionByName, [rows.select(F.to_json(F.struct("*")).alias("said")) for rows in frames])


def _said_by_others(texts: DataFrame, wanted: Candidates) -> set[str]:
    """Which of these occur in the texts, by the scanner's own search, which would otherwise find them there for
    ever."""
    values, words, schema = sorted(wanted.values), sorted(wanted.words), pa.schema([("value", pa.string())])

    def find(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        search = TextSearch(values, words)
        for batch in batches:
            said = BETWEEN.join(text.encode() for text in batch.column(0).to_pylist() if text)
            yield pa.RecordBatch.from_pylist([{"value": value} for value in sorted(search.clear(said))], schema=schema)

    return {row.value for row in texts.mapInArrow(find, "value string").distinct().collect()}


def _borne(records: DataFrame, wanted: set[str]) -> set[str]:
    """Which of these full names occur in other people's records."""
    shipped, schema = set(wanted), pa.schema([("name", pa.string())])

    def find(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            said = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            found = {name for given, family in said for name in full_names(given, family)} & shipped
            yield pa.RecordBatch.from_pylist([{"name": name} for name in sorted(found)], schema=schema)

    names = records.select("given_name", "family_name").dropna().distinct()
    return {row.name for row in names.mapInArrow(find, "name string").collect()} if wanted else set()
