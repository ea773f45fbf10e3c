"""Gold -> PostgreSQL: only what changed since the last publication, in one transaction."""

import argparse
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from sqlalchemy import Connection, Engine, text

from contracts.dates import parse_instant
from contracts.settings import settings
from contracts.sources import load_sources
from profile_api.identity.rebuild import hold_identities
from spark_jobs.features import FEATURES
from spark_jobs.inbox import reached
from spark_jobs.publication import Apply, Publication, json_of, stage, upserting
from spark_jobs.publish_consents import publish_consents
from spark_jobs.publish_identity import keep_live_changes, stage_identity, stage_seen
from spark_jobs.publish_live import features_follow, keep_live_records
from spark_jobs.session import spark_session
from spark_jobs.tables import EVENTS, PROFILES, REDIRECTS, TIMELINE, Table
from spark_jobs.telling import tell
from stores.embedded import open_stores
from stores.postgres import migrate, open_engine


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
    held = documents.select(F.explode("identifiers").alias("held"), "profile_id")
    held = held.select("held.kind", "held.value", "profile_id")
    stage(connection, "new_identifiers", "kind text, value text, profile_id text", held)
    documents.unpersist()
    return partial(_apply_profiles, connection, now, publication)


def _apply_profiles(connection: Connection, now: datetime, publication: Publication) -> int:
    scope = "TRUE" if publication.whole else "profile_id IN (SELECT profile_id FROM touched_profiles)"
    connection.execute(text(f"DELETE FROM identifiers WHERE {scope}"))
    gone = text(f"DELETE FROM profiles WHERE {scope} AND profile_id NOT IN (SELECT profile_id FROM new_profiles)")
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


def stage_timeline(connection: Connection, timeline: Publication, events: Publication, landed: int) -> Apply:
    """Changed events with what says whose they are; those of nobody wait without a profile for whom they may be."""
    whole = timeline.whole or events.whole
    own, said = timeline.now().alias("own"), events.now().alias("said")
    told = ("channel", "type", "occurred_at", "intent", "amount", "properties", "categories")
    rows = own.join(said, "event_id", "full").select(
        "event_id",
        "own.profile_id",
        "said.record_id",
        F.to_json(F.coalesce("said.identifiers", F.array())).alias("identifiers"),
        *[F.coalesce(f"own.{name}", f"said.{name}").alias(name) for name in told],
    )
    keys = timeline.keys("event_id").union(events.keys("event_id")).distinct()
    if not whole:
        rows = rows.join(keys, "event_id", "left_semi")
    document = json_of(["channel", "type", "intent", "amount", "properties", "categories"]).alias("document")
    names = ["event_id", "profile_id", "occurred_at", "document", "record_id", "identifiers"]
    types = {"occurred_at": "timestamptz", "document": "jsonb", "identifiers": "jsonb"}
    ddl = ", ".join(f"{name} {types.get(name, 'text')}" for name in names)
    stage(connection, "touched_events", "event_id text", () if whole else keys)
    stage(connection, "new_events", ddl, rows.withColumn("document", document).select(*names))
    scope = "TRUE" if whole else "event_id IN (SELECT event_id FROM touched_events)"
    # A live event that the lake does not know yet is not gone.
    gone = (
        f"DELETE FROM timeline WHERE {scope} AND event_id NOT IN (SELECT event_id FROM new_events)"
        " AND NOT EXISTS (SELECT FROM inbox WHERE source || ':' || message_id = event_id AND sequence > :landed)"
    )
    upsert = upserting("timeline", "new_events", names, ["event_id"])

    def apply() -> int:
        removed = connection.execute(text(gone), {"landed": landed}).rowcount
        return int(removed + connection.execute(text(upsert)).rowcount)

    return apply


def stage_redirects(connection: Connection, publication: Publication) -> Apply:
    """Merged-away ids; they redirect for ever, so none is removed."""
    rows = ((row.old_id, row.profile_id) for row in publication.rows().collect())
    stage(connection, "new_redirects", "old_id text, profile_id text", rows)
    upsert = text(
        "WITH changed AS (INSERT INTO redirects SELECT * FROM new_redirects ON CONFLICT (old_id) DO UPDATE"
        " SET profile_id = excluded.profile_id WHERE redirects.profile_id <> excluded.profile_id"
        " RETURNING old_id, profile_id) INSERT INTO changed_redirects SELECT old_id, profile_id FROM changed"
    )
    return lambda: int(connection.execute(upsert).rowcount)


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
        stage(connection, "changed_redirects", "old_id text, profile_id text", ())
        stage(connection, "changed_history", "kind text, profile_id text, other_id text, actor text", ())
        owners: set[str] = set()
        for table, step in _STEPS.items():
            publication = Publication(spark, lake, table, connection)
            if publication.pending:
                steps[table.name] = step(connection, now, publication)
                publication.remember()
        timeline, events = (Publication(spark, lake, table, connection) for table in (TIMELINE, EVENTS))
        if timeline.pending or events.pending:
            steps[TIMELINE.name] = stage_timeline(connection, timeline, events, landed)
            owners |= set(timeline.touched("profile_id"))
            timeline.remember()
            events.remember()
        for table in FEATURES.values():
            publication = Publication(spark, lake, table, connection)
            if publication.pending:
                owners |= set(publication.touched("profile_id"))
                publication.remember()
        steps |= stage_identity(spark, lake, connection)
        stage_seen(spark, lake, connection)
        # 2. Apply it, while live changes of identities wait; then put on top those that the lake has not seen.
        hold_identities(connection, alone=True)
        changed = {name: apply() for name, apply in steps.items()}
        # A changed timeline or feature is a changed view: its profile gets a new version, once.
        stage(connection, "viewed", "profile_id text", ((one,) for one in sorted(owners)))
        bump = "UPDATE profiles SET version = version + 1, updated_at = :now FROM viewed"
        bump += " WHERE profiles.profile_id = viewed.profile_id AND profiles.updated_at <> :now"
        connection.execute(text(bump), {"now": now})
        keep_live_changes(connection, set(steps), now)
        keep_live_records(connection, set(steps), landed, load_sources(settings()), now)
        features_follow(connection, now)
        tell(connection, now)
    return decided | changed


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", default=settings().lake_uri)
    parser.add_argument("--now", type=lambda given: parse_instant(given, "iso"), default=datetime.now(UTC))
    given = parser.parse_args(args)
    with open_stores(settings()) as stores:
        engine = open_engine(stores.database_url)
        migrate(engine)
        print(json.dumps(publish(spark_session(settings()), engine, given.lake, given.now)))


if __name__ == "__main__":
    main()
