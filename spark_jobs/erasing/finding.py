"""Everything that the lake knows of the people to erase, and what of it is theirs alone."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import reduce
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from consent.erasure.search import Search
from consent.erasure.subject import Subject
from contracts.channel import Channel
from contracts.identifiers import Identifier, is_nothing
from contracts.names import fold
from contracts.reading import RefusedRow, Row
from contracts.standard import person_record
from spark_jobs.erasing.rows import keyed
from spark_jobs.resolve.recent import recent_of
from spark_jobs.tables import (
    ASSIGNMENTS,
    BRONZE,
    COMPARABLES,
    CONSENTS,
    EVENTS,
    RECORDS,
    Table,
    arrow_schema,
    read,
)

SHORTEST_WORD = 5
SHORTEST_VALUE = 6
_HELD = "kind string, value string"
NAMES = ("given_name", "middle_name", "family_name", "full_name")


def records_of(spark: SparkSession, lake: str, profile_ids: Iterable[str]) -> set[str]:
    """The source records that the lake counts to these profiles."""
    wanted = keyed(spark, ["profile_id"], [(one,) for one in profile_ids])
    found = read(spark, lake, ASSIGNMENTS).join(F.broadcast(wanted), "profile_id", "left_semi")
    return {row.record_id for row in found.select("record_id").collect()}


def complete(
    spark: SparkSession,
    lake: str,
    subject: Subject,
    channels: Mapping[str, Channel],
    held_elsewhere: set[Identifier],
    now: datetime,
) -> None:
    """Adds to a subject, whose records are known, what the lake holds of them.

    `held_elsewhere` are identifiers that others hold outside the lake. One pass for all people together.
    """
    records = keyed(spark, ["record_id"], [(one,) for one in subject.records])
    silver = read(spark, lake, RECORDS)
    own, others = (silver.join(F.broadcast(records), "record_id", how) for how in ("left_semi", "left_anti"))
    # 1. What their records say, in every version that ever came.
    pairs = keyed(spark, ["channel", "source_key"], subject.source_keys(subject.records))
    payloads = read(spark, lake, BRONZE["person"]).join(F.broadcast(pairs), ["channel", "source_key"], "left_semi")
    said = _Said()
    for row in own.collect():
        said.record(row.asDict(recursive=True))
    for row in payloads.select("channel", "payload").collect():
        said.payload(channels.get(row.channel), json.loads(row.payload), now)
    said.identifiers |= subject.identifiers
    # 2. Which identifiers nobody else holds, or held.
    held = others.select(F.explode("identifiers").alias("held")).select("held.kind", "held.value")
    shared = _among(spark, held, said.identifiers) | held_elsewhere
    older = read(spark, lake, BRONZE["person"]).join(F.broadcast(pairs), ["channel", "source_key"], "left_anti")
    older = older.join(silver, ["channel", "source_key", "content_hash"], "left_anti")
    subject.identifiers = said.identifiers - shared
    subject.identifiers -= _once_held(older, channels, now, subject.identifiers)
    # 3. Events by record or by such an identifier, and consents.
    events = read(spark, lake, EVENTS)
    wanted = keyed(spark, ["kind", "value"], [(one.kind, one.value) for one in subject.identifiers])
    carried = events.select("event_id", F.explode("identifiers").alias("held")).select("event_id", "held.*")
    by_identifier = carried.join(F.broadcast(wanted), ["kind", "value"], "left_semi").select("event_id")
    by_record = events.join(F.broadcast(records), "record_id", "left_semi").select("event_id")
    theirs = events.join(by_identifier.union(by_record).distinct(), "event_id", "left_semi").localCheckpoint()
    for row in theirs.select("event_id", "properties").collect():
        subject.events.add(row.event_id)
        said.values |= set((row.properties or {}).values())
    consents = read(spark, lake, CONSENTS).withColumnsRenamed({"identifier_kind": "kind", "identifier": "value"})
    decided = consents.join(F.broadcast(wanted), ["kind", "value"], "left_semi").select("consent_id")
    subject.consents |= {row.consent_id for row in decided.collect()}
    # 4. The values to look for: identifiers in every spelling, and what no other person's data says as well.
    spellings = {text for text, identifier in said.spellings.items() if identifier in subject.identifiers}
    certain = {one.value for one in subject.identifiers} | spellings | subject.records | _long_keys(subject.records)
    certain |= {event for event in subject.events if len(event) > SHORTEST_VALUE}
    telling = {one for one in said.values if len(one) >= SHORTEST_VALUE + 2 and (" " in one or not one.isalnum())}
    telling = {one for one in telling if not _is_date(one)}
    words = {word for name in said.names for word in _words(name) if len(word) >= SHORTEST_WORD}
    common = _said_by_others(_what_stays(spark, lake, subject), telling | words)
    subject.values |= {one for one in certain if len(one) >= SHORTEST_VALUE}
    subject.values |= telling - common
    subject.words |= words - common


class _Said:
    """What rows say of somebody: identifiers, how each was spelt, names, and all other texts."""

    def __init__(self) -> None:
        self.identifiers: set[Identifier] = set()
        self.spellings: dict[str, Identifier] = {}
        self.names: set[str] = set()
        self.values: set[str] = set()

    def record(self, row: Mapping[str, Any]) -> None:
        self.identifiers |= {Identifier(one["kind"], one["value"]) for one in row["identifiers"] or []}
        self.names |= {row[name] for name in NAMES if row.get(name)}
        self.values |= {row[name] for name in ("street", "unit") if row.get(name)}
        self.values |= set((row["attributes"] or {}).values())

    def payload(self, contract: Channel | None, payload: Mapping[str, Any], now: datetime) -> None:
        leaves = [text for text in _leaves(payload) if not is_nothing(text)]
        self.values |= set(leaves)
        if contract is None:
            return
        try:
            read_as = person_record(contract, payload, now)
            row = Row(contract, payload)
        except RefusedRow:
            return
        self.identifiers |= set(read_as.identifiers)
        self.names |= {text for name in NAMES if name != "full_name" and (text := getattr(read_as, name))}
        self.names |= {text for name in NAMES if (text := row.text(name))}
        for name, text in payload.items():
            rest = {other: value for other, value in payload.items() if other != name}
            try:
                without = set(Row(contract, rest).identifiers())
            except RefusedRow:  # the key, which the record's id holds
                continue
            for identifier in set(read_as.identifiers) - without:
                self.spellings[str(text)] = identifier


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif isinstance(value, str) and value.strip():
        yield value


def _among(spark: SparkSession, held: DataFrame, wanted: set[Identifier]) -> set[Identifier]:
    keys = keyed(spark, ["kind", "value"], [(one.kind, one.value) for one in wanted])
    found = held.join(F.broadcast(keys), ["kind", "value"], "left_semi").distinct()
    return {Identifier(row.kind, row.value) for row in found.collect()}


def _once_held(
    versions: DataFrame, channels: Mapping[str, Channel], now: datetime, wanted: set[Identifier]
) -> set[Identifier]:
    """Which of these stand in former versions of other people's records, which are kept as they came."""
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
    """Everything that is others', as one column of texts: raw rows, and what was made of them."""
    records, events = ([(one,) for one in sorted(ids)] for ids in (subject.records, subject.events))
    pairs = ["channel", "source_key"]
    theirs: list[tuple[Table, list[str], Iterable[Any]]] = [
        (BRONZE["person"], pairs, subject.source_keys(subject.records | subject.events)),
        (BRONZE["event"], pairs, subject.source_keys(subject.events)),
        (RECORDS, ["record_id"], records),
        (COMPARABLES, ["record_id"], records),
        (recent_of(COMPARABLES), ["record_id"], records),
        (EVENTS, ["event_id"], events),
        (BRONZE["consent"], ["source_key"], [(one,) for one in sorted(subject.consents)]),
    ]
    frames = []
    for table, columns, keys in theirs:
        rows = read(spark, lake, table).join(F.broadcast(keyed(spark, columns, keys)), columns, "left_anti")
        said = F.col("payload") if "payload" in rows.columns else F.to_json(F.struct("*"))
        frames.append(rows.select(said.alias("said")))
    return reduce(DataFrame.unionByName, frames)


def _said_by_others(texts: DataFrame, wanted: set[str]) -> set[str]:
    """Which of these stand in the texts, by the scanner's own search: it would find them there for ever."""
    shipped, schema = sorted(wanted), pa.schema([("value", pa.string())])

    def find(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        search = Search(shipped)
        for batch in batches:
            said = "\n".join(text for text in batch.column(0).to_pylist() if text).encode()
            found = {value for value, clear in search.hits(said) if clear}
            yield pa.RecordBatch.from_pylist([{"value": value} for value in sorted(found)], schema=schema)

    return {row.value for row in texts.mapInArrow(find, "value string").distinct().collect()}


def _words(text: str) -> set[str]:
    words = fold(text).split()
    return {*words, "".join(words)}


def _long_keys(records: Iterable[str]) -> set[str]:
    keys = {one.partition(":")[2] for one in records}
    return {one for one in keys if len(one) >= (SHORTEST_VALUE if any(c.isalpha() for c in one) else 9)}


def _is_date(text: str) -> bool:
    return len(text) <= 30 and not any(c.isalpha() for c in text.replace("T", "").replace("Z", ""))
