"""The few things that resolve asks of a SQL engine, so that Spark and DuckDB in the driver run the same statements."""

from collections.abc import Iterable
from typing import Any, Protocol

import pyarrow as pa

from spark_jobs.resolve.name_parts import NameFrequencies
from spark_jobs.tables import Table

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
        """Names a query, computed where it is read."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query, on the driver."""

    def put(self, name: str, columns: list[str], rows: Iterable[tuple[str, ...]]) -> None:
        """Makes the table `name` of text columns from the driver's rows."""

    def give(self, name: str, table: pa.Table) -> None:
        """Names rows that were made elsewhere."""

    def changed(self, name: str, lake: str, table: Table, after: int, until: int) -> None:
        """Names the keys of the rows of a table of the lake that changed after one version, until another."""

    def delta(self, name: str, lake: str, table: Table) -> None:
        """Names a table of the lake as it is."""

    def arrow(self, sql: str) -> pa.Table:
        """The rows of a query on the driver, with their types."""

    def states(self, name: str, records: str, names: NameFrequencies) -> None:
        """Computes the table `name` of the states of the records that a query gives, before it is first read."""

    def replace(self, lake: str, table: Table, sql: str, among: str = "true", held: str | None = None) -> int:
        """Makes the rows of a table of the lake those of a query; how many rows change.

        Only rows `w` for which `among` is true; the others stay as they are. `held` names a table of all of these as
        they are, and perhaps of others, where they have been read before. Changes may be on their way, in the order
        in which they were put, until the table is named anew or the engine is closed.
        """

    def add(self, lake: str, table: Table, rows: pa.Table) -> int:
        """Adds rows to a table of the lake, or puts them in the place of those with their key; how many changed."""

    def close(self) -> None:
        """Sees that everything that was put is in the lake, and lets go of all tables."""

    def classes(self, name: str, holders: str) -> None:
        """Makes the table `name` (key, class) from rows (key, given, birth), by sharing.py; `own` may be missing."""


def naming(records: str, *keys: str, row: str = "w") -> str:
    """Condition on a row that names one of some records in one of its columns."""
    return " or ".join(f"exists (select 1 from {records} named where named.record_id = {row}.{key})" for key in keys)


def in_words(sql: str, dialect: str) -> str:
    """The SQL with what DuckDB and Spark call differently."""
    for neutral, name in _WORDS[dialect].items():
        sql = sql.replace(neutral, name)
    return sql
