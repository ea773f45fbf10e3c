"""The progress of each job: the version of each source table that it has processed."""

import pyarrow as pa
from pyspark.sql import SparkSession

from lake.local_tables import create, is_local, merge, rows
from lake.tables import PROGRESS, write_changes


def progress(spark: SparkSession, lake: str, job: str) -> dict[str, int]:
    """The version of each source table that a job has processed."""
    return {row["source"]: row["version"] for row in rows(spark, lake, PROGRESS) if row["job"] == job}


def remember(spark: SparkSession, lake: str, job: str, versions: dict[str, int]) -> None:
    """Records the source versions that a job has processed; call it after the job's own writes."""
    known = progress(spark, lake, job)
    new = [
        {"job": job, "source": source, "version": at, "_gone": False}
        for source, at in versions.items()
        if known.get(source) != at
    ]
    if not new:
        return
    if not is_local(lake):
        write_changes(spark, lake, PROGRESS, spark.createDataFrame(pa.Table.from_pylist(new)))
        return
    create(lake, PROGRESS)
    merge(lake, PROGRESS, pa.Table.from_pylist(new))
