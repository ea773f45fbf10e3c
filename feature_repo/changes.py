"""Changes of a feature table's rows since a position, from Delta's change feed."""

from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from feature_repo.batch import FEATURES
from feature_repo.progress import ReadPosition, position_in_log
from lake.tables import Table, changes, exists, path, read, table_id, version


@dataclass(frozen=True)
class FeatureChanges:
    """Rows to write and profiles to delete; `whole` if the rows are the entire table."""

    position: ReadPosition
    rows: pa.Table
    gone: list[str]
    whole: bool


def feature_changes(
    spark: SparkSession, lake: str, view: str, since: ReadPosition | None, definitions: str
) -> FeatureChanges:
    """The changes since a position; the whole table if the position belongs to another table or other definitions."""
    table = FEATURES[view]
    if not exists(spark, lake, table):
        raise SystemExit(f"expected {table.name} in the lake, found none; run `python -m spark_jobs.features` first")
    now = position_in_log(path(lake, table), definitions) or _position(spark, lake, table, definitions)
    if since is None or replace(since, version=0) != replace(now, version=0) or since.version > now.version:
        return FeatureChanges(now, read(spark, lake, table).toArrow(), [], whole=True)
    if since.version == now.version:
        return FeatureChanges(now, read(spark, lake, table).limit(0).toArrow(), [], whole=False)
    newest = Window.partitionBy("profile_id").orderBy(F.desc("_commit_version"), F.col("_change_type") == "delete")
    feed = changes(spark, lake, table, since.version, now.version).where("_change_type != 'update_preimage'")
    last = feed.withColumn("_rank", F.row_number().over(newest)).where("_rank = 1").toArrow()
    deleted = pc.equal(last["_change_type"], "delete")
    rows = last.filter(pc.invert(deleted)).select(table.struct.fieldNames())
    return FeatureChanges(now, rows, last.filter(deleted)["profile_id"].to_pylist(), whole=False)


def _position(spark: SparkSession, lake: str, table: Table, definitions: str) -> ReadPosition:
    return ReadPosition(str(table_id(spark, lake, table)), version(spark, lake, table), definitions)
