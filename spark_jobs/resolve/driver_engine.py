"""Resolve's statements in the driver's own process: a small day needs no cluster, and Spark's jobs would cost more than
its work. DuckDB reads the Delta tables' current files as they are, the columns that a statement needs; scoring stays on
Spark."""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any
from urllib.parse import unquote, urlparse

import duckdb
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.resolve.engine import Engine, in_words
from spark_jobs.resolve.lake_engine import LakeEngine
from spark_jobs.resolve.sharing import MOST_HOLDERS, people_behind, sharing_class
from spark_jobs.tables import Table, arrow_schema, merge, read

MEMORY = "2GB"


class DriverEngine:
    """Tables are DuckDB's; without a session it works on what it is given, as the tests do."""

    dialect = "duckdb"

    def __init__(self, spark: SparkSession | None = None) -> None:
        self._spark = spark
        self._db = duckdb.connect()
        self._db.execute(f"set threads = {os.cpu_count() or 1}")
        self._db.execute(f"set memory_limit = '{MEMORY}'")
        self._db.execute("set timezone = 'UTC'")
        self._numbers = count()

    def let(self, name: str, sql: str) -> None:
        made = f"made_{next(self._numbers)}"  # a table may be made anew from itself
        self._db.execute(f"create temp table {made} as {in_words(sql, self.dialect)}")
        self._db.execute(f"create or replace temp view {name} as from {made}")

    def view(self, name: str, sql: str) -> None:
        self._db.execute(f"create or replace temp view {name} as {in_words(sql, self.dialect)}")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._db.execute(in_words(sql, self.dialect)).fetchall()

    def put(self, name: str, columns: list[str], rows: Iterable[tuple[str, ...]]) -> None:
        lists = list(zip(*rows, strict=True)) or [()] * len(columns)
        self.give(name, pa.table([pa.array(list(values), pa.string()) for values in lists], names=columns))

    def classes(self, name: str, holders: str) -> None:
        held: dict[int, list[tuple[str | None, str | None]]] = defaultdict(list)
        for key, given, birth in self.rows(holders):
            held[key].append((given, birth))
        found = {}
        for key, people in held.items():
            # As Spark sorts: null first.
            kept = sorted(people, key=lambda one: [(part is not None, part or "") for part in one])[:MOST_HOLDERS]
            found[key] = sharing_class(people_behind(kept))
        classes = pa.array(found.values(), pa.string())
        self.give(name, pa.table({"key": pa.array(found.keys(), pa.int64()), "class": classes}))

    def give(self, name: str, table: pa.Table) -> None:
        """Names rows that were made elsewhere."""
        self._db.register("given_rows", table)
        self.let(name, "select * from given_rows")
        self._db.unregister("given_rows")

    def delta(self, name: str, lake: str, table: Table) -> None:
        assert self._spark is not None
        files = [unquote(urlparse(file).path) for file in read(self._spark, lake, table).inputFiles()]
        if not files:
            self.give(name, arrow_schema(table.schema).empty_table())
            return
        listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        # By name: a merge leaves files with a column of its own for the change feed.
        columns = ", ".join(f'"{column}"' for column in table.struct.fieldNames())
        self.view(name, f"select {columns} from read_parquet([{listed}], union_by_name = true)")

    def frame(self, sql: str) -> DataFrame:
        assert self._spark is not None
        return self._spark.createDataFrame(self._arrow(sql))

    def scorer(self, proposed: str, columns: str) -> Engine:
        """Spark, where there is a session and anything to score: string similarities are the same in every run."""
        if self._spark is None or not self.rows(f"select 1 from {proposed} limit 1"):
            return self
        there = LakeEngine(self._spark)
        for name in (proposed, columns):
            there.give(name, self._arrow(f"select * from {name}"))
        return there

    def take(self, other: Engine, name: str) -> None:
        if other is not self:
            self.give(name, other.frame(f"select * from {name}").toArrow())
            other.forget()

    def _arrow(self, sql: str) -> Any:
        return self._db.sql(in_words(sql, self.dialect)).to_arrow_table()

    def replace(self, lake: str, table: Table, sql: str, keys: Sequence[str], records: str) -> int:
        assert self._spark is not None
        columns = table.struct.fieldNames()
        # Times are in the files without a zone.
        plain = [
            f"cast({field.name} as timestamp) as {field.name}"
            if field.dataType.typeName() == "timestamp"
            else field.name
            for field in table.struct
        ]
        self.delta("whole", lake, table)
        named = " or ".join(f"exists (select 1 from {records} r where r.record_id = w.{key})" for key in keys)
        self.let("held", f"select {', '.join(plain)} from whole w where {named}")
        self.let("wanted", f"select {', '.join(plain)} from ({sql}) s")
        key = ", ".join(table.key)
        self.let(
            "differing",
            "select *, false as _gone from (select * from wanted except select * from held) n union all"
            f" select *, true as _gone from held where ({key}) not in (select ({key}) from wanted)",
        )
        ((count,),) = self.rows("select count(*) from differing")
        if count:
            schema = arrow_schema(table.schema).append(pa.field("_gone", pa.bool_()))
            rows = self._arrow(f"select {', '.join(columns)}, _gone from differing").cast(schema)
            merge(self._spark, lake, table, self._spark.createDataFrame(rows), deletes=True)
        return int(count)

    def forget(self) -> None:
        self._db.close()
