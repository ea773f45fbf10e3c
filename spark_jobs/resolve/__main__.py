"""Silver records -> identity: evidence, clusters, stable profile ids and their history."""

import argparse
import json
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from contracts.dates import parse_instant
from contracts.settings import settings
from identity.clustering.assign_ids import Before, assign_ids
from identity.clustering.stable_ids import founders, nth_id
from identity.matching.model import PersonModel
from identity.matching.rules import SHIPPED, Rules
from lake.columns import add_missing_columns
from lake.local_tables import rows
from lake.overlay import parts, take
from lake.progress import remember
from lake.session import spark_session
from lake.sql_engine import Engine
from lake.tables import ASSIGNMENTS, COMPARABLES, COMPONENTS, EDGES, LIVE, OVERRIDES, RECORDS, REDIRECTS, UNMATCHED
from spark_jobs.resolve.affected_pairs import take_keys_before
from spark_jobs.resolve.changes import (
    FOUNDATION,
    SourceVersions,
    decisions,
    engine_of,
    foundation,
    position,
    take_fresh,
    take_reassigned,
)
from spark_jobs.resolve.comparables_cache import cached_comparables
from spark_jobs.resolve.lake_model import LakeModel, current_model, name_frequencies, train_model
from spark_jobs.resolve.notes import notes
from spark_jobs.resolve.partition import look, partition
from spark_jobs.resolve.uncollected import uncollected
from spark_jobs.resolve.unmatched import freeze, withhold
from spark_jobs.resolve.write import write_evidence, write_identity
from stores.taking_turns import batch_job


@uncollected()
def resolve(spark: SparkSession, lake: str, run_at: datetime, rules: Rules = SHIPPED) -> dict[str, Any]:
    """Brings the identity tables up to date with records and decisions, looking only at what they touch."""
    at = position(spark, lake, rules)
    if at.nothing_new:
        return {"rows_changed": 0, "merges": 0, "identity_notes": {}}
    known = current_model(spark, lake)
    if at.first:
        # Before this run has ended, whatever of it is written by then, nothing can be built upon.
        remember(spark, lake, "resolve", {FOUNDATION: -1})
        add_missing_columns(spark, lake, *parts(COMPARABLES))
    with closing(engine_of(spark, lake)) as engine:
        report = _renew(spark, engine, lake, at, known, rules, run_at)
    # What the next run builds upon: a model that was trained just now is part of it.
    basis = at.now[FOUNDATION] if known else foundation(spark, lake, rules)
    remember(spark, lake, "resolve", at.now | {FOUNDATION: basis})
    return report


def _renew(
    spark: SparkSession,
    engine: Engine,
    lake: str,
    at: SourceVersions,
    known: LakeModel | None,
    rules: Rules,
    run_at: datetime,
) -> dict[str, Any]:
    engine.delta("records", lake, RECORDS)
    engine.delta("unmatched", lake, UNMATCHED)
    names = known.names if known else name_frequencies(engine)
    take_fresh(lake, engine, at, names)
    cached_comparables(engine, lake)
    if not at.first:
        take_keys_before(engine)
    take_reassigned(lake, engine, at)
    before_this = {"components": COMPONENTS, "assigned_before": ASSIGNMENTS, "live": LIVE, "decided": OVERRIDES}
    for name, table in before_this.items():
        engine.delta(name, lake, table)
    engine.let("assigned", "select * from assigned_before")  # asked for many times
    engine.view("claims", "select record_id, profile_id from assigned union all select record_id, profile_id from live")

    used = [known.person] if known else []

    def model() -> PersonModel:
        if not used:
            used.append(train_model(lake, engine, names, run_at))
        return used[0]

    withhold(engine)
    take(engine, lake, EDGES, "edges")
    freeze(engine)
    look(engine, model, rules, at.first)
    changed = write_evidence(engine, lake, at.first)
    before = Before(
        assigned_before(engine, "assigned", "since"),
        assigned_before(engine, "live", "at"),
        {row["old_id"]: row["profile_id"] for row in rows(spark, lake, REDIRECTS)},
    )
    found = partition(engine, rules, at.first, *decisions(spark, lake), before.profile_of, used[0].bars)
    elsewhere = frozenset() if at.first else ids_elsewhere(engine, founders(found.clusters, before.profile_of))
    outcome = assign_ids(found.clusters, before, elsewhere)
    changed += write_identity(spark, engine, lake, outcome, before, rules, run_at, at.first)
    # A merge: a record that came to stand in one profile with others, or a profile that became part of another.
    created = sum(change.kind == "created" for change in outcome.changes)
    arrived = sum(record not in before.assigned for record in outcome.assignments)
    return {
        "rows_changed": changed,
        "merges": arrived - created + sum(change.kind == "merged" for change in outcome.changes),
        "looked_at": len(outcome.assignments),
        "identity_notes": notes(engine, rules, used[0]),
    }


def assigned_before(engine: Engine, table: str, since: str) -> dict[str, tuple[str, datetime]]:
    """record -> (profile, since) of the records that are looked at."""
    found = engine.arrow(
        f"select t.record_id, t.profile_id, t.{since} from {table} t join looked_at l on l.record_id = t.record_id"
    )
    # Runs are few: a time that thousands of records share is made once.
    times = found[since].cast(pa.timestamp("us", "UTC")).combine_chunks().dictionary_encode()
    at = times.dictionary.to_pylist()
    said = zip(found["record_id"].to_pylist(), found["profile_id"].to_pylist(), times.indices.to_pylist(), strict=True)
    return {record: (profile, at[place]) for record, profile, place in said}


def ids_elsewhere(engine: Engine, records: list[str]) -> frozenset[str]:
    """Ids that the records would found, and that profiles have which were not looked at."""
    engine.put("wanted", ["profile_id"], [(nth_id(record, n),) for record in records for n in range(3)])
    held = (
        "select distinct c.profile_id from claims c join wanted w on w.profile_id = c.profile_id"
        " where not exists (select 1 from to_cluster m where m.record_id = c.record_id)"
    )
    return frozenset(profile for (profile,) in engine.rows(held))


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", default=settings().lake_uri)
    parser.add_argument("--run-at", type=lambda text: parse_instant(text, "iso"), default=datetime.now(UTC))
    given = parser.parse_args(args)
    with batch_job(settings()):
        print(json.dumps(resolve(spark_session(settings()), given.lake, given.run_at), indent=2))


if __name__ == "__main__":
    main()
