"""The interface of resolve's SQL engines, so that Spark and DuckDB in the driver run the same statements."""

from collections.abc import Iterable
from typing import Any, Protocol

import pyarrow as pa

from identity.matching.name_parts import NameFrequencies
from lake.tables import Table

_WORDS = {
    "duckdb": {"EXPLODE(": "unnest(", "LIST(": "list("},
    "spark": {"EXPLODE(": "explode(", "LIST(": "collect_list("},
}


class Engine(Protocol):
    """Named tables, made by SQL of earlier ones."""

    dialect: str

    def let(self, name: str, sql: str) -> None:
        """Computes the table `name` once."""

    def view(self, name: str, sql: str) -> None:
        """Names a query, which is computed when it is read."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query, on the driver."""

    def put(self, name: str, columns: list[str], rows: Iterable[tuple[str, ...]]) -> None:
        """Makes the table `name` of text columns from the driver's rows."""

    def give(self, name: str, table: pa.Table) -> None:
        """Registers rows that were computed elsewhere."""

    def changed(self, name: str, lake: str, table: Table, after: int, until: int) -> None:
        """Registers the keys of a lake table's rows that changed after one version, until another."""

    def delta(self, name: str, lake: str, table: Table) -> None:
        """Registers a table of the lake."""

    def arrow(self, sql: str) -> pa.Table:
        """The rows of a query on the driver, with their types."""

    def comparables(self, name: str, records: str, names: NameFrequencies) -> None:
        """Computes the table `name` with the comparables of a query's records, before it is first read."""

    def replace(self, lake: str, table: Table, sql: str, among: str = "true", held: str | None = None) -> int:
        """Replaces rows of a lake table by those of a query; returns how many changed.

        Only rows `w` for which `among` is true; the others stay. `held` names a table that already holds all of these
        rows, if they were read before. Writes may be pending, in the order of the calls, until the table is registered
        anew or the engine is closed.
        """

    def add(self, lake: str, table: Table, rows: pa.Table) -> int:
        """Inserts rows into a lake table, or replaces those with the same key; returns how many changed."""

    def close(self) -> None:
        """Waits until all writes are in the lake, and drops all tables."""

    def classes(self, name: str, holders: str) -> None:
        """Makes the table `name` (key, class) from rows (key, given, birth), by sharing.py; `own` may be missing."""


def naming(records: str, *keys: str, row: str = "w") -> str:
    """Condition that one of a row's columns names one of some records."""
    return " or ".join(f"exists (select 1 from {records} named where named.record_id = {row}.{key})" for key in keys)


def in_words(sql: str, dialect: str) -> str:
    """The SQL in an engine's dialect."""
    for neutral, name in _WORDS[dialect].items():
        sql = sql.replace(neutral, name)
    return sql
