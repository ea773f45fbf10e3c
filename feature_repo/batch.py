"""The features of all profiles on Spark, as they stood at an instant; `feature_repo.computed` has one profile's.

Nothing after `as_of` counts. An event's type, intent or amount with a stricter category than the feature (or none) is
ignored: a feature never reveals more than its own data category allows.
"""

from collections.abc import Callable
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from contracts.assurance import Assurance
from contracts.categories import Category
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
from lake.tables import Table

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

    Amounts are summed as decimals, whose sum does not depend on their order. A sum with an unknown part is unknown.
    """
    now, usable = F.lit(as_of), _usable("amount", INPUTS["amount"])
    amount = F.when(usable, F.col("amount").cast("decimal(20,4)"))
    ordered = _until(timeline, as_of).where(F.col("type") == "order")
    orders = _each_once(ordered.withColumns({"unknown": usable & F.col("amount").isNull(), "amount": amount}))
    is_return = F.coalesce(F.col("amount") < 0, F.lit(False))
    bought = F.when(~is_return, F.lit(1))
    aggregates = [
        F.floor((F.unix_micros(now) - F.unix_micros(F.max(F.when(~is_return, F.col("occurred_at"))))) / _MICROS_A_DAY)
        .cast("long")
        .alias("recency_days"),
        F.count(F.when(_within(365, as_of) & is_return, 1)).alias("returns_365d"),
        F.count(bought).alias("lifetime_orders"),
        _sum_if_known(F.lit(True)).alias("lifetime_amount"),
    ]
    for days in WINDOWS:
        inside = _within(days, as_of)
        net = _sum_if_known(inside)
        count = F.count(F.when(inside, bought))
        aggregates += [
            count.alias(f"orders_{days}d"),
            net.alias(f"amount_{days}d"),
            F.when(count > 0, F.round(net / count, 4)).alias(f"average_order_{days}d"),
        ]
    found = profiles.select("profile_id").join(orders.groupBy("profile_id").agg(*aggregates), "profile_id", "left")
    # Without orders the amount is zero; null beside orders means unknown.
    spent = [name for name in found.columns if name.startswith(("amount_", "lifetime_amount"))]
    nothing = {name: F.when(F.col("lifetime_orders").isNull(), 0.0).otherwise(F.col(name)) for name in spent}
    counted = [name for name in found.columns if name.startswith(("orders_", "returns_", "lifetime_orders"))]
    return _finish(found.withColumns(nothing).fillna(0, counted), "features_value", as_of)


def _sum_if_known(inside: Column) -> Column:
    """The sum of the amounts inside a window; null where one of them is unknown."""
    total = F.coalesce(F.sum(F.when(inside, F.col("amount"))).cast("double"), F.lit(0.0))
    return F.when(F.count(F.when(inside & F.col("unknown"), 1)) == 0, total)


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


def _each_once(orders: DataFrame) -> DataFrame:
    """Removes duplicates of an order that a channel sent twice, by its number, keeping the last; returns count each
    time."""
    number = F.when(_usable("property.order_id", INPUTS["amount"]), F.col("properties")["order_id"])
    of_order = F.when(F.coalesce(F.col("amount"), F.lit(0)) >= 0, number)
    same = Window.partitionBy("profile_id", "channel", "_order").orderBy(F.desc("occurred_at"), F.desc("event_id"))
    ranked = orders.withColumn("_order", of_order).withColumn("_nth", F.row_number().over(same))
    return ranked.where("_order is null or _nth = 1").drop("_order", "_nth")


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
    # The earliest of all records, losing values included; a start in the future, or only claimed, does not count.
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
