"""A Delta table's log, asked directly: `history` and `detail` say the same by Spark jobs that take a hundred times as
long."""

from functools import cache
from typing import Any

from pyspark.sql import SparkSession


def log_of(spark: SparkSession, where: str) -> Any:
    """Delta's own object for the log of the table at a path."""
    log_for, _ = _delta(spark._jvm)
    return log_for(spark._jsparkSession, where)


def snapshot_of(spark: SparkSession, where: str) -> Any:
    """The newest state of the table at a path; its version is -1 before the first write."""
    _, nothing = _delta(spark._jvm)
    return log_of(spark, where).update(False, nothing, nothing)


@cache
def _delta(jvm: Any) -> tuple[Any, Any]:
    """`DeltaLog.forTable` and Scala's `None`: Py4J looks through every jar each time that one is named."""
    return jvm.org.apache.spark.sql.delta.DeltaLog.forTable, jvm.scala.Option.empty()
