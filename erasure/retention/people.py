"""People of whose data no purpose keeps something any more, by both the operational store and the lake."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from sqlalchemy import Connection, DateTime, cast, or_, select

from consent.eligibility import Person, people
from consent.model import Purpose
from consent.retention import ended as gone
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


@dataclass(frozen=True)
class Ended:
    """Somebody of whose data no purpose keeps these categories any more; `whole` if nothing else is stored of them."""

    records: frozenset[str]
    categories: frozenset[Category]
    whole: bool


def ended(
    spark: SparkSession, lake: str, connection: Connection, purposes: Iterable[Purpose], now: datetime
) -> dict[str, Ended]:
    """Everybody of whose data some category has ended, by profile, including those on hold."""
    starts = nothing_kept_until(purposes, now)
    latest = max(starts.values())
    last_seen = cast(profiles.c.document["last_seen"].astext, DateTime(timezone=True))
    query = select(profiles.c.profile_id).where(or_(last_seen.is_(None), last_seen <= latest, last_seen > now))
    candidates = sorted(connection.scalars(query))
    since = dict[str, datetime | None]()
    whose = dict[str, Person]()
    for start in range(0, len(candidates), BATCH):
        for one, person in people(connection, candidates[start : start + BATCH], now).items():
            last = last_interaction(person.document, person.newest_event, person.events, person.taken_in, now)
            if last is None or last <= latest:
                since[one], whose[one] = last, person
    newer = _newest_in_lake(spark, lake, set(since), now)
    found = {}
    for one, last in since.items():
        moments = [at for at in (last, newer.get(one)) if at is not None]
        categories = gone(max(moments, default=None), starts)
        if categories:
            stored = _categories_of(whose[one])
            whole = categories >= starts.keys() or (bool(stored) and stored <= categories)
            found[one] = Ended(frozenset(whose[one].document.get("records") or ()), categories, whole)
    return found


def _categories_of(person: Person) -> frozenset[Category]:
    """The categories of a person's data; of somebody with events left, all."""
    if person.newest_event is not None:
        return frozenset(Category)
    of = (*(person.document.get("fields") or ()), *(person.document.get("identifiers") or ()))
    return frozenset(Category(one["category"] or Category.SENSITIVE) for one in of)


def _newest_in_lake(spark: SparkSession, lake: str, of: set[str], now: datetime) -> dict[str, datetime]:
    """The newest date of each of these people in the lake, which is perhaps not published yet."""
    if not of:
        return {}
    wanted = F.broadcast(spark.createDataFrame([(one,) for one in sorted(of)], "profile_id string"))
    owned = read(spark, lake, ASSIGNMENTS).join(wanted, "profile_id", "left_semi").select("record_id", "profile_id")
    stated = read(spark, lake, RECORDS).join(F.broadcast(owned), "record_id")
    happened = read(spark, lake, TIMELINE).join(wanted, "profile_id", "left_semi")
    found = stated.select("profile_id", F.col("observed_at").alias("at")).union(
        happened.select("profile_id", F.col("occurred_at"))
    )
    newest = found.where(F.col("at") <= F.lit(now)).groupBy("profile_id").agg(F.unix_micros(F.max("at")).alias("at"))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return {row.profile_id: epoch + timedelta(microseconds=row.at) for row in newest.collect()}


def why(purposes: Mapping[str, Purpose]) -> dict[str, dict[str, str]]:
    """How long which purposes keep each category: the reason in a dry run."""
    kept: dict[str, dict[str, str]] = {}
    for purpose in purposes.values():
        for category in sorted(purpose.categories):
            kept.setdefault(category.value, {})[purpose.id] = purpose.kept_for(Category(category))
    return kept


def staying(found: Mapping[str, Ended], held: OnHold) -> dict[str, frozenset[Category]]:
    """Record -> what has ended of it, for everybody who stays and is not on hold."""
    return {
        record_id: of.categories
        for profile_id, of in found.items()
        if not of.whole and profile_id not in held.profiles
        for record_id in of.records
    }
