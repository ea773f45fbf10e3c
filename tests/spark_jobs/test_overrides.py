"""What people decide between two batches is in the next one, and in every one after it."""

from datetime import UTC, datetime
from typing import Any

from pyspark.sql import SparkSession
from sqlalchemy import Engine, insert, update

from lake.tables import HISTORY, LIVE, OVERRIDES, REDIRECTS, Table, read, write_changes
from spark_jobs.overrides import pull
from stores import schema

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def rows(spark: SparkSession, lake: str, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in read(spark, lake, table).select(*columns).collect())


def test_decisions_in_force_and_live_assignments_are_copied_history_is_added_and_ids_lead_where_they_lead_live(
    spark: SparkSession, lake: str, engine: Engine
) -> None:
    assert pull(spark, engine, lake, NOW) == {"rows_changed": 0}
    write_changes(spark, lake, REDIRECTS, spark.createDataFrame([("p_gone", "p_newer")], REDIRECTS.struct))
    word = {"left_id": "crm:1", "kind": "same", "decided_by": "steward", "decided_at": NOW, "reason": "r"}
    happened = {"at": NOW, "kind": "merged", "profile_id": "p_1", "records": ["crm:2"], "reason": "r"}
    with engine.begin() as connection:
        for right in ("crm:2", "crm:3"):
            connection.execute(insert(schema.overrides).values(word | {"right_id": right, "decision_id": "d"}))
        live = {"record_id": "crm:2", "profile_id": "p_1", "at": NOW}
        connection.execute(insert(schema.live_assignments).values(live))
        for name, other, actor in (("h1", "p_2", "steward"), ("h2", "p_gone", "steward"), ("h3", "p_3", "resolve")):
            said = happened | {"history_id": name, "other_id": other, "actor": actor, "evidence": {"decision_id": "d"}}
            connection.execute(insert(schema.identity_history).values(said))
            connection.execute(insert(schema.redirects).values(old_id=other, profile_id="p_1"))
    assert pull(spark, engine, lake, NOW) == {"rows_changed": 8}
    assert pull(spark, engine, lake, NOW) == {"rows_changed": 0}
    assert rows(spark, lake, HISTORY, "history_id", "run", "records") == [
        ("h1", "live:steward", ["crm:2"]),
        ("h2", "live:steward", ["crm:2"]),
    ]
    assert rows(spark, lake, REDIRECTS, "old_id", "profile_id") == [
        ("p_2", "p_1"),
        ("p_3", "p_1"),
        ("p_gone", "p_1"),
    ], "p_3 leads to what changed live; where p_1 leads by now, resolve follows"
    with engine.begin() as connection:
        revoked = update(schema.overrides).where(schema.overrides.c.right_id == "crm:3").values(revoked_at=NOW)
        connection.execute(revoked)
        connection.execute(schema.live_assignments.delete())
    assert pull(spark, engine, lake, NOW) == {"rows_changed": 2}
    assert rows(spark, lake, OVERRIDES, "left_id", "right_id", "kind") == [("crm:1", "crm:2", "same")]
    assert rows(spark, lake, LIVE, "record_id") == []
