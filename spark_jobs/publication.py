"""How a table of the lake comes to PostgreSQL: from the change feed, staged by COPY, applied by set-wise SQL."""

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

import pyarrow as pa
from psycopg import sql
from pyarrow import csv
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from sqlalchemy import Connection, text
from sqlalchemy import Table as Target
from sqlalchemy.dialects import postgresql

from lake.overlay import parts, read_whole
from lake.tables import Table, changed_rows, changes, read, table_id, version
from stores.postgres import driver_of

Apply = Callable[[], int]
"""What is left to do once all rows are staged: quick, and under the lock that live changes wait for."""


class Publication:
    """One table's way from its lake version at the last publication to the newest.

    A table that was made anew has another id; then everything is published again and what is gone is removed.
    """

    def __init__(self, spark: SparkSession, lake: str, table: Table, connection: Connection) -> None:
        self._spark, self._lake, self._table, self._connection = spark, lake, table, connection
        self.until = version(spark, lake, table)
        self.name = f"{table.name}@{table_id(spark, lake, table)}"
        found = text("SELECT delta_version FROM publish_progress WHERE table_name = :name")
        reached = connection.execute(found, {"name": self.name}).scalar()
        self.after = -1 if reached is None else int(reached)
        self.pending = self.until > self.after
        self.whole = self.after < 0

    def now(self) -> DataFrame:
        """The table as it is."""
        return read(self._spark, self._lake, self._table)

    def rows(self) -> DataFrame:
        """Inserted and updated rows, as they are now."""
        return changed_rows(self._spark, self._lake, self._table, self.after, self.until)

    def keys(self, *columns: str) -> DataFrame:
        """Every value that `columns` had or have in a changed row, deleted rows included."""
        if self.whole:
            return self.now().select(*columns).distinct()
        if not self.pending:
            return self.now().select(*columns).limit(0)
        found = changes(self._spark, self._lake, self._table, self.after, self.until)
        return found.select(*columns).distinct()

    def touched(self, column: str) -> list[str]:
        """The keys of one column, here."""
        return [row[0] for row in self.keys(column).collect()]

    def remember(self) -> None:
        at = {"name": self.name, "version": self.until, "stem": f"{self._table.name}@%"}
        self._connection.execute(text("DELETE FROM publish_progress WHERE table_name LIKE :stem"), at)
        if self.until >= 0:
            self._connection.execute(text("INSERT INTO publish_progress VALUES (:name, :version)"), at)


class OverlaidPublication:
    """The same of a table and the small one beside it (lake/overlay.py), of which both are followed."""

    def __init__(self, spark: SparkSession, lake: str, table: Table, connection: Connection) -> None:
        self._spark, self._lake, self._table = spark, lake, table
        self._parts = [Publication(spark, lake, one, connection) for one in parts(table)]
        self.pending = any(part.pending for part in self._parts)
        self.whole = any(part.pending and part.whole for part in self._parts)

    def rows(self) -> DataFrame:
        now = read_whole(self._spark, self._lake, self._table)
        return now if self.whole else now.join(self.keys(), list(self._table.key), "left_semi")

    def keys(self) -> DataFrame:
        """The keys of all changed rows, deleted ones included."""
        return reduce(DataFrame.union, (part.keys(*self._table.key) for part in self._parts)).distinct()

    def remember(self) -> None:
        for part in self._parts:
            part.remember()


def stage(connection: Connection, name: str, columns: str, rows: DataFrame | Iterable[tuple[Any, ...]]) -> None:
    """Copies rows into a temporary table of this transaction; `columns` is its DDL, in the order of the rows'."""
    connection.execute(text(f"CREATE TEMPORARY TABLE {name} ({columns}) ON COMMIT DROP"))
    target = sql.Identifier(name)
    with driver_of(connection).cursor() as cursor:
        if isinstance(rows, DataFrame):
            # A frame comes as Arrow and goes as CSV (quoted text, empty nulls): no row of it becomes a Python object.
            with cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(target)) as copy:
                for batch in rows.toArrow().to_batches(max_chunksize=10_000):
                    sink = pa.BufferOutputStream()
                    csv.write_csv(batch, sink, csv.WriteOptions(include_header=False))
                    copy.write(sink.getvalue().to_pybytes())
        else:
            with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(target)) as copy:
                for row in rows:
                    copy.write_row(row)
    connection.execute(text(f"ANALYZE {name}"))


def staged(connection: Connection, target: Target, rows: DataFrame, keys: DataFrame | None) -> Apply:
    """Makes `target` hold these rows: all of them where `keys` is None, else in place of those of these keys.

    `rows` has the target's columns by name.
    """
    names = [column.name for column in target.columns if column.name in rows.columns]
    key = [column.name for column in target.primary_key]
    types = {name: target.columns[name].type.compile(dialect=postgresql.dialect()) for name in names}  # type: ignore[no-untyped-call]  # SQLAlchemy's
    new, touched = f"new_{target.name}", f"touched_{target.name}"
    stage(connection, new, ", ".join(f"{name} {types[name]}" for name in names), rows.select(*names))
    if keys is not None:
        stage(connection, touched, ", ".join(f"{name} {types[name]}" for name in key), keys.select(*key))
    among = "" if keys is None else f" AND EXISTS (SELECT FROM {touched} k WHERE {_same('k', 't', key)})"
    gone = f"DELETE FROM {target.name} t WHERE NOT EXISTS (SELECT FROM {new} n WHERE {_same('n', 't', key)}){among}"
    upsert = upserting(target.name, new, names, key)

    def apply() -> int:
        removed = connection.execute(text(gone)).rowcount
        return int(removed + connection.execute(text(upsert)).rowcount)

    return apply


def upserting(target: str, source: str, names: list[str], key: list[str]) -> str:
    """INSERT of a staged table's rows into a target, with an update of those that differ."""
    rest = [name for name in names if name not in key]
    update = ", ".join(f"{name} = excluded.{name}" for name in rest)
    ours, theirs = (", ".join(f"{side}.{name}" for name in rest) for side in (target, "excluded"))
    columns = ", ".join(names)
    return (
        f"INSERT INTO {target} ({columns}) SELECT {columns} FROM {source}"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {update} WHERE ({ours}) IS DISTINCT FROM ({theirs})"
    )


def json_of(columns: list[str], precise: bool = False) -> Column:
    """A JSON document of columns, nothing left out; instants in UTC, to the millisecond or, `precise`, as they are."""
    fraction = "SSSSSS" if precise else "SSS"
    options = {"timestampFormat": f"yyyy-MM-dd'T'HH:mm:ss.{fraction}XXX", "ignoreNullFields": "false"}
    return F.to_json(F.struct(*columns), options)


def _same(one: str, other: str, key: list[str]) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in key)
