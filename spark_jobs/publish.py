"""Gold -> PostgreSQL: only what changed since the last publication, in one transaction."""

import argparse
import json
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from sqlalchemy import Connection, Engine, text

from contracts.dates import parse_instant
from contracts.settings import settings
from contracts.sources import Sources, load_sources
from feature_repo.batch import FEATURES
from lake.session import spark_session
from lake.tables import EVENTS, PROFILES, REDIRECTS, TIMELINE, Table
from read_model.outbox.recalls import recall_refused
from read_model.rebuild import hold_identities
from spark_jobs.inbox import reached
from spark_jobs.publication import Apply, Publication, json_of, stage, upserting
from spark_jobs.publish_consents import publish_consents
from spark_jobs.publish_gone import follow_the_gone
from spark_jobs.publish_identity import stage_identity, stage_seen
from spark_jobs.publish_live import features_follow, keep_live_changes, keep_live_records, note_live
from spark_jobs.telling import tell
from stores.counting import COUNT
from stores.due import due_of
from stores.postgres import migrated
from stores.taking_turns import batch_job


def profile_documents(profiles: DataFrame) -> DataFrame:
    """(profile_id, document, identifiers) with the document as the JSON that the gate reads."""
    document = json_of(["fields", "identifiers", "records", "first_seen", "last_seen"])
    return profiles.select("profile_id", document.alias("document"), "identifiers")


def stage_profiles(connection: Connection, now: datetime, publication: Publication) -> Apply:
    """Changed golden records with their identifiers; profiles that are gone go."""
    documents = profile_documents(publication.rows()).persist()
    touched = publication.keys("profile_id")
    stage(connection, "touched_profiles", "profile_id text", touched)
    stage(connection, "new_profiles", "profile_id text, document jsonb", documents.select("profile_id", "document"))
    carried = documents.select(F.explode("identifiers").alias("held"), "profile_id")
    carried = carried.select("held.kind", "held.value", "profile_id")
    stage(connection, "new_identifiers", "kind text, value text, profile_id text", carried)
    documents.unpersist()
    return partial(apply_profiles, connection, now, publication.whole)


def apply_profiles(connection: Connection, now: datetime, whole: bool) -> int:
    """From `touched_profiles`, `new_profiles` and `new_identifiers`; profiles that live changes alone hold stay."""
    scope = "TRUE" if whole else "profile_id IN (SELECT profile_id FROM touched_profiles)"
    connection.execute(text(f"DELETE FROM identifiers WHERE {scope}"))
    gone = text(  # the online store is to forget them, also those that the lake never knew
        f"WITH gone AS (DELETE FROM profiles WHERE {scope} AND profile_id NOT IN (SELECT profile_id FROM new_profiles)"
        f" AND profile_id NOT IN (SELECT profile_id FROM live_assignments) RETURNING profile_id)"
        f" {due_of('SELECT profile_id FROM gone')}"
    )
    removed = connection.execute(gone).rowcount
    upsert = text(
        "INSERT INTO profiles (profile_id, version, document, updated_at)"
        " SELECT profile_id, 1, document, :now FROM new_profiles ORDER BY profile_id"
        " ON CONFLICT (profile_id) DO UPDATE SET version = profiles.version + 1, document = excluded.document,"
        " updated_at = excluded.updated_at WHERE profiles.document IS DISTINCT FROM excluded.document"
    )
    changed = connection.execute(upsert, {"now": now}).rowcount
    connection.execute(text("INSERT INTO identifiers SELECT kind, value, profile_id FROM new_identifiers"))
    return int(removed + changed)


NEW_EVENTS = """
event_id text, profile_id text, occurred_at timestamptz, document jsonb, record_id text, identifiers jsonb
"""
_EVENT = [column.split()[0] for column in NEW_EVENTS.split(",")]
# Whose timeline changes, and of which data category the event is: before and after, since events change hands.
_DIFFERING = """
INSERT INTO viewed SELECT DISTINCT whose.profile_id, whose.category FROM new_events AS new
LEFT JOIN timeline AS old USING (event_id) CROSS JOIN LATERAL (VALUES
  (new.profile_id, new.document->'categories'->>'type'), (old.profile_id, old.document->'categories'->>'type')
) AS whose(profile_id, category)
WHERE whose.profile_id IS NOT NULL
  AND (old.profile_id, old.occurred_at, old.document) IS DISTINCT FROM (new.profile_id, new.occurred_at, new.document)
"""
_REMOVED = """
WITH gone AS ({gone} RETURNING profile_id, document->'categories'->>'type' AS category), told AS (
  INSERT INTO viewed SELECT DISTINCT profile_id, category FROM gone WHERE profile_id IS NOT NULL
) SELECT count(*) FROM gone
"""
# Every purpose that has features covers both.
_FEATURES = ("transaction", "behaviour")
# Of a profile that is new, no other version was ever told.
_COUNT = COUNT.format(
    seen="SELECT profile_id, array_agg(DISTINCT category) FROM viewed WHERE category IS NOT NULL GROUP BY profile_id",
    counted="profiles.updated_at = :now",
)
_COUNT += " AND NOT (profiles.updated_at = :now AND profiles.counts = jsonb_build_object('base', profiles.version))"


def stage_timeline(connection: Connection, timeline: Publication, events: Publication, landed: int) -> Apply:
    """Changed events with what says whose they are; those of nobody wait without a profile for whom they may be."""
    whole = timeline.whole or events.whole
    own, said = timeline.now().alias("own"), events.now().alias("said")
    shown = ("channel", "type", "occurred_at", "intent", "amount", "properties", "categories")
    rows = own.join(said, "event_id", "full").select(
        "event_id",
        "own.profile_id",
        "said.record_id",
        F.to_json(F.coalesce("said.identifiers", F.array())).alias("identifiers"),
        *[F.coalesce(f"own.{name}", f"said.{name}").alias(name) for name in shown],
    )
    keys = timeline.keys("event_id").union(events.keys("event_id")).distinct()
    if not whole:
        rows = rows.join(keys, "event_id", "left_semi")
    document = json_of(["channel", "type", "intent", "amount", "properties", "categories"]).alias("document")
    stage(connection, "touched_events", "event_id text", () if whole else keys)
    stage(connection, "new_events", NEW_EVENTS, rows.withColumn("document", document).select(*_EVENT))
    return partial(apply_timeline, connection, whole, landed)


def apply_timeline(connection: Connection, whole: bool, landed: int) -> int:
    """From `touched_events` and `new_events`."""
    scope = "TRUE" if whole else "event_id IN (SELECT event_id FROM touched_events)"
    # A live event that the lake does not know yet is not gone.
    gone = (
        f"DELETE FROM timeline WHERE {scope} AND event_id NOT IN (SELECT event_id FROM new_events)"
        " AND NOT EXISTS (SELECT FROM inbox WHERE source || ':' || message_id = event_id AND sequence > :landed)"
    )
    connection.execute(text(_DIFFERING))
    removed = connection.execute(text(_REMOVED.format(gone=gone)), {"landed": landed}).scalar_one()
    return int(removed + connection.execute(text(upserting("timeline", "new_events", _EVENT, ["event_id"]))).rowcount)


def stage_redirects(connection: Connection, publication: Publication) -> Apply:
    """Merged-away ids; they redirect for ever, so none is removed."""
    rows = ((row.old_id, row.profile_id) for row in publication.rows().collect())
    stage(connection, "new_redirects", "old_id text, profile_id text", rows)
    return partial(apply_redirects, connection)


def apply_redirects(connection: Connection) -> int:
    """From `new_redirects`; `changed_redirects` are those that were not so."""
    upsert = text(
        "WITH changed AS (INSERT INTO redirects SELECT * FROM new_redirects ON CONFLICT (old_id) DO UPDATE"
        " SET profile_id = excluded.profile_id WHERE redirects.profile_id <> excluded.profile_id"
        " RETURNING old_id, profile_id) INSERT INTO changed_redirects SELECT old_id, profile_id FROM changed"
    )
    return int(connection.execute(upsert).rowcount)


_STEPS: dict[Table, Callable[[Connection, datetime, Publication], Apply]] = {
    PROFILES: stage_profiles,
    REDIRECTS: lambda connection, now, publication: stage_redirects(connection, publication),
}


def publish(spark: SparkSession, engine: Engine, lake: str, now: datetime) -> dict[str, int]:
    """Brings PostgreSQL to the lake's newest versions: what people decided first, then the rest in one transaction."""
    decided = publish_consents(spark, engine, lake, now)
    with engine.begin() as connection:
        # 1. Stage what changed, while everybody goes on working.
        steps: dict[str, Apply] = {}
        landed = reached(spark, lake, connection)
        stage_notes(connection)
        owners: set[str] = set()
        for table, step in _STEPS.items():
            publication = Publication(spark, lake, table, connection)
            if publication.pending:
                steps[table.name] = step(connection, now, publication)
                publication.remember()
        timeline, events = (Publication(spark, lake, table, connection) for table in (TIMELINE, EVENTS))
        if timeline.pending or events.pending:
            steps[TIMELINE.name] = stage_timeline(connection, timeline, events, landed)
            timeline.remember()
            events.remember()
        for table in FEATURES.values():
            publication = Publication(spark, lake, table, connection)
            if publication.pending:
                owners |= set(publication.touched("profile_id"))
                publication.remember()
        steps |= stage_identity(spark, lake, connection)
        stage_seen(spark, lake, connection)
        # 2. Apply it.
        changed = put_into_effect(connection, steps, owners, landed, load_sources(settings()), now)
    with engine.begin() as connection:  # by itself: nobody who changes an identity waits for it
        recall_refused(connection, now)  # training tables, of whoever's decision came with the files
    return decided | changed


def stage_notes(connection: Connection) -> None:
    """What the steps note of what they change, for those that come after them."""
    stage(connection, "stood", "record_id text PRIMARY KEY, profile_id text", ())
    stage(connection, "changed_redirects", "old_id text, profile_id text", ())
    stage(connection, "changed_history", "kind text, profile_id text, other_id text, actor text", ())
    stage(connection, "viewed", "profile_id text, category text", ())


def put_into_effect(
    connection: Connection,
    steps: Mapping[str, Apply],
    featured: Collection[str],
    landed: int,
    sources: Sources,
    now: datetime,
) -> dict[str, int]:
    """Applies what was staged, while live changes of identities wait; then puts on top those that the lake has not
    seen. `featured` are the profiles of changed features."""
    hold_identities(connection, alone=True)
    note_live(connection)
    changed = {name: apply() for name, apply in steps.items()}
    # A changed timeline or feature is a changed view: its profile gets a new version, once.
    stage(connection, "featured", "profile_id text", ((one,) for one in sorted(featured)))
    named = "INSERT INTO viewed SELECT profile_id, unnest(CAST(:categories AS text[])) FROM featured"
    connection.execute(text(named), {"categories": list(_FEATURES)})
    connection.execute(text(_COUNT), {"now": now})
    keep_live_changes(connection, set(steps), now)
    keep_live_records(connection, set(steps), landed, sources, now)
    follow_the_gone(connection)
    features_follow(connection, now)
    tell(connection, now)
    return changed


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", default=settings().lake_uri)
    parser.add_argument("--now", type=lambda given: parse_instant(given, "iso"), default=datetime.now(UTC))
    given = parser.parse_args(args)
    with batch_job(settings()) as stores, migrated(stores.database_url) as engine:
        print(json.dumps(publish(spark_session(settings()), engine, given.lake, given.now)))


if __name__ == "__main__":
    main()
