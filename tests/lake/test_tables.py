from pyspark.sql import DataFrame, SparkSession

from lake.progress import progress, remember
from lake.tables import Table, changed_rows, read, version, write_changes

TABLE = Table("silver/things", "name string, size int, labels map<string,string>", ("name",))


def things(spark: SparkSession, **sizes: int | None) -> DataFrame:
    return spark.createDataFrame([(name, size, {"a": "b"}) for name, size in sizes.items()], TABLE.struct)


def test_only_rows_that_differ_are_written_and_no_difference_is_no_commit(spark: SparkSession, lake: str) -> None:
    assert write_changes(spark, lake, TABLE, things(spark, x=1, y=None)) == 2
    before = version(spark, lake, TABLE)
    assert write_changes(spark, lake, TABLE, things(spark, x=1, y=None)) == 0
    assert version(spark, lake, TABLE) == before
    assert write_changes(spark, lake, TABLE, things(spark, x=2, z=3)) == 2
    assert {row.name: row["size"] for row in read(spark, lake, TABLE).collect()} == {"x": 2, "y": None, "z": 3}
    assert {row.name for row in changed_rows(spark, lake, TABLE, before, before + 1).collect()} == {"x", "z"}


def test_rows_that_are_missing_go_only_when_the_rows_are_the_whole(spark: SparkSession, lake: str) -> None:
    write_changes(spark, lake, TABLE, things(spark, x=1, y=1, z=1))
    assert write_changes(spark, lake, TABLE, things(spark, x=1), deletes=True) == 2
    assert [row.name for row in read(spark, lake, TABLE).collect()] == ["x"]


def test_a_table_that_was_never_written_reads_as_empty(spark: SparkSession, lake: str) -> None:
    assert read(spark, lake, TABLE).count() == 0
    assert version(spark, lake, TABLE) == -1


def test_statistics_in_the_log_name_no_value(spark: SparkSession, lake: str) -> None:
    write_changes(spark, lake, TABLE, things(spark, secret_name=1))
    log = spark.read.text(f"{lake}/silver/things/_delta_log/*.json").collect()
    assert not [line.value for line in log if "secret_name" in line.value]


def test_progress_is_kept_per_job(spark: SparkSession, lake: str) -> None:
    remember(spark, lake, "one", {"a": 1, "b": 2})
    remember(spark, lake, "two", {"a": 5})
    remember(spark, lake, "one", {"a": 3})
    assert progress(spark, lake, "one") == {"a": 3, "b": 2}
    assert progress(spark, lake, "two") == {"a": 5}
