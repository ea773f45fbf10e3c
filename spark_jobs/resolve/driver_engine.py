"""Resolve's statements in DuckDB, in the driver's own process: on one machine Spark's jobs cost more than their work.

DuckDB reads the Delta tables' current files as they are, the columns that a statement needs. What passes between
processes passes as Parquet files in a folder that goes with the engine. States are made and tables written beside the
statements that do not need them.
"""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import jellyfish
import pyarrow as pa
from pyspark.sql import SparkSession

from identity.matching.comparables import SAID
from identity.matching.name_parts import NameFrequencies
from identity.matching.sharing import sharing_class
from lake.local_tables import append, changed_keys, files, merge
from lake.sql_engine import in_words
from lake.tables import Table, arrow_schema
from spark_jobs.resolve.comparables import COMPARABLES_SCHEMA, comparables_files

MEMORY = "4GB"
"""Beyond it tables are kept on disk."""
PART = 20_480
"""Records whose comparables are computed at a time, by one process."""


def levenshtein(one: str, other: str) -> int:
    """DuckDB's own counts bytes, which are letters in ASCII alone; so does its similarity."""
    return jellyfish.levenshtein_distance(one, other)


def jaro_winkler_similarity(one: str, other: str) -> float:
    """As `levenshtein`."""
    return jellyfish.jaro_winkler_similarity(one, other)


class DriverEngine:
    """Tables are DuckDB's; without a session it works on what it is given, as the tests do."""

    dialect = "duckdb"

    def __init__(self, spark: SparkSession | None = None) -> None:
        self._spark = spark
        self._db = duckdb.connect()
        self._db.execute(f"set threads = {os.cpu_count() or 1}")
        self._db.execute(f"set memory_limit = '{MEMORY}'")
        self._db.execute("set timezone = 'UTC'")
        # Left alone, DuckDB compresses tables now and then that are gone a moment later.
        self._db.execute("set checkpoint_threshold = '1TB'")
        # It gives a core 122,880 rows at least, which few tables of a day have.
        self._db.execute("pragma verify_parallelism")
        self._folder = TemporaryDirectory(prefix="ocv-resolve-")
        self._db.execute(f"set temp_directory = '{self._folder.name}'")
        for by_letter in (levenshtein, jaro_winkler_similarity):
            name = by_letter.__name__
            self._db.create_function(f"{name}_by_letter", by_letter)
            self._db.execute(
                f"create temp macro {name}(a, b) as case when strlen(a) = length(a) and strlen(b) = length(b)"
                f" then system.main.{name}(a, b) else {name}_by_letter(a, b) end"
            )
        self._numbers = count()
        self._made: dict[str, str] = {}
        self._beside = ThreadPoolExecutor(1)
        self._coming: dict[str, tuple[str, Future[None]]] = {}
        self._last_write: Future[None] | None = None
        self._written: dict[str, Future[None]] = {}

    def let(self, name: str, sql: str) -> None:
        made = f"made_{next(self._numbers)}"  # a table may be made anew from itself
        self._db.execute(f"create temp table {made} as {self._words(sql)}")
        self._db.execute(f"create or replace temp view {name} as from {made}")
        if before := self._made.get(name):
            self._db.execute(f"drop table {before}")
        self._made[name] = made

    def view(self, name: str, sql: str) -> None:
        self._db.execute(f"create or replace temp view {name} as {self._words(sql)}")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._db.execute(self._words(sql)).fetchall()

    def put(self, name: str, columns: list[str], rows: Iterable[tuple[str, ...]]) -> None:
        lists = list(zip(*rows, strict=True)) or [()] * len(columns)
        self.give(name, pa.table([pa.array(list(values), pa.string()) for values in lists], names=columns))

    def classes(self, name: str, holders: str) -> None:
        held: dict[int, list[tuple[str | None, str | None]]] = defaultdict(list)
        for key, given, birth in self.rows(holders):
            held[key].append((given, birth))
        found = {key: sharing_class(people) for key, people in held.items()}
        classes = pa.array(found.values(), pa.string())
        self.give(name, pa.table({"key": pa.array(found.keys(), pa.int64()), "class": classes}))

    def give(self, name: str, table: pa.Table) -> None:
        """Names rows that were made elsewhere."""
        self._db.register("given_rows", table)
        self.let(name, "select * from given_rows")
        self._db.unregister("given_rows")

    def delta(self, name: str, lake: str, table: Table) -> None:
        self._wait(table)
        held = files(lake, table)
        if not held:
            self.give(name, arrow_schema(table.schema).empty_table())
            return
        listed = ", ".join("'" + file.replace("'", "''") + "'" for file in held)
        # By name: a merge leaves files with a column of its own for the change feed.
        columns = ", ".join(f'"{column}"' for column in table.struct.fieldNames())
        there = f"from read_parquet([{listed}], union_by_name = true)"
        try:
            self.view(name, f"select {columns} {there}")
        except duckdb.BinderException:  # columns that came later are in no file yet
            self.give(f"{name}_none", arrow_schema(table.schema).empty_table())
            self.view(name, f"select {columns} from ({there} union all by name from {name}_none)")

    def comparables(self, name: str, records: str, names: NameFrequencies) -> None:
        assert self._spark is not None
        file, folder = self._path(), self._path()
        # Namesakes side by side: what is made of a name is made once.
        said = f"select {', '.join(SAID)} from ({self._words(records)}) r order by family_name, given_name"
        self._db.execute(f"copy ({said}) to '{file}' (format parquet, row_group_size {PART})")
        os.mkdir(folder)
        self._coming[name] = folder, self._beside.submit(comparables_files, self._spark, file, folder, names)

    def _arrive(self, name: str) -> None:
        folder, making = self._coming.pop(name)
        making.result()
        if os.listdir(folder):
            self.view(name, f"from read_parquet('{folder}/*.parquet')")
        else:
            self.give(name, COMPARABLES_SCHEMA.empty_table())

    def _words(self, sql: str) -> str:
        """The SQL as DuckDB wants it; tables that it names and that are still being made are waited for."""
        for name in [name for name in self._coming if re.search(rf"\b{name}\b", sql)]:
            self._arrive(name)
        return in_words(sql, self.dialect)

    def changed(self, name: str, lake: str, table: Table, after: int, until: int) -> None:
        self.give(name, changed_keys(lake, table, after, until))

    def arrow(self, sql: str) -> pa.Table:
        return self._db.sql(self._words(sql)).to_arrow_table()

    def _path(self) -> str:
        return f"{self._folder.name}/{next(self._numbers)}"

    def replace(self, lake: str, table: Table, sql: str, among: str = "true", held: str | None = None) -> int:
        return self._put(lake, table, sql, among, held, deletes=True)

    def add(self, lake: str, table: Table, rows: pa.Table) -> int:
        self.give("added", rows)
        key = ", ".join(table.key)
        among = f"({key}) in (select ({key}) from added)"
        return self._put(lake, table, "select * from added", among, None, deletes=False)

    def _put(self, lake: str, table: Table, sql: str, among: str, held: str | None, deletes: bool) -> int:
        """Writes what differs between a query and the table's rows `among` which it is put."""
        self._wait(table)
        wanted = f"select {_plain(table)} from ({sql}) s"
        if there := bool(files(lake, table)):
            self.let("wanted", wanted)
            wanted = "select * from wanted"
            if not held:
                held = "whole"
                self.delta(held, lake, table)
            self.let("held", f"select {_plain(table)} from {held} w where {among}")
        if not there or not self.rows("select 1 from held limit 1"):
            new = self.arrow(wanted).cast(arrow_schema(table.schema))
            if len(new) or not there:
                self._write(table, append, lake, table, new)
            return len(new)
        key = ", ".join(table.key)
        differing = "select *, false as _gone from (select * from wanted except select * from held) n"
        if deletes:
            gone = f"select *, true as _gone from held where ({key}) not in (select ({key}) from wanted)"
            differing = f"{differing} union all {gone}"
        schema = arrow_schema(table.schema).append(pa.field("_gone", pa.bool_()))
        rows = self.arrow(differing).cast(schema)
        if len(rows):
            self._write(table, merge, lake, table, rows)
        return len(rows)

    def _write(self, table: Table, put: Callable[..., None], *rows: Any) -> None:
        """Tables are written one after the other, while the run goes on; after one that failed none is written."""
        before = self._last_write

        def write() -> None:
            if before:
                before.result()
            put(*rows)

        self._last_write = self._written[table.name] = self._beside.submit(write)

    def _wait(self, table: Table) -> None:
        if writing := self._written.pop(table.name, None):
            writing.result()

    def close(self) -> None:
        self._db.close()  # what is still to be written has left it
        self._beside.shutdown()
        self._folder.cleanup()
        if self._last_write:
            self._last_write.result()


def _plain(table: Table) -> str:
    # Times are in the files without a zone.
    return ", ".join(
        f'cast("{field.name}" as timestamp) as "{field.name}"'
        if field.dataType.typeName() == "timestamp"
        else f'"{field.name}"'
        for field in table.struct
    )
