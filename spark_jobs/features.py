"""Gold profiles and timeline -> the two wide feature tables, as they stood at an instant.

Nothing after `as_of` counts. An event whose type, or an intent or amount that, is labelled stricter than the feature it
would feed (or not labelled at all) is left out: a feature never says more than its own data category allows.
"""

import argparse
import json
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts.assurance import Assurance
from contracts.categories import Category
from contracts.dates import parse_instant
from contracts.keyed import keyed
from contracts.settings import settings
from feature_repo.catalogue import (
    CONTACTS,
    INPUTS,
    LAKE_VIEWS,
    MILESTONES,
    NOT_INTERACTIONS,
    RESOLVED,
    VERSION,
    VIEWS,
    WINDOWS,
)
from spark_jobs.progress import progress, remember
from spark_jobs.session import spark_session
from spark_jobs.tables import PROFILES, TIMELINE, Table, read, versions, write_changes
from stores.embedded import open_stores
from stores.postgres import migrate, open_engine
from stores.restricted import restricted_records

_TYPES = {"whole": "bigint", "number": "double", "text": "string", "flag": "boolean", "instant": "timestamp"}
FEATURES = {
    view: Table(
        f"gold/{view}",
        ", ".join(
            [
                "profile_id string, event_timestamp timestamp",
                *[f"{name} {_TYPES[feature.type]}" for name, feature in features.items()],
            ]
        ),
        ("profile_id",),
        ("profile_id", "event_timestamp"),
    )
    for view, features in VIEWS.items()
    if view in LAKE_VIEWS
}
"""The lake's feature tables, by the name of their Feast view."""


def features_value(profiles: DataFrame, timeline: DataFrame, as_of: datetime) -> DataFrame:
    """One row per profile: recency, frequency and monetary value of its orders.

    Amounts are summed as decimals: their sum then does not hang on the order in which rows arrive.
    """
    now = F.lit(as_of)
    amount = F.when(_usable("amount", INPUTS["amount"]), F.col("amount").cast("decimal(20,4)"))
    orders = _until(timeline, as_of).where(F.col("type") == "order").withColumn("amount", amount)
    is_return = F.coalesce(F.col("amount") < 0, F.lit(False))
    bought = F.when(~is_return, F.lit(1))
    aggregates = [
        F.floor((F.unix_micros(now) - F.unix_micros(F.max(F.when(~is_return, F.col("occurred_at"))))) / _MICROS_A_DAY)
        .cast("long")
        .alias("recency_days"),
        F.count(F.when(_within(365, as_of) & is_return, 1)).alias("returns_365d"),
        F.count(bought).alias("lifetime_orders"),
        F.sum("amount").cast("double").alias("lifetime_amount"),
    ]
    for days in WINDOWS:
        inside = _within(days, as_of)
        net = F.sum(F.when(inside, F.col("amount"))).cast("double")
        count = F.count(F.when(inside, bought))
        aggregates += [
            count.alias(f"orders_{days}d"),
            net.alias(f"amount_{days}d"),
            F.when(count > 0, F.round(F.coalesce(net, F.lit(0.0)) / count, 4)).alias(f"average_order_{days}d"),
        ]
    found = profiles.select("profile_id").join(orders.groupBy("profile_id").agg(*aggregates), "profile_id", "left")
    counted = [name for name in found.columns if name.startswith(("orders_", "returns_", "amount_", "lifetime_"))]
    return _finish(found.fillna(0, counted), "features_value", as_of)


def features_interactions(profiles: DataFrame, timeline: DataFrame, as_of: datetime) -> DataFrame:
    """One row per profile: contacts, channels, intents, complaints and the time as a customer."""
    intent = F.when(_usable("intent", INPUTS["intent"]), F.col("intent"))
    events = _until(timeline, as_of).withColumn("intent", intent)
    contact, resolved = (
        F.col("type").isin(*CONTACTS),
        (F.col("type") == RESOLVED) | F.col("intent").eqNullSafe(RESOLVED),
    )
    moment = F.col("occurred_at")
    stated = F.col("intent").isNotNull() & ~resolved
    last_resolved = F.max(F.when(resolved, moment)).alias("resolved_at")
    complaints = F.sort_array(F.collect_list(F.when(stated & (F.col("intent") == "complaint"), moment)))
    behaviour = events.groupBy("profile_id").agg(
        F.count(F.when(contact & _within(30, as_of), 1)).alias("contacts_30d"),
        F.max(F.when(contact, F.struct("occurred_at", "event_id", "channel"))).alias("last_contact"),
        F.max(F.when(stated, F.struct("occurred_at", "event_id", "intent"))).alias("last_stated"),
        complaints.alias("complaints"),
        last_resolved,
    )
    unresolved = F.filter("complaints", lambda at: F.col("resolved_at").isNull() | (at >= F.col("resolved_at")))
    found = (
        profiles.select("profile_id", _customer_since(as_of).alias("since"))
        .join(behaviour, "profile_id", "left")
        .join(_channels(events, as_of), "profile_id", "left")
        .select(
            "profile_id",
            F.coalesce("contacts_30d", F.lit(0)).alias("contacts_30d"),
            F.col("last_contact.occurred_at").alias("last_contact_at"),
            F.col("last_contact.channel").alias("last_contact_channel"),
            "channel_mix",
            "preferred_channel",
            F.col("last_stated.intent").alias("last_intent"),
            F.col("last_stated.occurred_at").alias("last_intent_at"),
            F.get(unresolved, F.lit(0)).alias("open_complaint_since"),
            F.date_diff(_day(as_of), F.col("since")).cast("long").alias("days_as_customer"),
            _milestone(as_of).alias("milestone"),
        )
        .withColumn("open_complaint", F.col("open_complaint_since").isNotNull())
        .withColumn("next_milestone", F.col("milestone.name"))
        .withColumn("next_milestone_on", F.col("milestone.on").cast("string"))
    )
    return _finish(found, "features_interactions", as_of)


_MICROS_A_DAY = 86_400_000_000


def _until(timeline: DataFrame, as_of: datetime) -> DataFrame:
    return timeline.where((F.col("occurred_at") <= F.lit(as_of)) & _usable("type", Category.BEHAVIOUR))


def _within(days: int, as_of: datetime) -> Column:
    return F.unix_micros("occurred_at") > F.unix_micros(F.lit(as_of)) - F.lit(days * _MICROS_A_DAY)


def _usable(key: str, at_most: Category) -> Column:
    order = list(Category)
    allowed = [category.value for category in order[: order.index(at_most) + 1]]
    return F.coalesce(F.col("categories")[key].isin(*allowed), F.lit(False))


def _channels(events: DataFrame, as_of: datetime) -> DataFrame:
    # 1. Count each channel of a person; 2. share and order, the latest channel first where counts are equal.
    counted = (
        events.where(_within(365, as_of) & ~F.col("type").isin(*NOT_INTERACTIONS))
        .groupBy("profile_id", "channel")
        .agg(F.count("*").alias("n"), F.max("occurred_at").alias("latest"))
    )
    share = F.collect_list(F.struct(F.col("channel").alias("key"), F.col("n").alias("value")))
    return (
        counted.groupBy("profile_id")
        .agg(
            F.sum("n").alias("total"),
            F.max(F.struct("n", "latest", "channel")).getField("channel").alias("preferred_channel"),
            F.sort_array(share).alias("mix"),
        )
        .select(
            "profile_id",
            "preferred_channel",
            F.to_json(F.transform_values(F.map_from_entries("mix"), lambda _, n: F.round(n / F.col("total"), 4))).alias(
                "channel_mix"
            ),
        )
    )


def _day(as_of: datetime) -> Column:
    return F.to_date(F.lit(as_of))


def _customer_since(as_of: datetime) -> Column:
    # The earliest that any record says, the losing ones too; a start that lies ahead, or is only claimed, is none.
    known = F.filter("fields", lambda field: ~field["assurance"].eqNullSafe(Assurance.CLAIMED.value))
    stated = F.filter(known, lambda field: field["field"] == "customer_since")
    values = F.flatten(
        F.transform(
            stated,
            lambda field: F.concat(
                F.array(field["value"]),
                F.coalesce(
                    F.transform(field["losing"], lambda losing: losing["value"]), F.array().cast("array<string>")
                ),
            ),
        )
    )
    days = F.transform(values, lambda value: value.try_cast("date"))
    return F.array_min(F.filter(days, lambda day: day <= _day(as_of)))


def _milestone(as_of: datetime) -> Column:
    ladder = F.array(
        *[
            F.struct(
                F.lit("1 year" if years == 1 else f"{years} years").alias("name"),
                F.add_months(F.col("since"), 12 * years).alias("on"),
            )
            for years in MILESTONES
        ]
    )
    return F.get(F.filter(ladder, lambda step: step["on"] >= _day(as_of)), F.lit(0))


def _finish(found: DataFrame, view: str, as_of: datetime) -> DataFrame:
    version = {name: F.lit(VERSION).cast("long") for name in VIEWS[view] if name.endswith("_version")}
    dated = found.withColumns({"event_timestamp": F.lit(as_of), **version})
    return dated.select("profile_id", "event_timestamp", *VIEWS[view])


COMPUTED: dict[str, Callable[[DataFrame, DataFrame, datetime], DataFrame]] = {
    "features_value": features_value,
    "features_interactions": features_interactions,
}


def newest_event(timeline: DataFrame) -> datetime | None:
    """The instant at which a sample of the past stands."""
    newest = timeline.agg(F.unix_micros(F.max("occurred_at"))).collect()[0][0]
    return None if newest is None else datetime.fromtimestamp(newest / 1e6, UTC)


def features(spark: SparkSession, lake: str, as_of: datetime, restricted: Collection[str] = ()) -> dict[str, Any]:
    """Brings both feature tables to `as_of`; nothing is computed where neither inputs, instant nor meaning changed.

    Whoever has one of the `restricted` records is not computed on, and has no features.
    """
    state = versions(spark, lake, [PROFILES, TIMELINE])
    state |= {"as_of": round(as_of.timestamp() * 1e6), "definitions": VERSION}
    state |= {"restricted": int(keyed("restricted", *sorted(restricted), size=4), 16)}
    if progress(spark, lake, "features") == state:
        return {"rows_changed": 0}
    profiles, timeline = read(spark, lake, PROFILES), read(spark, lake, TIMELINE)
    if restricted:
        left_out = _holding(spark, profiles, restricted)
        profiles, timeline = (one.join(left_out, "profile_id", "left_anti") for one in (profiles, timeline))
    changed = 0
    for view, compute in COMPUTED.items():
        changed += write_changes(spark, lake, FEATURES[view], compute(profiles, timeline, as_of), deletes=True)
    remember(spark, lake, "features", state)
    return {"rows_changed": changed}


def _holding(spark: SparkSession, profiles: DataFrame, records: Collection[str]) -> DataFrame:
    """The ids of the profiles that hold any of these records."""
    named = spark.createDataFrame([(one,) for one in sorted(records)], "record_id string")
    held = profiles.select("profile_id", F.explode("records").alias("record_id"))
    return F.broadcast(held.join(F.broadcast(named), "record_id", "left_semi").select("profile_id").distinct())


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", default=settings().lake_uri)
    parser.add_argument(
        "--as-of", default=datetime.now(UTC).isoformat(), help="ISO 8601, or `newest` for the newest event"
    )
    given = parser.parse_args(args)
    spark = spark_session(settings())
    if given.as_of == "newest":
        as_of = newest_event(read(spark, given.lake, TIMELINE)) or datetime.now(UTC)
    else:
        as_of = parse_instant(given.as_of, "iso")
    with open_stores(settings()) as stores:
        engine = open_engine(stores.database_url)
        migrate(engine)
        with engine.connect() as connection:
            restricted = restricted_records(connection)
        engine.dispose()
    print(json.dumps(features(spark, given.lake, as_of, restricted) | {"as_of": as_of.isoformat()}))


if __name__ == "__main__":
    main()
