"""Silver records -> identity: evidence, clusters, stable profile ids and their history."""

import argparse
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts.dates import parse_instant
from contracts.settings import settings
from spark_jobs.resolve.cluster import MERGE_AT, cluster
from spark_jobs.resolve.deterministic import holdings, identifier_edges
from spark_jobs.resolve.scoring import scored_pairs
from spark_jobs.resolve.stable_ids import StableIds, assign, follow
from spark_jobs.session import spark_session
from spark_jobs.tables import (
    ASSIGNMENTS,
    EDGES,
    HISTORY,
    RECORDS,
    REDIRECTS,
    REVIEWS,
    progress,
    read,
    remember,
    version,
    versions,
    write_changes,
)

REVIEW_FROM = -3.0
"""Bits from which an uncertain pair waits for a steward: below, odds are worse than one in eight."""
CONTACT_POINTS = ("same_email", "same_phone")
"""Rules whose identifier is shared or handed on at times: where the model has seen the pair, its weight stands."""


def all_edges(records: DataFrame, scored: DataFrame) -> DataFrame:
    """The evidence that is kept: shared identifiers, and pairs that the model finds likely enough to be looked at."""
    likely = scored.where(F.col("weight") >= REVIEW_FROM)
    modelled = likely.select(
        "left_id",
        "right_id",
        F.lit("probabilistic").alias("tier"),
        F.lit("person_model").alias("rule"),
        "weight",
        "evidence",
    )
    return identifier_edges(holdings(records)).unionByName(modelled)


def heard_pairs(scored: DataFrame, edges: DataFrame) -> DataFrame:
    """left_id, right_id, weight: one voice a pair.

    The model has seen all fields of a pair, a rule only one. So the rule speaks where the model was not asked, and
    beside it (the stronger counts) only with a number that was given out to one person.
    """
    number = F.when(~F.col("rule").isin(*CONTACT_POINTS), F.col("weight"))
    rules = (
        edges.where("tier = 'deterministic'")
        .groupBy("left_id", "right_id")
        .agg(F.max("weight").alias("by_rule"), F.max(number).alias("by_number"))
    )
    both = scored.select("left_id", "right_id", "weight").join(rules, ["left_id", "right_id"], "full")
    weight = F.when(F.col("weight").isNull(), F.col("by_rule")).otherwise(F.greatest("weight", "by_number"))
    return both.select("left_id", "right_id", weight.alias("weight"))


def verified_values(records: DataFrame) -> dict[str, dict[str, str]]:
    """record -> kind -> value, of what a contract calls verified."""
    told = records.where(F.size("verified") > 0).select("record_id", "verified")
    return {row.record_id: {one.kind: one.value for one in row.verified} for row in told.toLocalIterator()}


def uncertain_pairs(likely: pd.DataFrame, cluster_of: dict[str, int]) -> list[tuple[str, str, float, str, str]]:
    """Pairs for a steward to decide: near the threshold, or likely and yet kept apart by the rest of their clusters."""
    found = []
    for pair in likely.itertuples():
        if cluster_of[pair.left_id] != cluster_of[pair.right_id]:
            reason = "near the threshold" if pair.weight < MERGE_AT else "contradicted by other records of the profiles"
            found.append((pair.left_id, pair.right_id, pair.weight, reason, pair.evidence))
    return found


def resolve(spark: SparkSession, lake: str, run_at: datetime) -> dict[str, Any]:
    """Brings the identity tables up to date with the records; does nothing where no record changed."""
    sources = versions(spark, lake, [RECORDS])
    if sources == progress(spark, lake, "resolve"):
        return {"rows_changed": 0, "merges": 0}
    records = read(spark, lake, RECORDS)
    scored = scored_pairs(spark, lake, records, run_at)
    changed = write_changes(spark, lake, EDGES, all_edges(records, scored), deletes=True)
    edges = read(spark, lake, EDGES)
    heard: pd.DataFrame = heard_pairs(scored, edges).toPandas()
    ids = [row.record_id for row in records.select("record_id").toLocalIterator()]
    pairs = zip(heard["left_id"], heard["right_id"], heard["weight"], strict=True)
    clusters = cluster(ids, pairs, verified=verified_values(records))
    cluster_of = {record: index for index, members in enumerate(clusters) for record in members}
    before = read(spark, lake, ASSIGNMENTS).collect()
    redirects = {row.old_id: row.profile_id for row in read(spark, lake, REDIRECTS).collect()}
    previous = {row.record_id: row.profile_id for row in before}
    since: dict[str, datetime] = {}
    for row in before:
        since[row.profile_id] = min(since.get(row.profile_id, row.since), row.since)
    outcome = assign(clusters, previous, since, redirects)
    changed += _write(spark, lake, outcome, previous, {row.record_id: row.since for row in before}, redirects, run_at)
    likely = scored.where(F.col("weight") >= REVIEW_FROM).toPandas()
    waiting = spark.createDataFrame(uncertain_pairs(likely, cluster_of), REVIEWS.struct)
    changed += write_changes(spark, lake, REVIEWS, waiting, deletes=True)
    scored.unpersist()
    remember(spark, lake, "resolve", sources)
    # A merge: a record that came to stand in one profile with others, or a profile that became part of another.
    created = sum(change.kind == "created" for change in outcome.changes)
    arrived = sum(record not in previous for record in outcome.assignments)
    merges = arrived - created + sum(change.kind == "merged" for change in outcome.changes)
    return {"rows_changed": changed, "merges": merges, "profiles": len(clusters), "reviews": waiting.count()}


def _write(
    spark: SparkSession,
    lake: str,
    outcome: StableIds,
    previous: dict[str, str],
    since: dict[str, datetime],
    redirects: dict[str, str],
    run_at: datetime,
) -> int:
    history = spark.createDataFrame(history_rows(outcome, run_at, version(spark, lake, ASSIGNMENTS)), HISTORY.struct)
    changed = write_changes(spark, lake, HISTORY, history)
    final = follow({**redirects, **outcome.redirects})
    changed += write_changes(spark, lake, REDIRECTS, spark.createDataFrame(list(final.items()), REDIRECTS.struct))
    # Assignments last: a run that was killed before is simply done again, to the same history.
    rows = [
        (record, profile, since[record] if previous.get(record) == profile else run_at)
        for record, profile in outcome.assignments.items()
    ]
    return changed + write_changes(
        spark, lake, ASSIGNMENTS, spark.createDataFrame(rows, ASSIGNMENTS.struct), deletes=True
    )


def history_rows(outcome: StableIds, run_at: datetime, basis: int) -> list[tuple[Any, ...]]:
    """The run's changes as rows; by `basis`, the assignments' version before, a repeated run repeats no row."""
    reasons = {"created": "first seen", "merged": "evidence joined them", "split": "evidence no longer joins them"}
    rows = []
    for change in outcome.changes:
        line = "\0".join([str(basis), change.kind, change.profile_id, change.other_id or "", *change.records])
        history_id = hashlib.blake2b(line.encode(), digest_size=12).hexdigest()
        reason = reasons.get(change.kind, "evidence joins them elsewhere")
        who = (change.kind, change.profile_id, change.other_id, list(change.records))
        rows.append((history_id, run_at, run_at.isoformat(), *who, reason, None))
    return rows


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", default=settings().lake_uri)
    parser.add_argument("--run-at", type=lambda text: parse_instant(text, "iso"), default=datetime.now(UTC))
    given = parser.parse_args(args)
    print(json.dumps(resolve(spark_session(settings()), given.lake, given.run_at), indent=2))


if __name__ == "__main__":
    main()
