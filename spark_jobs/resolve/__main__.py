"""Silver records -> identity: evidence, clusters, stable profile ids and their history."""

import argparse
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts.dates import parse_instant
from contracts.identifiers import KINDS
from contracts.settings import settings
from spark_jobs.resolve.deterministic import holdings, identifier_edges
from spark_jobs.resolve.guards import Edge, guarded_clusters
from spark_jobs.resolve.stable_ids import StableIds, assign, follow
from spark_jobs.session import spark_session
from spark_jobs.tables import (
    ASSIGNMENTS,
    EDGES,
    HELD,
    HISTORY,
    RECORDS,
    REDIRECTS,
    append,
    progress,
    read,
    remember,
    versions,
    write_changes,
)

EXCLUSIVE = [kind for kind, rules in KINDS.items() if rules.exclusive]


def assertions(records: DataFrame) -> dict[str, dict[str, str]]:
    """What each record asserts that nobody else's record may: birth date, national id, login."""
    ids = F.filter("identifiers", lambda found: found["kind"].isin(EXCLUSIVE))
    rows = records.select("record_id", F.col("birth_date").cast("string").alias("birth_date"), ids.alias("ids"))
    found: dict[str, dict[str, str]] = {}
    for row in rows.where("birth_date is not null or size(ids) > 0").toLocalIterator():
        asserted = {"birth_date": row.birth_date} if row.birth_date else {}
        found[row.record_id] = asserted | {held.kind: held.value for held in row.ids}
    return found


def resolve(spark: SparkSession, lake: str, run_at: datetime) -> dict[str, Any]:
    """Brings the identity tables up to date with the records; does nothing where no record changed."""
    sources = versions(spark, lake, [RECORDS])
    if sources == progress(spark, lake, "resolve"):
        return {"rows_changed": 0, "merges": 0}
    records = read(spark, lake, RECORDS)
    changed = write_changes(spark, lake, EDGES, identifier_edges(holdings(records)), deletes=True)
    edges = [
        Edge(row.left_id, row.right_id, row.weight)
        for row in read(spark, lake, EDGES).select("left_id", "right_id", "weight").collect()
    ]
    ids = [row.record_id for row in records.select("record_id").collect()]
    clusters, held = guarded_clusters(ids, edges, assertions(records))
    before = read(spark, lake, ASSIGNMENTS).collect()
    redirects = {row.old_id: row.profile_id for row in read(spark, lake, REDIRECTS).collect()}
    previous = {row.record_id: row.profile_id for row in before}
    since: dict[str, datetime] = {}
    for row in before:
        since[row.profile_id] = min(since.get(row.profile_id, row.since), row.since)
    outcome = assign(clusters, previous, since, redirects)
    changed += _write(spark, lake, outcome, previous, {row.record_id: row.since for row in before}, redirects, run_at)
    kept = spark.createDataFrame([(one.left, one.right, one.reason, "{}") for one in held], HELD.struct)
    changed += write_changes(spark, lake, HELD, kept.dropDuplicates(["left_id", "right_id"]), deletes=True)
    remember(spark, lake, "resolve", sources)
    # A merge: a record that came to stand in one profile with others, or a profile that became part of another.
    created = sum(change.kind == "created" for change in outcome.changes)
    arrived = sum(record not in previous for record in outcome.assignments)
    merges = arrived - created + sum(change.kind == "merged" for change in outcome.changes)
    return {"rows_changed": changed, "merges": merges, "profiles": len(clusters), "held": len(held)}


def _write(
    spark: SparkSession,
    lake: str,
    outcome: StableIds,
    previous: dict[str, str],
    since: dict[str, datetime],
    redirects: dict[str, str],
    run_at: datetime,
) -> int:
    rows = [
        (record, profile, since[record] if previous.get(record) == profile else run_at)
        for record, profile in outcome.assignments.items()
    ]
    changed = write_changes(spark, lake, ASSIGNMENTS, spark.createDataFrame(rows, ASSIGNMENTS.struct), deletes=True)
    final = follow({**redirects, **outcome.redirects})
    changed += write_changes(spark, lake, REDIRECTS, spark.createDataFrame(list(final.items()), REDIRECTS.struct))
    run = run_at.isoformat()
    history = []
    for change in outcome.changes:
        line = f"{run}\0{change.kind}\0{change.profile_id}\0{change.other_id}"
        history_id = hashlib.blake2b(line.encode(), digest_size=12).hexdigest()
        reason = "records joined by shared evidence" if change.kind == "merged" else "evidence changed"
        reason = "first seen" if change.kind == "created" else reason
        history.append(
            (history_id, run_at, run, change.kind, change.profile_id, change.other_id, list(change.records), reason)
        )
    if history:
        append(spark, lake, HISTORY, spark.createDataFrame(history, HISTORY.struct))
    return changed + len(history)


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", default=settings().lake_uri)
    parser.add_argument("--run-at", type=lambda text: parse_instant(text, "iso"), default=datetime.now(UTC))
    given = parser.parse_args(args)
    print(json.dumps(resolve(spark_session(settings()), given.lake, given.run_at), indent=2))


if __name__ == "__main__":
    main()
