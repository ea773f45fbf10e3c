"""Stewards' decisions and live changes, PostgreSQL -> lake: before resolve, so that it respects them.

Decisions in force, live assignments and who is not to be matched are copied as they stand. What happened live joins
the lake's history, and ids that were merged away live, or lead elsewhere since, its redirects. Resolve takes back those
of ids that stand again.
"""

import argparse
import json
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import SparkSession
from sqlalchemy import Connection, Engine, text

from contracts.keyed import keyed
from contracts.settings import settings
from lake.progress import progress, remember
from lake.session import spark_session
from lake.tables import HISTORY, LIVE, OVERRIDES, REDIRECTS, UNMATCHED, Table, exists, read, write_changes
from spark_jobs.unmatched import unmatched
from stores.postgres import migrated
from stores.taking_turns import batch_job

JOB = "overrides"
_BATCH = {"batch": "resolve"}
"""The actor of the lake's own history."""

_FOUND: dict[Table, str] = {
    OVERRIDES: "SELECT left_id, right_id, kind, decided_at FROM overrides WHERE revoked_at IS NULL ORDER BY 1, 2",
    LIVE: "SELECT record_id, profile_id, at FROM live_assignments ORDER BY 1",
    HISTORY: (
        "SELECT history_id, at, 'live:' || actor, kind, profile_id, other_id,"
        " ARRAY(SELECT jsonb_array_elements_text(records)), reason, CAST(evidence AS text)"
        " FROM identity_history WHERE actor <> :batch ORDER BY 1"
    ),
    # Those of ids that something happened to live: merged away, or taken apart so that others lead elsewhere.
    REDIRECTS: (
        "WITH live AS (SELECT profile_id AS id FROM identity_history WHERE actor <> :batch"
        " UNION SELECT other_id FROM identity_history WHERE actor <> :batch)"
        " SELECT r.old_id, r.profile_id FROM redirects r"
        " WHERE r.old_id IN (SELECT id FROM live) OR r.profile_id IN (SELECT id FROM live) ORDER BY 1"
    ),
}
_AS_THEY_STAND = (OVERRIDES, LIVE, UNMATCHED)
_GROWING = (HISTORY,)


def pull(spark: SparkSession, engine: Engine, lake: str, now: datetime) -> dict[str, Any]:
    """Brings the lake up to what PostgreSQL holds; rewrites nothing where nothing was decided since."""
    with engine.connect() as connection:
        found = decided(connection) | {UNMATCHED: unmatched(spark, lake, connection, now)}
    known = progress(spark, lake, JOB)
    marks = {table.name: int(keyed("decisions", repr(rows), size=4), 16) for table, rows in found.items()}
    changed = 0
    for table, rows in found.items():
        there = exists(spark, lake, table)
        if (there and marks[table.name] == known.get(table.name)) or not (there or rows):
            continue
        frame = spark.createDataFrame(rows, table.struct)
        if table in _GROWING:
            frame = frame.join(read(spark, lake, table).select(*table.key), list(table.key), "left_anti")
        changed += write_changes(spark, lake, table, frame, deletes=table in _AS_THEY_STAND)
    if marks != known and any(found.values()):
        remember(spark, lake, JOB, marks)
    return {"rows_changed": changed}


def decided(connection: Connection) -> dict[Table, list[tuple[Any, ...]]]:
    """What PostgreSQL holds, as rows of each table of the lake."""
    return {table: [tuple(row) for row in connection.execute(text(said), _BATCH)] for table, said in _FOUND.items()}


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", default=settings().lake_uri)
    given = parser.parse_args(args)
    with batch_job(settings()) as stores, migrated(stores.database_url) as engine:
        print(json.dumps(pull(spark_session(settings()), engine, given.lake, datetime.now(UTC))))


if __name__ == "__main__":
    main()
