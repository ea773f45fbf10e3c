"""What became of the rows of a feature table since a position, from Delta's change feed."""

from dataclasses import dataclass

import pyarrow as pa
from delta.tables import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from feature_repo.progress import Position
from spark_jobs.features import FEATURES
from spark_jobs.tables import changes, exists, path, read, version


@dataclass(frozen=True)
class FeatureChanges:
    """Rows to write and profiles to forget; `whole` where the rows are the entire table."""

    position: Position
    rows: pa.Table
    gone: list[str]
    whole: bool


def feature_changes(
    spark: SparkSession, lake: str, view: str, since: Position | None, definitions: str
) -> FeatureChanges:
    """The changes since a position; the whole table where the position belongs to another table or other definitions."""
    table = FEATURES[view]
    if not exists(spark, lake, table):
        raise SystemExit(f"expected {table.name} in the lake, found none; run `python -m spark_jobs.features` first")
    table_id = DeltaTable.forPath(spark, path(lake, table)).detail().first()["id"]
    now = Position(table_id, version(spark, lake, table), definitions)
    if since is None or (since.table_id, since.definitions) != (table_id, definitions) or since.version > now.version:
        return FeatureChanges(now, read(spark, lake, table).toArrow(), [], whole=True)
    if since.version == now.version:
        return FeatureChanges(now, read(spark, lake, table).limit(0).toArrow(), [], whole=False)
    touched = changes(spark, lake, table, since.version, now.version).select("profile_id").distinct().localCheckpoint()
    current = read(spark, lake, table)
    gone = touched.join(current.select("profile_id"), "profile_id", "left_anti")
    rows = current.join(F.broadcast(touched), "profile_id", "left_semi")
    return FeatureChanges(now, rows.toArrow(), [row.profile_id for row in gone.collect()], whole=False)
