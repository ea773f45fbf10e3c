"""Tables that are written without Spark are to Spark like any other."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lake import local_tables
from lake.local_tables import append, files, merge, rows
from lake.tables import (
    Table,
    arrow_schema,
    changed_rows,
    changes,
    read,
    table_id,
    version,
    write_changes,
)

TABLE = Table(
    "silver/things", "name string, at timestamp, size int, parts array<struct<kind:string,key:bigint>>", ("name",)
)


def things(**sizes: int) -> list[dict[str, Any]]:
    return [{"name": name, "size": size, "parts": [{"kind": "a", "key": size}]} for name, size in sizes.items()]


def sizes(spark: SparkSession, lake: str) -> dict[str, int]:
    return {row.name: row.parts[0].key for row in read(spark, lake, TABLE).collect()}


def put(lake: str, **of: int) -> None:
    append(lake, TABLE, pa.Table.from_pylist(things(**of), schema=arrow_schema(TABLE.schema)))


def test_spark_reads_the_rows_and_the_changes_and_goes_on_writing(spark: SparkSession, tmp_path: Path) -> None:
    lake = str(tmp_path / "a lake, 100%")
    assert rows(spark, lake, TABLE) == [] == files(lake, TABLE)
    put(lake, x=1, y=2)
    before = version(spark, lake, TABLE)
    schema = arrow_schema(TABLE.schema).append(pa.field("_gone", pa.bool_()))
    changed = [{**one, "_gone": one["name"] == "y"} for one in things(x=5, y=2, z=3)]
    merge(lake, TABLE, pa.Table.from_pylist(changed, schema=schema))
    assert sizes(spark, lake) == {"x": 5, "z": 3}
    assert {row.name for row in changed_rows(spark, lake, TABLE, before, before + 1).collect()} == {"x", "z"}
    assert write_changes(spark, lake, TABLE, read(spark, lake, TABLE).where("name = 'x'"), deletes=True) == 1
    assert [one["size"] for one in rows(spark, lake, TABLE)] == [5]
    assert all(Path(file).exists() for file in files(lake, TABLE))


def test_versions_ids_and_changed_keys_are_those_that_spark_tells(spark: SparkSession, lake: str) -> None:
    assert (local_tables.version(spark, lake, TABLE), local_tables.table_id(spark, lake, TABLE)) == (-1, None)
    put(lake, x=1, y=2)
    write_changes(spark, lake, TABLE, read(spark, lake, TABLE).where("name = 'x'").withColumn("size", F.lit(9)))
    write_changes(spark, lake, TABLE, read(spark, lake, TABLE).where("name = 'x'"), deletes=True)
    newest = version(spark, lake, TABLE)
    assert local_tables.version(spark, lake, TABLE) == newest
    assert local_tables.table_id(spark, lake, TABLE) == table_id(spark, lake, TABLE)
    for after in range(newest):
        told = changes(spark, lake, TABLE, after, newest).select("name").distinct().collect()
        found = local_tables.changed_keys(lake, TABLE, after, newest).to_pylist()
        assert sorted(one["name"] for one in found) == sorted(row.name for row in told)


def test_statistics_in_the_log_name_no_value(spark: SparkSession, lake: str) -> None:
    put(lake, secret_name=4711)
    log = [line.value for line in spark.read.text(f"{lake}/silver/things/_delta_log/*.json").collect()]
    assert any("numRecords" in line for line in log)
    assert not [line for line in log if "secret_name" in line or "4711" in line]


def test_a_table_that_no_job_follows_keeps_no_copy_of_what_changed(spark: SparkSession, lake: str) -> None:
    alone = Table("silver/alone", "name string, size int", ("name",), feed=False)
    for size in (1, 2):
        write_changes(spark, lake, alone, spark.createDataFrame([("x", size)], alone.struct))
    assert not list(Path(lake).glob("silver/alone/_change_data/*"))
