"""People whom no purpose keeps any more, by both the operational store and the lake."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from sqlalchemy import Connection, DateTime, cast, or_, select

from consent.eligibility import people
from consent.model import Purpose
from consent.retention import last_interaction, nothing_kept_until
from contracts.categories import Category
from erasure.operational import holds
from erasure.operational.owners import profiles_with
from lake.tables import ASSIGNMENTS, RECORDS, TIMELINE, read
from stores.schema import profiles

BATCH = 1_000


@dataclass(frozen=True)
class OnHold:
    """Data under legal holds: records, and the profiles that have any of them."""

    records: frozenset[str]
    profiles: frozenset[str]


def held(connection: Connection) -> OnHold:
    """The data under a legal hold now."""
    named = frozenset(one for its in holds.in_force(connection).values() for one in its)
    return OnHold(named, frozenset(profiles_with(connection, named)))


def due(spark: SparkSession, lake: str, connection: Connection, purposes: Iterable[Purpose], now: datetime) -> set[str]:
    """The profiles of which no category is kept for any purpose, including those on hold."""
    oldest = min(nothing_kept_until(purposes, now).values())
    last_seen = cast(profiles.c.document["last_seen"].astext, DateTime(timezone=True))
    query = select(profiles.c.profile_id).where(or_(last_seen.is_(None), last_seen <= oldest, last_seen > now))
    candidates = sorted(connection.scalars(query))
    found: set[str] = set()
    for start in range(0, len(candidates), BATCH):
        for one, person in people(connection, candidates[start : start + BATCH], now).items():
            since = last_interaction(person.document, person.newest_event, person.events, person.taken_in, now)
            if since is None or since <= oldest:
                found.add(one)
    return found - _seen_since(spark, lake, found, oldest, now)


def _seen_since(spark: SparkSession, lake: str, of: set[str], oldest: datetime, now: datetime) -> set[str]:
    """Those with younger data in the lake that is not published yet."""
    if not of:
        return set()
    wanted = F.broadcast(spark.createDataFrame([(one,) for one in sorted(of)], "profile_id string"))
    owned = read(spark, lake, ASSIGNMENTS).join(wanted, "profile_id", "left_semi").select("record_id", "profile_id")
    stated = read(spark, lake, RECORDS).join(F.broadcast(owned), "record_id")
    happened = read(spark, lake, TIMELINE).join(wanted, "profile_id", "left_semi")
    found = stated.select("profile_id", F.col("observed_at").alias("at")).union(
        happened.select("profile_id", F.col("occurred_at"))
    )
    young = found.where((F.col("at") > F.lit(oldest)) & (F.col("at") <= F.lit(now)))
    return {row.profile_id for row in young.select("profile_id").distinct().collect()}


def why(purposes: Mapping[str, Purpose]) -> dict[str, dict[str, str]]:
    """How long which purposes keep each category: the reason in a dry run."""
    kept: dict[str, dict[str, str]] = {}
    for purpose in purposes.values():
        for category in sorted(purpose.categories):
            kept.setdefault(category.value, {})[purpose.id] = purpose.kept_for(Category(category))
    return kept
