"""Invented customers straight into PostgreSQL: their records as the channels' contracts read them, one profile each."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine

from benchmarks.generate.days import AS_SIMULATED
from benchmarks.generate.draws import Draws
from benchmarks.generate.households import Population
from benchmarks.generate.output import HEADERS, Files
from benchmarks.generate.people import Person
from benchmarks.generate.person_channels import PersonChannels
from benchmarks.labelled import resolved
from contracts.loading import load_channels
from contracts.standard import person_record
from identity.matching.caller_keys import index_keys
from identity.matching.comparison_columns import comparison_columns
from identity.matching.model import as_json
from identity.matching.name_parts import NameFrequencies
from stores.postgres import driver_of

NOW = datetime(2021, 1, 15, tzinfo=UTC)
CONTRACTS = Path("examples/sample")
TRAINED_ON = 4_000
"""People whose records the model is trained on, as a lake trains it on a sample of its own."""

HELD_OUT = 0.05
"""Of persons whose household is on file, and of households: strangers of both kinds call as well."""


class _Rows(Files):
    """The rows of one household, in memory."""

    def __init__(self) -> None:
        self.held: list[tuple[str, dict[str, str]]] = []
        self._headers = {name: header.split(",") for name, header in HEADERS.items()}

    def add(self, name: str, row: Any) -> None:
        if name != "truth":
            self.held.append((name, dict(zip(self._headers[name], row, strict=True))))


@dataclass
class OnFile:
    """Who can call: people on file with their card numbers, and people who are not."""

    known: list[tuple[Person, list[str]]] = field(default_factory=list)
    strangers: list[Person] = field(default_factory=list)
    records: int = 0


def put_on_file(engine: Engine, people: int, seed: int) -> OnFile:
    """Generates that many people, trains a model on some of them, and loads records, keys and model."""
    found = OnFile()
    made = _households(people, seed, found)
    first = [next(made) for _ in range(min(TRAINED_ON, people))]
    sample = [record for _, records in first for record in records]
    trained = resolved(sample)
    names, model = trained.names, trained.model
    trained.engine.close()
    # pgserver's URL is SQLAlchemy's; psycopg's own COPY is what is needed here.
    with engine.connect() as outer:
        raw = driver_of(outer)
        with raw.cursor() as cursor:
            cursor.execute("ALTER TABLE record_keys DROP CONSTRAINT record_keys_pkey")
            cursor.execute("DROP INDEX ix_record_keys_record_id")
            with cursor.copy("COPY models FROM STDIN") as copy:
                names_json = json.dumps({"given": names.given, "family": names.family})
                copy.write_row((model.version, NOW, as_json(model), names_json))
            _load(cursor, [*first, *made] if people <= TRAINED_ON else _chained(first, made), names, found)
            cursor.execute("ALTER TABLE record_keys ADD PRIMARY KEY (key, record_id)")
            cursor.execute("CREATE INDEX ix_record_keys_record_id ON record_keys (record_id)")
        raw.commit()
        raw.autocommit = True
        raw.execute("VACUUM ANALYZE records")
        raw.execute("VACUUM ANALYZE record_keys")
        raw.execute("VACUUM ANALYZE profiles")
        raw.autocommit = False
    return found


Known = tuple[str, list[dict[str, Any]]]


def _chained(first: Iterable[Known], rest: Iterable[Known]) -> Iterator[Known]:
    yield from first
    yield from rest


def _households(people: int, seed: int, found: OnFile) -> Iterator[Known]:
    """(profile id, records) of everybody who is on file; tells `found` who may call."""
    draws, rows = Draws(seed), _Rows()
    population, channels, chance = Population(draws), PersonChannels(draws, rows, AS_SIMULATED), Draws(seed + 1)
    contracts = load_channels(CONTRACTS)
    made = 0
    while made < people:
        whole = chance.chance(HELD_OUT)
        for person in population.household(8):
            if whole or chance.chance(HELD_OUT):
                found.strangers.append(person)
                continue
            rows.held = []
            _, cards = channels.write(person)
            records = {
                record.record_id: record.as_row()
                for record in (person_record(contracts[name], row, NOW) for name, row in rows.held)
            }
            found.known.append((person, cards))
            made += 1
            yield f"p_{person.key}", list(records.values())
            if made >= people:
                return


def _load(cursor: psycopg.Cursor[Any], people: Iterable[Known], names: NameFrequencies, found: OnFile) -> None:
    batch: list[Known] = []
    for one in people:
        batch.append(one)
        if len(batch) == 2_000:
            _copy(cursor, batch, names, found)
            batch = []
    _copy(cursor, batch, names, found)


def _copy(cursor: psycopg.Cursor[Any], people: list[Known], names: NameFrequencies, found: OnFile) -> None:
    found.records += sum(len(records) for _, records in people)
    with cursor.copy("COPY profiles (profile_id, version, document, updated_at) FROM STDIN") as copy:
        for profile_id, _ in people:
            copy.write_row((profile_id, 1, "{}", NOW))
    with cursor.copy("COPY records (record_id, profile_id, document) FROM STDIN") as copy:
        for profile_id, records in people:
            for record in records:
                copy.write_row((record["record_id"], profile_id, json.dumps(record, default=str)))
    with cursor.copy("COPY record_keys FROM STDIN") as copy:
        for _, records in people:
            for record in records:
                for key in index_keys(comparison_columns(record, names)):
                    copy.write_row((key, record["record_id"]))
