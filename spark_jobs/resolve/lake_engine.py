"""Resolve's statements on Spark."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType

from identity.matching.name_parts import NameFrequencies
from identity.matching.sharing import bounded_sql, sharing_class
from lake.sql_engine import in_words
from lake.tables import Table, changes, differing, exists, merge, read, write_changes
from spark_jobs.resolve.comparables import comparables_of


class LakeEngine:
    """Tables are temporary views over computed frames.

    Every table cuts its lineage (localCheckpoint): else Spark inlines it into the next one and computes a comparison
    again in each place that reads it, which a persisted frame behind a view does not prevent.
    """

    dialect = "spark"

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._named: set[str] = set()
        # Splink's edit distance with transpositions is not used: per pair it takes longer than all else together.
        spark.udf.registerJavaFunction("jaro_winkler", "uk.gov.moj.dash.linkage.JaroWinklerSimilarity", DoubleType())

    def let(self, name: str, sql: str) -> None:
        self.name(name, self._spark.sql(in_words(sql, self.dialect)).localCheckpoint())

    def view(self, name: str, sql: str) -> None:
        self.name(name, self._spark.sql(in_words(sql, self.dialect)))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        table = self.arrow(sql)
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def put(self, name: str, columns: list[str], rows: Iterable[tuple[str, ...]]) -> None:
        lists = list(zip(*rows, strict=True)) or [()] * len(columns)
        arrays = [pa.array(list(values), pa.string()) for values in lists]
        self.give(name, pa.table(arrays, names=columns))

    def classes(self, name: str, holders: str) -> None:
        class_of = F.udf(lambda held: sharing_class((one.given, one.birth) for one in held), "string")
        bounded = self.frame(bounded_sql(holders)).groupBy("key")
        held = bounded.agg(F.collect_set(F.struct("given", "birth")).alias("holders"))
        found = held.where(F.size("holders") > 1).select("key", class_of("holders").alias("class"))
        self.name(name, found.where("class <> 'own'").localCheckpoint())

    def give(self, name: str, table: pa.Table) -> None:
        # Cut as well: of a column that a local table and a computed one share, Spark would not tell the two apart.
        self.name(name, self._spark.createDataFrame(table).localCheckpoint())

    def changed(self, name: str, lake: str, table: Table, after: int, until: int) -> None:
        feed = changes(self._spark, lake, table, after, until)
        self.name(name, feed.select(*table.key).distinct().localCheckpoint())

    def comparables(self, name: str, records: str, names: NameFrequencies) -> None:
        self.name(name, comparables_of(self.frame(records), names).localCheckpoint())

    def delta(self, name: str, lake: str, table: Table) -> None:
        self.name(name, read(self._spark, lake, table))

    def frame(self, sql: str) -> DataFrame:
        return self._spark.sql(in_words(sql, self.dialect))

    def arrow(self, sql: str) -> pa.Table:
        return self.frame(sql).toArrow()

    def replace(self, lake: str, table: Table, sql: str, among: str = "true", held: str | None = None) -> int:
        if among == "true" or not exists(self._spark, lake, table):
            return write_changes(self._spark, lake, table, self.frame(sql), deletes=True)
        if not held:
            held = "whole"
            self.delta(held, lake, table)
        part = self.frame(f"select * from {held} w where {among}")
        found = differing(table, self.frame(sql), part, deletes=True).localCheckpoint()
        count = found.count()
        if count:
            merge(self._spark, lake, table, found, deletes=True)
        return count

    def add(self, lake: str, table: Table, rows: pa.Table) -> int:
        return write_changes(self._spark, lake, table, self._spark.createDataFrame(rows))

    def name(self, name: str, frame: DataFrame) -> None:
        """Names a frame that was made elsewhere."""
        frame.createOrReplaceTempView(name)
        self._named.add(name)

    def close(self) -> None:
        for name in self._named:
            self._spark.catalog.dropTempView(name)
        self._named.clear()
