"""Features as they stood, from the lake through Feast's Spark offline store; run it in a process of its own."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from consent.model import Purpose
from consent.purposes import published_purposes
from contracts.settings import Settings
from feature_repo.batch import FEATURES
from feature_repo.catalogue import lake_features_of
from feature_repo.definitions import PROFILE, feature_services, feature_views
from feature_repo.store import open_feature_store
from lake.session import spark_conf
from lake.tables import read
from stores.embedded import Stores

Moment = tuple[str, datetime]
"""A profile, and the time of its features."""

REGEX_NAMES = "spark.sql.parser.quotedRegexColumnNames"


def moments(spark: SparkSession, lake: str, purpose: Purpose, until: datetime) -> tuple[set[Moment], int]:
    """The moments for which every view of a purpose has a row, until an instant; and how many rows are later."""
    tables = [
        read(spark, lake, FEATURES[view]).select("profile_id", "event_timestamp") for view in lake_features_of(purpose)
    ]
    together = tables[0]
    for other in tables[1:]:
        together = together.join(other, ["profile_id", "event_timestamp"])
    rows = together.toArrow()
    found = set(zip(rows["profile_id"].to_pylist(), rows["event_timestamp"].to_pylist(), strict=True))
    return {one for one in found if one[1] <= until}, sum(one[1] > until for one in found)


def historical_features(
    spark: SparkSession, config: Settings, stores: Stores, lake: str, purpose: Purpose, of: Collection[Moment]
) -> pa.Table:
    """The features of these moments, none of them newer than its moment; columns as the purpose may see them."""
    if not of:  # Feast looks for the oldest and the newest moment first, and fails where there is none
        stored = {field.name: field for view in lake_features_of(purpose) for field in FEATURES[view].struct.fields}
        names = [name for names in lake_features_of(purpose).values() for name in names]
        columns = [stored[name] for name in ("profile_id", "event_timestamp", *names)]
        return spark.createDataFrame([], StructType(columns)).toArrow()
    store = open_feature_store(stores, spark_conf(config))
    views = feature_views(lake)
    services = {one.name: one for one in feature_services(views, published_purposes())}
    store.apply([PROFILE, *views.values(), *services.values()])
    wanted = [f"{view}:{name}" for view, names in lake_features_of(purpose).items() for name in names]
    moments = spark.createDataFrame(list(of), "profile_id string, event_timestamp timestamp")
    before = spark.conf.get(REGEX_NAMES, "false")
    try:
        job: Any = store.get_historical_features(entity_df=moments, features=wanted)
        rows = job.to_spark_df()
        return rows.orderBy(F.col("event_timestamp"), F.col("profile_id")).toArrow()
    finally:
        spark.conf.set(REGEX_NAMES, str(before))  # Feast leaves it on, and other queries of this session mean quotes
