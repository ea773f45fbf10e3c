"""Writes what a run found, and only where it looked: the rest of each table stays as it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from identity.clustering.assign_ids import Before, history_rows, leads
from identity.clustering.stable_ids import StableIds
from identity.matching.comparables import COMPARABLE_COLUMNS
from identity.matching.rules import Rules
from lake.local_tables import version
from lake.overlay import replace_all, replace_some, take, whole
from lake.sql_engine import Engine, naming
from lake.tables import (
    ASSIGNMENTS,
    COMPARABLES,
    COMPONENTS,
    EDGES,
    HISTORY,
    REDIRECTS,
    REVIEWS,
    Table,
    arrow_schema,
)
from spark_jobs.resolve.affected_pairs import is_affected
from spark_jobs.resolve.comparables_cache import cache_changes
from spark_jobs.resolve.reviews import reviews


def write_evidence(engine: Engine, lake: str, first: bool) -> int:
    """Writes what is known before there are clusters: edges, and a first run's comparables; how many rows changed."""
    # Of pairs that the model finds too unlikely, and no rule joins, there is no evidence: they are not kept.
    edges = "select * from evidence_rows where evidence is not null"
    if first:
        comparables = f"select {', '.join(COMPARABLE_COLUMNS)} from after"
        changed = replace_all(engine, lake, EDGES, "edges", edges)
        return changed + replace_all(engine, lake, COMPARABLES, "comparables", comparables)
    take(engine, lake, EDGES, "edges")
    engine.let("edges_around", _around_looked_at(EDGES, "edges"))
    engine.let("edges_before", f"select * from edges_around w where {is_affected('w')}")
    return replace_some(engine, lake, EDGES, "edges", edges, "edges_before")


def _around_looked_at(pairs: Table, name: str) -> str:
    """SELECT of the table's pairs with an end among the records that were looked at."""
    return whole(name, pairs.struct.fieldNames(), pairs.key, naming("looked_at", "left_id", "right_id"))


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
    """How many rows changed. A day's comparables come last: a run that was killed before finds the same changes
    again."""
    engine.put("owners", ["record_id", "profile_id"], outcome.assignments.items())
    changed = 0
    if outcome.changes:
        history = history_rows(outcome, _pairs_of_moved(engine, outcome), run_at, version(spark, lake, ASSIGNMENTS))
        changed += engine.add(lake, HISTORY, _rows(HISTORY, history))
    if led := leads(outcome, before, lambda ids: _brought(engine, lake, ids)):
        engine.put("led", ["old_id"], [(old,) for old in led])
        engine.give("leads_to", _rows(REDIRECTS, [(old, new) for old, new in led.items() if new]))
        are_led = "exists (select 1 from led where led.old_id = w.old_id)"
        changed += engine.replace(lake, REDIRECTS, "select * from leads_to", are_led)
    engine.give("assignments", _rows(ASSIGNMENTS, _assignments(outcome, before, run_at)))
    looked_at = "true" if first else naming("looked_at", "record_id")
    changed += engine.replace(lake, ASSIGNMENTS, "select * from assignments", looked_at, held="assigned")
    changed += engine.replace(lake, COMPONENTS, "select * from component_of", looked_at)
    waiting = reviews(engine, rules, first)
    if first:
        return changed + replace_all(engine, lake, REVIEWS, "reviews", waiting)
    take(engine, lake, REVIEWS, "reviews")
    engine.let("reviews_before", _around_looked_at(REVIEWS, "reviews"))
    changed += replace_some(engine, lake, REVIEWS, "reviews", waiting, "reviews_before")
    return changed + cache_changes(engine, lake, "changed", "after")


def _assignments(outcome: StableIds, before: Before, run_at: datetime) -> list[tuple[str, str, datetime]]:
    rows, sources = [], [said for said in (before.assigned, before.live) if said]
    for record, profile in outcome.assignments.items():
        since = run_at
        for said in sources:
            if (stood := said.get(record)) and stood[0] == profile:
                since = stood[1]
                break
        rows.append((record, profile, since))
    return rows


def _brought(engine: Engine, lake: str, ids: list[str]) -> dict[str, list[str]]:
    """Of ids that were merged away, the records that the last merge brought along."""
    if not ids:
        return {}
    engine.delta("history", lake, HISTORY)
    engine.put("merged_away", ["old_id"], [(one,) for one in ids])
    found = engine.rows(
        "select h.other_id, h.records from history h join merged_away m on m.old_id = h.other_id"
        " where h.kind = 'merged' order by h.at"
    )
    return dict(found)


def _pairs_of_moved(engine: Engine, outcome: StableIds) -> list[tuple[Any, ...]]:
    """left_id, right_id and weight of the evidence about records that changed their profile."""
    if not (moved := outcome.moved):
        return []
    engine.put("moved_records", ["record_id"], [(record,) for record in moved])
    ends = [
        f"select w.left_id, w.right_id, w.weight from within w join moved_records m on m.record_id = w.{side}_id"
        for side in ("left", "right")
    ]
    return engine.rows(" union ".join(ends))


def _rows(table: Table, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    schema = arrow_schema(table.schema)
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(list(column), field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
