"""A labelled set in memory: its records as the contracts read them, and the people that resolve makes of them."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from contracts.channel import Channel
from contracts.reading import RefusedRow
from contracts.standard import person_record
from identity.matching.comparables import comparables
from identity.matching.model import PersonModel
from identity.matching.name_parts import NameFrequencies
from identity.matching.rules import SHIPPED
from spark_jobs.resolve.comparables import COMPARABLES_SCHEMA
from spark_jobs.resolve.driver_engine import DriverEngine
from spark_jobs.resolve.lake_model import fitted, name_frequencies
from spark_jobs.resolve.partition import Partition, look, partition
from spark_jobs.resolve.unmatched import SAID, freeze, withhold

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
Record = dict[str, Any]


@dataclass(frozen=True)
class Resolved:
    """What a first run found: the engine still holds its tables."""

    engine: DriverEngine
    names: NameFrequencies
    model: PersonModel
    partition: Partition

    @property
    def cluster_of(self) -> dict[str, str]:
        return {record: part[0] for part in self.partition.clusters for record in part}


def read_records(sources: Path, channels: Mapping[str, Channel], without: Iterable[str] = ()) -> list[Record]:
    """The newest version of each person record, as rows of the lake, without some of its fields or identifiers."""
    found: dict[str, Record] = {}
    for channel in channels.values():
        if "person" not in channel.holds:
            continue
        for row in _rows(sources, channel):
            try:
                record = person_record(channel, row, NOW).as_row()
            except RefusedRow:
                continue
            before = found.get(record["record_id"])
            if not before or (record["observed_at"] or LONG_AGO) >= (before["observed_at"] or LONG_AGO):
                found[record["record_id"]] = record
    gone = list(without)
    return [_less(record, gone) for record in found.values()]


def _rows(sources: Path, channel: Channel) -> Iterator[dict[str, Any]]:
    for path in sorted(sources.glob(channel.files)):
        with path.open(encoding=channel.encoding, newline="") as file:
            if channel.format == "csv":
                yield from csv.DictReader(file, delimiter=channel.delimiter)
            else:
                yield from (json.loads(line) for line in file if line.strip())


def _less(record: Record, gone: list[str]) -> Record:
    """A source without a column; a birth date goes in every form."""
    if not gone:
        return record
    fields = {*gone, *(("birth_typed", "birth_year") if "birth_date" in gone else ())}
    held = [one for one in record["identifiers"] if one["kind"] not in gone]
    return record | dict.fromkeys(fields & record.keys()) | {"identifiers": held}


def copied(records: Iterable[Record]) -> Iterator[Record]:
    """The records, and of each a copy under another id."""
    for record in records:
        yield record
        yield record | {"record_id": f"{record['record_id']}-copy"}


def names_of(records: list[Record]) -> NameFrequencies:
    """How common names are among the records, as the job counts them."""
    engine = DriverEngine()
    counted = ("given_name", "middle_name", "family_name", "birth_typed")
    engine.put(
        "records", ["record_id", *counted], [(one["record_id"], *(one[name] for name in counted)) for one in records]
    )
    engine.put("unmatched", ["record_id", "reason"], [])
    found = name_frequencies(engine)
    engine.close()
    return found


def resolved(records: list[Record]) -> Resolved:
    """What a first run of resolve makes of the records: the job's own statements, training included."""
    names = names_of(records)
    engine = DriverEngine()
    rows = [comparables(record, names) for record in records]
    engine.give("computed", pa.Table.from_pylist(rows, schema=COMPARABLES_SCHEMA))
    engine.put("unmatched", ["record_id", "reason"], [])
    withhold(engine)
    kinds = {"weight": pa.float64(), "gone": pa.bool_()}
    for part, columns in (("edges_base", SAID), ("edges_recent", (*SAID, "gone"))):  # none yet, as before a first run
        engine.give(part, pa.schema([(name, kinds.get(name, pa.string())) for name in columns]).empty_table())
    freeze(engine)
    trained: list[PersonModel] = []

    def model() -> PersonModel:
        trained.append(fitted(engine, NOW))
        return trained[0]

    look(engine, model, SHIPPED, True)
    return Resolved(engine, names, trained[0], partition(engine, SHIPPED, True, bars=trained[0].bars))
