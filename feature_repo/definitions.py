"""The catalogue as Feast objects: one entity, a wide view per gold table, a service per purpose that uses features."""

from collections.abc import Mapping
from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field, ValueType
from feast.infra.offline_stores.contrib.spark_offline_store.spark_source import SparkSource
from feast.table_format import DeltaFormat
from feast.types import Bool, FeastType, Float64, Int64, String, UnixTimestamp

from consent.model import Purpose
from feature_repo.catalogue import PURPOSES, VERSION, VIEWS, features_of

TYPES: dict[str, FeastType] = {
    "whole": Int64,
    "number": Float64,
    "text": String,
    "flag": Bool,
    "instant": UnixTimestamp,
}

# Feast measures a row's age by the wall clock and then hides the value silently, which a sample of the past would
# never survive. So rows do not expire here: every answer carries its `event_timestamp`, and the reader judges the age.
NO_EXPIRY = timedelta(0)

PROFILE = Entity(name="profile", join_keys=["profile_id"], value_type=ValueType.STRING)


def feature_views(lake: str) -> dict[str, FeatureView]:
    """The views over the lake's gold tables, by name; each field is tagged with its data category."""
    return {name: _view(name, lake) for name in VIEWS}


def feature_services(views: Mapping[str, FeatureView], purposes: Mapping[str, Purpose]) -> list[FeatureService]:
    """One service per purpose, of the purpose's name."""
    return [
        FeatureService(name=name, features=[views[view][names] for view, names in features_of(purposes[name]).items()])
        for name in PURPOSES
    ]


def _view(name: str, lake: str) -> FeatureView:
    source = SparkSource(
        name=name,
        path=f"{lake}/gold/{name}",
        file_format="parquet",
        table_format=DeltaFormat(),
        timestamp_field="event_timestamp",
    )
    fields = [
        Field(name=feature, dtype=TYPES[what.type], description=what.meaning, tags={"category": what.category.value})
        for feature, what in VIEWS[name].items()
    ]
    key = Field(name="profile_id", dtype=String)
    return FeatureView(
        name=name,
        entities=[PROFILE],
        ttl=NO_EXPIRY,
        schema=[key, *fields],
        source=source,
        tags={"version": str(VERSION)},
    )
