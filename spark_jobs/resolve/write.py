"""Writes what a run found, and only where it looked: the rest of each table stays as it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from spark_jobs.resolve.engine import Engine
from spark_jobs.resolve.rules import Rules
from spark_jobs.resolve.settle import Before, history_rows
from spark_jobs.resolve.stable_ids import StableIds, follow
from spark_jobs.tables import (
    ASSIGNMENTS,
    COMPARABLES,
    COMPONENTS,
    EDGES,
    HISTORY,
    OVERRIDES,
    REDIRECTS,
    REVIEWS,
    Table,
    arrow_schema,
    version,
)


def write_identity(
    spark: SparkSession,
    engine: Engine,
    lake: str,
    outcome: StableIds,
    before: Before,
    rules: Rules,
    run_at: datetime,
    first: bool,
) -> int:
    """The rows that changed. States come last: a run that was killed before finds the same changes again."""
    engine.view("touched_records", "select record_id from reopened union select record_id from changed")

    def replace(table: Table, sql: str, keys: Sequence[str], records: str) -> int:
        return engine.replace(lake, table, sql) if first else engine.replace(lake, table, sql, keys, records)

    engine.put("owners", ["record_id", "profile_id"], outcome.assignments.items())
    changed = replace(EDGES, _edges(rules), ["left_id", "right_id"], "touched_records")
    changed += replace(REVIEWS, _reviews(engine, lake, rules), ["left_id", "right_id"], "looked_at")
    if outcome.changes:
        history = history_rows(outcome, _pairs_of_moved(engine, outcome), run_at, version(spark, lake, ASSIGNMENTS))
        changed += engine.add(lake, HISTORY, _rows(HISTORY, history))
    final = follow({**before.redirects, **outcome.redirects})
    if differing := [(old, new) for old, new in final.items() if before.redirects.get(old) != new]:
        changed += engine.add(lake, REDIRECTS, _rows(REDIRECTS, differing))
    engine.give("assignments", _rows(ASSIGNMENTS, _assignments(outcome, before, run_at)))
    changed += replace(ASSIGNMENTS, "select * from assignments", ["record_id"], "looked_at")
    changed += replace(COMPONENTS, "select * from component_of", ["record_id"], "looked_at")
    return changed + replace(COMPARABLES, "select * from after", ["record_id"], "changed")


def _assignments(outcome: StableIds, before: Before, run_at: datetime) -> list[tuple[str, str, datetime]]:
    rows = []
    for record, profile in outcome.assignments.items():
        stood = [said[record] for said in (before.assigned, before.live) if record in said]
        rows.append((record, profile, next((at for held, at in stood if held == profile), run_at)))
    return rows


def _pairs_of_moved(engine: Engine, outcome: StableIds) -> list[tuple[Any, ...]]:
    """left_id, right_id and weight of what was heard about records that changed their profile."""
    if not (moved := outcome.moved):
        return []
    engine.put("moved_records", ["record_id"], [(record,) for record in moved])
    ends = [
        f"select w.left_id, w.right_id, w.weight from within w join moved_records m on m.record_id = w.{side}_id"
        for side in ("left", "right")
    ]
    return engine.rows(" union ".join(ends))


def _edges(rules: Rules) -> str:
    """The evidence that is kept: shared identifiers, and pairs that the model finds likely enough to be looked at."""
    return (
        "select left_id, right_id, 'probabilistic' as tier, 'person_model' as rule, weight, evidence from scored"
        f" where weight >= {rules.review_from} union all"
        " select left_id, right_id, 'deterministic' as tier, rule, weight, evidence from ruled"
    )


def _reviews(engine: Engine, lake: str, rules: Rules) -> str:
    """Pairs for a steward to decide: near the threshold, or likely and yet kept apart by the rest of their clusters."""
    engine.delta("edges", lake, EDGES)
    engine.delta("decided", lake, OVERRIDES)
    ends = [f"exists (select 1 from looked_at r where r.record_id = e.{side}_id)" for side in ("left", "right")]
    everyone = (
        "(select record_id, profile_id from owners union all select s.record_id, s.profile_id from assigned s"
        " where not exists (select 1 from looked_at r where r.record_id = s.record_id))"
    )
    return (
        f"select e.left_id, e.right_id, e.weight, case when e.weight < {rules.merge_at}"
        " then 'near the threshold' else 'contradicted by other records of the profiles' end as reason,"
        f" e.evidence from edges e join {everyone} a on a.record_id = e.left_id join {everyone} b"
        " on b.record_id = e.right_id and b.profile_id <> a.profile_id"
        f" where e.tier = 'probabilistic' and ({' or '.join(ends)}) and not exists"
        " (select 1 from decided d where d.left_id = e.left_id and d.right_id = e.right_id)"
    )


def _rows(table: Table, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    schema = arrow_schema(table.schema)
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(list(column), field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
