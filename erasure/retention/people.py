"""People of whose data no purpose keeps something any more, by both the operational store and the lake."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from sqlalchemy import Connection, DateTime, cast, or_, select

from consent.eligibility import people
from consent.model import Purpose
from consent.retention import ended as gone
from consent.retention import last_interaction, nothing_kept_until
from contracts.categories import Category
from erasure.operational import holds
from erasure.operational.owners import profiles_with
from lake.tables import ASSIGNMENTS, RECORDS, TIMELINE, read
from stores.schema import profiles, timeline

BATCH = 1_000
Starts = Mapping[Category, datetime]
"""For each category the instant before which no purpose keeps anything."""


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


@dataclass(frozen=True)
class InLake:
    """What the lake has of somebody, which is perhaps not published yet: their records, and their newest date."""

    records: frozenset[str]
    newest: datetime | None


def ended(
    spark: SparkSession, lake: str, connection: Connection, purposes: Iterable[Purpose], as_of: datetime, now: datetime
) -> dict[str, Ended]:
    """Everybody of whose data some category had ended at `as_of` and has by `now`, by profile, also those on hold.

    A run that goes on after days still counts who came back meanwhile.
    """
    starts = nothing_kept_until(purposes, as_of)
    return ended_since(connection, starts, now, lambda ids: _in_lake(spark, lake, ids, now))


def ended_since(
    connection: Connection, starts: Starts, now: datetime, in_lake: Callable[[set[str]], Mapping[str, InLake]]
) -> dict[str, Ended]:
    """The same, with what the lake has of them from a function of profile ids."""
    latest = max(starts.values())
    last_seen = cast(profiles.c.document["last_seen"].astext, DateTime(timezone=True))
    query = select(profiles.c.profile_id).where(or_(last_seen.is_(None), last_seen <= latest, last_seen > now))
    candidates = sorted(connection.scalars(query))
    since = dict[str, datetime | None]()
    documents = dict[str, Mapping[str, Any]]()
    for start in range(0, len(candidates), BATCH):
        for one, person in people(connection, candidates[start : start + BATCH], now).items():
            last = last_interaction(person.document, person.newest_event, person.events, person.taken_in, now)
            if last is None or last <= latest:
                since[one], documents[one] = last, person.document
    lakes, events = in_lake(set(since)), _categories_of_events(connection, sorted(since))
    found = {}
    for one, last in since.items():
        of_lake = lakes.get(one, InLake(frozenset(), None))
        moments = [at for at in (last, of_lake.newest) if at is not None]
        categories = gone(max(moments, default=None), starts)
        if categories:
            records = frozenset(documents[one].get("records") or ())
            stored = _categories_of(documents[one]) | events.get(one, frozenset())
            is_all_known = of_lake.records <= records
            whole = categories >= starts.keys() or (bool(stored) and stored <= categories and is_all_known)
            found[one] = Ended(records, categories, whole)
    return found


def _categories_of(document: Mapping[str, Any]) -> frozenset[Category]:
    of = (*(document.get("fields") or ()), *(document.get("identifiers") or ()))
    return frozenset(Category(one["category"] or Category.SENSITIVE) for one in of)


def _categories_of_events(connection: Connection, ids: list[str]) -> dict[str, frozenset[Category]]:
    """The categories of each of these people's events; one without a category counts as sensitive."""
    columns: Any = timeline.c
    category = columns.document["categories"]["type"].astext
    found: dict[str, set[Category]] = {}
    for start in range(0, len(ids), BATCH):
        theirs = columns.profile_id.in_(ids[start : start + BATCH])
        for profile_id, name in connection.execute(select(columns.profile_id, category).where(theirs).distinct()):
            found.setdefault(profile_id, set()).add(Category(name or Category.SENSITIVE))
    return {one: frozenset(names) for one, names in found.items()}


def _in_lake(spark: SparkSession, lake: str, of: set[str], now: datetime) -> dict[str, InLake]:
    if not of:
        return {}
    wanted = F.broadcast(spark.createDataFrame([(one,) for one in sorted(of)], "profile_id string"))
    owned = read(spark, lake, ASSIGNMENTS).join(wanted, "profile_id", "left_semi").select("record_id", "profile_id")
    stated = read(spark, lake, RECORDS).join(F.broadcast(owned), "record_id")
    happened = read(spark, lake, TIMELINE).join(wanted, "profile_id", "left_semi")
    found = stated.select("profile_id", "record_id", F.col("observed_at").alias("at")).union(
        happened.select("profile_id", F.lit(None).cast("string"), F.col("occurred_at"))
    )
    moment = F.when(F.col("at") <= F.lit(now), F.unix_micros("at"))
    rows = found.groupBy("profile_id").agg(F.max(moment).alias("newest"), F.collect_set("record_id").alias("records"))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return {
        row.profile_id: InLake(
            frozenset(row.records), None if row.newest is None else epoch + timedelta(microseconds=row.newest)
        )
        for row in rows.collect()
    }


def why(purposes: Mapping[str, Purpose]) -> dict[str, dict[str, str]]:
    """How long which purposes keep each category: the reason in a dry run."""
    kept: dict[str, dict[str, str]] = {}
    for purpose in purposes.values():
        for category in sorted(purpose.categories):
            kept.setdefault(category.value, {})[purpose.id] = purpose.kept_for(Category(category))
    return kept


def both(one: Mapping[str, Ended], other: Mapping[str, Ended]) -> dict[str, Ended]:
    """Who is in both, with what has ended by both."""
    return {
        profile_id: Ended(found.records & of.records, found.categories & of.categories, found.whole and of.whole)
        for profile_id, found in one.items()
        if (of := other.get(profile_id)) is not None
    }


def staying(found: Mapping[str, Ended], held: OnHold) -> dict[str, frozenset[Category]]:
    """Record -> what has ended of it, for everybody who stays and is not on hold."""
    return {
        record_id: of.categories
        for profile_id, of in found.items()
        if not of.whole and profile_id not in held.profiles
        for record_id in of.records
    }
