"""Adds columns that the schema gained since the table was created; they are null in existing rows."""

from pyspark.sql import SparkSession

from lake.tables import Table, exists, path, read


def add_missing_columns(spark: SparkSession, lake: str, *tables: Table) -> None:
    """Adds to each existing table the missing columns of its schema."""
    for table in tables:
        if not exists(spark, lake, table):
            continue
        existing = read(spark, lake, table).schema.fieldNames()
        new = [f"{one.name} {one.dataType.simpleString()}" for one in table.struct if one.name not in existing]
        if new:
            spark.sql(f"ALTER TABLE delta.`{path(lake, table)}` ADD COLUMNS ({', '.join(new)})")
