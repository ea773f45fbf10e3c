"""The only SparkSession factory: every job, test and notebook runs under these settings."""

import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from contracts.settings import Settings
from lake.jars import jar_folder

LOGGING = Path(__file__).with_name("log4j2.properties")


def spark_conf(config: Settings) -> dict[str, str]:
    """Delta on Spark for a small machine or a cluster; jars are local files, so a start asks no registry."""
    cores = os.cpu_count() or 2
    jars = sorted(str(path) for path in jar_folder().glob("*.jar"))
    if not jars:
        raise SystemExit(f"expected the Delta jars in {jar_folder()}, found none; run `python -m lake.jars` first")
    # A cluster's workers have to reach the driver; on one machine nobody else should.
    here = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    return (here if config.spark_master.startswith("local") else {}) | {
        "spark.jars": ",".join(jars),
        "spark.driver.memory": config.spark_memory,
        # The first compiler tier alone starts fast, but has room for 48 MB of code by default: a pipeline of any size
        # filled it, and from then on nothing more was compiled.
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile=file:{LOGGING} -XX:+UseSerialGC"
        " -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m",
        "spark.ui.enabled": "false",
        # Every query is described for the UI, on or off; the long form takes a tenth of a small query's time.
        "spark.sql.ui.explainMode": "simple",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(cores * 2),
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        # Python workers are reused and keep the memory of their largest batch: so batches are small, and memory is
        # returned.
        "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
        "spark.executorEnv.ARROW_DEFAULT_MEMORY_POOL": "system",
        "spark.executorEnv.MALLOC_TRIM_THRESHOLD_": "131072",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.databricks.delta.schema.autoMerge.enabled": "false",
        # The source of a merge is a local checkpoint or comes from the driver, so Delta need not materialise it again.
        "spark.databricks.delta.merge.materializeSource": "none",
        # Erasure must not wait a week for the files that it has replaced.
        "spark.databricks.delta.retentionDurationCheck.enabled": "false",
    }


def spark_session(config: Settings, packages: str | None = None) -> SparkSession:
    """The process's session; python workers see the same clock (UTC) as the JVM.

    `packages` are resolved at this start: for a connector that only some need.
    """
    os.environ["TZ"] = "UTC"
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("one-customer-view").master(config.spark_master)
    for key, value in spark_conf(config).items():
        builder = builder.config(key, value)
    if packages:
        builder = builder.config("spark.jars.packages", packages)
    return builder.getOrCreate()
