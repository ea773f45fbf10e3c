import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts.settings import settings
from feature_repo.batch import FEATURES
from feature_repo.materialise import materialise
from feature_repo.online import open_features
from lake.tables import append, read, write_changes
from stores.embedded import Stores

ROOT = Path(__file__).parents[2]
AS_OF = datetime(2024, 3, 1, tzinfo=UTC)


def command(lake: str, online: Stores, *without: str) -> Any:
    """Runs it as a process of its own; `without` names settings that it must not need."""
    environment = dict(os.environ) | {
        "OCV_LAKE": lake,
        "OCV_DATABASE_URL": online.database_url,
        "OCV_REDIS_URL": online.redis_url,
        "OCV_LOCAL": str(settings().local.resolve()),
    }
    kept = {name: value for name, value in environment.items() if name not in without}
    said = [sys.executable, "-m", "feature_repo.materialise"]
    done = subprocess.run(said, cwd=ROOT, env=kept, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def features_of_profiles(spark: SparkSession, lake: str, *profile_ids: str) -> None:
    known = {"event_timestamp": AS_OF, "lifetime_orders": 0, "interactions_version": 1}
    for table in FEATURES.values():
        rows = [
            tuple((known | {"profile_id": one}).get(column) for column in table.struct.names) for one in profile_ids
        ]
        append(spark, lake, table, spark.createDataFrame(rows, table.struct))


def changed(rows: DataFrame) -> DataFrame:
    orders = F.when(F.col("profile_id") == "b", F.lit(7)).otherwise(F.col("lifetime_orders"))
    return rows.withColumn("lifetime_orders", orders).where("profile_id != 'c'")


def test_each_run_brings_the_online_store_what_changed_in_the_lake_since_the_last(
    spark: SparkSession, online: Stores, tmp_path: Path
) -> None:
    lake = str(tmp_path / "lake")
    features_of_profiles(spark, lake, "a", "b", "c")
    assert command(lake, online) == {"written": 6, "deleted": 0}
    # 1. Nothing new: not even a JVM is started, so none need be found.
    assert command(lake, online, "PATH", "JAVA_HOME") == {"written": 0, "deleted": 0}
    # 2. One row differs at the same instant, one profile is gone.
    value = FEATURES["features_value"]
    write_changes(spark, lake, value, changed(read(spark, lake, value)), deletes=True)
    assert materialise(settings(), online, lake) == {"written": 1, "deleted": 1}
    features = open_features(online)
    found = {name: features.read(name, "service")["lifetime_orders"] for name in ("a", "b", "c")}
    assert {name: one["value"] for name, one in found.items()} == {"a": 0, "b": 7, "c": None}
    assert found["b"]["event_timestamp"] == AS_OF
    # 3. Another lake: what it does not know is forgotten.
    rebuilt = str(tmp_path / "rebuilt")
    features_of_profiles(spark, rebuilt, "a")
    assert materialise(settings(), online, rebuilt) == {"written": 2, "deleted": 1}
    assert features.read("b", "service")["lifetime_orders"]["value"] is None
