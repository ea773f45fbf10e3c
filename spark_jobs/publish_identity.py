"""Identity -> PostgreSQL: records and whose they are, the evidence, what waits for review, models and history."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from sqlalchemy import Connection, text
from sqlalchemy import Table as Target

from lake.progress import progress
from lake.tables import (
    ASSIGNMENTS,
    CHANNEL_TRUST,
    EDGES,
    HISTORY,
    LIVE,
    MODELS,
    RECORDS,
    REVIEWS,
    Table,
    path,
    read,
)
from spark_jobs.publication import Apply, OverlaidPublication, Publication, json_of, stage, staged, upserting
from spark_jobs.publish_keys import stage_keys
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
    return partial(apply_records, connection, whole)


def apply_records(connection: Connection, whole: bool) -> int:
    """From `touched_records` and `new_records`; `stood` notes whose they were."""
    among = "TRUE" if whole else "record_id IN (SELECT record_id FROM touched_records)"
    noted = f"INSERT INTO stood SELECT record_id, profile_id FROM records WHERE {among} ON CONFLICT DO NOTHING"
    connection.execute(text(noted))
    gone = (
        f"DELETE FROM records WHERE {among} AND record_id NOT IN (SELECT record_id FROM new_records)"
        " AND record_id NOT IN (SELECT record_id FROM live_assignments)"
    )
    upsert = upserting("records", "new_records", ["record_id", "profile_id", "document"], ["record_id"])
    removed = connection.execute(text(gone)).rowcount
    return int(removed + connection.execute(text(upsert)).rowcount)


def stage_pairs(connection: Connection, target: Target, publication: OverlaidPublication) -> Apply:
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
        pairs = OverlaidPublication(spark, lake, table, connection)
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
