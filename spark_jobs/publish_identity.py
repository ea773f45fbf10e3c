"""Identity -> PostgreSQL: records and whose they are, the evidence, what waits for review, models and history."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from sqlalchemy import Connection, text
from sqlalchemy import Table as Target

from profile_api.identity.attribution import attribute
from profile_api.identity.rebuild import rebuild
from spark_jobs.progress import progress
from spark_jobs.publication import Apply, Publication, PublicationWithRecent, json_of, stage, staged, upserting
from spark_jobs.publish_keys import stage_keys
from spark_jobs.tables import (
    ASSIGNMENTS,
    CHANNEL_TRUST,
    EDGES,
    HISTORY,
    LIVE,
    MODELS,
    PROFILES,
    RECORDS,
    REVIEWS,
    TIMELINE,
    Table,
    path,
    read,
)
from stores import schema


def stage_records(connection: Connection, records: Publication, assignments: Publication) -> Apply:
    """Records that changed, or whose profile did. What was changed live since stays, as do records of live events."""
    whole = records.whole or assignments.whole
    rows = records.now().join(assignments.now().select("record_id", "profile_id"), "record_id")
    keys = records.keys("record_id").union(assignments.keys("record_id")).distinct()
    if not whole:
        rows = rows.join(keys, "record_id", "left_semi")
    document = json_of(RECORDS.struct.fieldNames(), precise=True)
    stage(
        connection,
        "new_records",
        "record_id text, profile_id text, document jsonb",
        rows.select("record_id", "profile_id", document.alias("document")),
    )
    stage(connection, "touched_records", "record_id text", () if whole else keys)
    among = "TRUE" if whole else "record_id IN (SELECT record_id FROM touched_records)"
    gone = (
        f"DELETE FROM records WHERE {among} AND record_id NOT IN (SELECT record_id FROM new_records)"
        " AND record_id NOT IN (SELECT record_id FROM live_assignments)"
    )
    upsert = upserting("records", "new_records", ["record_id", "profile_id", "document"], ["record_id"])

    def apply() -> int:
        removed = connection.execute(text(gone)).rowcount
        return int(removed + connection.execute(text(upsert)).rowcount)

    return apply


def stage_pairs(connection: Connection, target: Target, publication: PublicationWithRecent) -> Apply:
    return staged(connection, target, publication.rows(), None if publication.whole else publication.keys())


def stage_models(connection: Connection, publication: Publication) -> Apply:
    return staged(
        connection, schema.models, publication.rows(), None if publication.whole else publication.keys("version")
    )


def stage_trust(connection: Connection, publication: Publication) -> Apply:
    rows = publication.now().select("channel", F.to_json("trust").alias("trust"))
    return staged(connection, schema.channel_trust, rows, None)


def stage_history(connection: Connection, publication: Publication) -> Apply:
    """History is only ever added to; a batch run's actor is the run."""
    columns = ["history_id", "at", "kind", "profile_id", "other_id", "records", "reason", "actor", "evidence"]
    actor = F.when(F.col("run").startswith("live:"), F.substring("run", 6, 1_000)).otherwise(F.lit("resolve"))
    rows = publication.rows().withColumns({"records": F.to_json("records"), "actor": actor}).select(*columns)
    types = {"at": "timestamptz", "records": "jsonb", "evidence": "jsonb"}
    stage(connection, "new_history", ", ".join(f"{name} {types.get(name, 'text')}" for name in columns), rows)
    names = ", ".join(columns)
    insert = (
        f"WITH changed AS (INSERT INTO identity_history ({names}) SELECT {names} FROM new_history"
        " ON CONFLICT DO NOTHING RETURNING kind, profile_id, other_id, actor) INSERT INTO changed_history"
        " SELECT kind, profile_id, other_id, actor FROM changed"
    )
    return lambda: int(connection.execute(text(insert)).rowcount)


_STEPS: dict[Table, Callable[[Connection, Publication], Apply]] = {
    MODELS: stage_models,
    CHANNEL_TRUST: stage_trust,
    HISTORY: stage_history,
}


def stage_identity(spark: SparkSession, lake: str, connection: Connection) -> dict[str, Apply]:
    """What there is to apply, by table of the lake; nothing where nothing changed."""
    steps: dict[str, Apply] = {}
    records, assignments, models = (
        Publication(spark, lake, table, connection) for table in (RECORDS, ASSIGNMENTS, MODELS)
    )
    if records.pending or models.pending:
        steps["record_keys"] = stage_keys(spark, lake, connection, records, models)
    if records.pending or assignments.pending:
        steps[RECORDS.name] = stage_records(connection, records, assignments)
        records.remember()
        assignments.remember()
    for table, target in ((EDGES, schema.edges), (REVIEWS, schema.reviews)):
        pairs = PublicationWithRecent(spark, lake, table, connection)
        if pairs.pending:
            steps[table.name] = stage_pairs(connection, target, pairs)
            pairs.remember()
    for table, step in _STEPS.items():
        publication = Publication(spark, lake, table, connection)
        if publication.pending:
            steps[table.name] = step(connection, publication)
            publication.remember()
    return steps


def stage_seen(spark: SparkSession, lake: str, connection: Connection) -> None:
    """`seen_live`: the live assignments that resolve has taken into account, and the profile that it gave each."""
    resolved = progress(spark, lake, "resolve").get(LIVE.name, -1)
    rows: DataFrame | Iterable[tuple[Any, ...]] = ()
    if resolved >= 0 and connection.execute(text("SELECT FROM live_assignments LIMIT 1")).first() is not None:
        live = spark.read.format("delta").option("versionAsOf", resolved).load(path(lake, LIVE))
        given = read(spark, lake, ASSIGNMENTS).select("record_id", "profile_id")
        rows = live.select("record_id", "at").join(given, "record_id")
    stage(connection, "seen_live", "record_id text, at timestamptz, profile_id text", rows)


def keep_live_changes(connection: Connection, published: Collection[str], now: datetime) -> None:
    """Puts live changes that the lake has not seen on top of what was `published`; of those it has, it has the word."""
    moved = connection.execute(text(_SETTLED)).all()
    if RECORDS.name in published:
        connection.execute(text(_AGREED))
    touched = {profile for row in moved for profile in (row.was, row.profile_id)}
    live: dict[str, str] = dict(
        connection.execute(text("SELECT record_id, profile_id FROM live_assignments")).tuples().all()
    )
    overwritten = connection.execute(text(_OVERWRITTEN)).all()
    touched |= {profile for row in overwritten for profile in (row.was, row.profile_id)} | set(live.values())
    if live and PROFILES.name in published:
        holding = "SELECT profile_id FROM new_profiles WHERE (document -> 'records') ?| cast(:records AS text[])"
        touched |= set(connection.scalars(text(holding), {"records": list(live)}))
    rebuild(connection, touched, now)
    if live and TIMELINE.name in published:
        found = connection.scalars(text(_THEIR_EVENTS), {"records": list(live), "profiles": sorted(touched)})
        attribute(connection, list(found))


_SETTLED = """
WITH settled AS (
    DELETE FROM live_assignments l USING seen_live s WHERE (s.record_id, s.at) = (l.record_id, l.at)
    RETURNING s.record_id, s.profile_id
), was AS (
    SELECT r.record_id, r.profile_id AS was, s.profile_id FROM records r JOIN settled s USING (record_id)
    WHERE r.profile_id <> s.profile_id
), changed AS (
    UPDATE records r SET profile_id = w.profile_id FROM was w WHERE r.record_id = w.record_id RETURNING r.record_id
)
SELECT w.was, w.profile_id FROM was w JOIN changed USING (record_id)
"""
_AGREED = """
DELETE FROM live_assignments l USING new_records n WHERE (n.record_id, n.profile_id) = (l.record_id, l.profile_id)
"""
_OVERWRITTEN = """
WITH was AS (
    SELECT r.record_id, r.profile_id AS was, l.profile_id FROM records r JOIN live_assignments l USING (record_id)
    WHERE r.profile_id <> l.profile_id
), changed AS (
    UPDATE records r SET profile_id = w.profile_id FROM was w WHERE r.record_id = w.record_id RETURNING r.record_id
)
SELECT w.was, w.profile_id FROM was w JOIN changed USING (record_id)
"""
_THEIR_EVENTS = """
SELECT e.event_id FROM new_events e WHERE e.record_id = ANY (:records) OR EXISTS (
    SELECT FROM jsonb_array_elements(e.identifiers) one
    JOIN identifiers i ON (i.kind, i.value) = (one ->> 'kind', one ->> 'value')
    WHERE i.profile_id = ANY (:profiles)
)
"""
