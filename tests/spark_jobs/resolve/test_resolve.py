"""The resolve job on a lake of a few records."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pyspark.sql import SparkSession

from identity.matching.rules import SHIPPED
from lake import overlay
from lake.overlay import read_whole
from lake.tables import (
    ASSIGNMENTS,
    COMPARABLES,
    COMPONENTS,
    EDGES,
    HISTORY,
    LIVE,
    MODELS,
    OVERRIDES,
    RECORDS,
    REDIRECTS,
    REVIEWS,
    Table,
    path,
    read,
    write_changes,
)
from spark_jobs.resolve import __main__ as job
from spark_jobs.resolve import driver_engine
from spark_jobs.resolve.__main__ import resolve
from spark_jobs.resolve.lake_engine import LakeEngine
from spark_jobs.resolve.preview import preview
from tests.spark_jobs.silver import PERSON, person_channel, records

NOW = datetime(2026, 1, 2, tzinfo=UTC)
HOME = {"street": "12 rue des Lilas", "phone": "0199000123"}
ANNA = {"id": "1", "given": "Anna", "family": "Roux", "born": "1980-03-02", "mail": "anna.roux@mail.example", **HOME}
ANNA_AGAIN = {"id": "2", "given": "Anna", "family": "Roux", "mail": "anna.roux@mail.example"}
LUC = {"id": "3", "given": "Luc", "family": "Roux", "born": "1978-05-06", "mail": "famille.roux@mail.example", **HOME}
ZOE = {"id": "4", "given": "Zoé", "family": "Roux", "born": "2010-07-08", "mail": "famille.roux@mail.example", **HOME}
LUC_AGAIN = {"id": "0", "given": "Luc", "family": "Roux", "born": "1978-05-06", **HOME}


def owners(spark: SparkSession, lake: str) -> dict[str, str]:
    return {row.record_id: row.profile_id for row in read(spark, lake, ASSIGNMENTS).collect()}


def rows(spark: SparkSession, lake: str, table: Table, *columns: str) -> set[tuple[object, ...]]:
    return {tuple(row) for row in read_whole(spark, lake, table).select(*columns).collect()}


def parts(owner_of: dict[str, str]) -> set[frozenset[str]]:
    return {frozenset(r for r, p in owner_of.items() if p == profile) for profile in owner_of.values()}


def test_a_lake_through_its_days_ends_where_a_rebuild_does(spark: SparkSession, lake: str) -> None:
    # 1. One person is joined, a household is not; a second run changes no row.
    write_changes(spark, lake, RECORDS, records(spark, ANNA, ANNA_AGAIN, LUC, ZOE))
    first = resolve(spark, lake, NOW)
    found = owners(spark, lake)
    assert found["crm:1"] == found["crm:2"]
    assert len(set(found.values())) == 3
    assert first["merges"] == 1
    assert {row.kind for row in read(spark, lake, HISTORY).collect()} == {"created"}
    assert ("crm:1", "crm:2") in rows(spark, lake, EDGES, "left_id", "right_id")
    assert resolve(spark, lake, NOW)["rows_changed"] == 0

    # 2. A record that arrives later joins its person, who has moved, and whose id stays; the rest is not looked at.
    write_changes(spark, lake, RECORDS, records(spark, LUC_AGAIN, {**LUC, "street": "14 rue des Lilas"}))
    second = resolve(spark, lake, NOW + timedelta(days=1))
    after = owners(spark, lake)
    assert after["crm:0"] == after["crm:3"]
    assert {record: after[record] for record in found} == found
    assert second["merges"] == 1
    assert second["looked_at"] < 5

    # 3. A steward's decisions hold, where no record changed, and what happened live stands.
    decided = [("crm:1", "crm:2", "different", NOW), ("crm:3", "crm:4", "same", NOW)]
    write_changes(spark, lake, OVERRIDES, spark.createDataFrame(decided, OVERRIDES.struct))
    live = [("crm:2", "p_live", NOW), ("crm:4", after["crm:3"], NOW)]
    write_changes(spark, lake, LIVE, spark.createDataFrame(live, LIVE.struct))
    resolve(spark, lake, NOW + timedelta(days=2))
    settled = owners(spark, lake)
    assert settled == {**after, "crm:2": "p_live", "crm:4": after["crm:3"]}
    assert rows(spark, lake, REDIRECTS, "old_id", "profile_id") == {(after["crm:4"], after["crm:3"])}
    assert ("crm:1", "crm:2") not in rows(spark, lake, REVIEWS, "left_id", "right_id")

    # 4. A changed record leaves its person; the history says so, with the evidence.
    write_changes(spark, lake, RECORDS, records(spark, {**LUC_AGAIN, "given": "Marie", "born": "1950-01-01"}))
    resolve(spark, lake, NOW + timedelta(days=3))
    moved = owners(spark, lake)
    assert moved["crm:0"] not in set(settled.values())
    split = next(row for row in read(spark, lake, HISTORY).collect() if row.kind == "split")
    assert (split.profile_id, split.other_id, split.records) == (moved["crm:0"], settled["crm:3"], ["crm:0"])
    assert split.evidence is None or json.loads(split.evidence)["left_id"] == "crm:0"

    # 5. All of it is what a rebuild of the same records and decisions finds, under the same model.
    other = f"{lake}-rebuilt"
    for table in (RECORDS, OVERRIDES, MODELS):
        write_changes(spark, other, table, read(spark, lake, table))
    resolve(spark, other, NOW)
    for table, columns in (
        (EDGES, ("left_id", "right_id", "rule", "weight")),
        (COMPONENTS, ("record_id", "component")),
        (REVIEWS, ("left_id", "right_id", "weight", "reason")),
    ):
        assert rows(spark, other, table, *columns) == rows(spark, lake, table, *columns)
    assert parts(owners(spark, other)) == parts(moved)

    # 6. A preview of stricter rules tells what they would part, and writes nothing.
    strict = SHIPPED.model_copy(update={"merge_at": 19.0})
    told = preview(spark, lake, strict)
    assert told["merges"] == []
    assert told["profiles_now"] == len(set(moved.values()))
    assert owners(spark, lake) == moved


def test_two_typed_national_ids_may_be_one_persons_two_verified_ones_are_not(spark: SparkSession, lake: str) -> None:
    same = {"given": "Anna", "family": "Roux", "born": "1980-03-02", "mail": "anna.roux@mail.example", **HOME}
    one, other = {"id": "1", "tax": "123456789", **same}, {"id": "2", "tax": "123470000", **same}
    write_changes(spark, lake, RECORDS, records(spark, one, other))
    resolve(spark, lake, NOW)
    assert len(set(owners(spark, lake).values())) == 1

    verified = {**PERSON, "tax": {**PERSON["tax"], "verified": True}}
    write_changes(spark, lake, RECORDS, records(spark, one, other, channel=person_channel(columns=verified)))
    resolve(spark, lake, NOW)
    assert len(set(owners(spark, lake).values())) == 2


def test_a_lake_whose_states_and_model_are_of_before_learns_anew_and_keeps_its_profiles(
    spark: SparkSession, lake: str
) -> None:
    write_changes(spark, lake, RECORDS, records(spark, ANNA, ANNA_AGAIN, LUC, ZOE))
    resolve(spark, lake, NOW)
    before = owners(spark, lake)
    held = read(spark, lake, COMPARABLES).drop("whole_birth", "whole_year", "tf_birth").localCheckpoint()
    held.write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(path(lake, COMPARABLES))
    (model,) = read(spark, lake, MODELS).collect()
    parameters = json.loads(model.parameters)
    del parameters["comparisons"]["given_name"][2]
    old = model.asDict() | {"parameters": json.dumps(parameters)}
    write_changes(spark, lake, MODELS, spark.createDataFrame([old], MODELS.struct))
    write_changes(spark, lake, RECORDS, records(spark, LUC_AGAIN))
    resolve(spark, lake, NOW + timedelta(days=1))
    after = owners(spark, lake)
    assert after.items() >= before.items() and len(set(after.values())) == len(set(before.values()))
    assert {row.whole_birth for row in read(spark, lake, COMPARABLES).collect()} >= {"1980-03-02", "1978-05-06"}
    models = sorted(read(spark, lake, MODELS).collect(), key=lambda one: one.trained_at)
    assert models[-1].trained_at > model.trained_at


def test_spark_resolves_a_lake_elsewhere_as_the_driver_does_one_here(
    spark: SparkSession, lake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = f"{lake}-elsewhere"
    used: list[str] = []
    for day in ([ANNA, ANNA_AGAIN, LUC], [ZOE, LUC_AGAIN, {**ANNA, "street": "3 quai Sud"}]):
        for where in (lake, elsewhere):
            write_changes(spark, where, RECORDS, records(spark, *day))
        resolve(spark, lake, NOW)
        with monkeypatch.context() as patched:
            patched.setattr(job, "engine_of", lambda spark, lake: used.append(lake) or LakeEngine(spark))
            resolve(spark, elsewhere, NOW)
        assert owners(spark, lake) == owners(spark, elsewhere)
        told = (EDGES, "left_id", "right_id", "rule", "weight"), (COMPONENTS, "record_id", "component")
        for table, *columns in told:
            assert rows(spark, lake, table, *columns) == rows(spark, elsewhere, table, *columns)
    assert used == [elsewhere, elsewhere]


@pytest.mark.parametrize("broken", [EDGES, overlay.parts(EDGES)[1], ASSIGNMENTS, REVIEWS], ids=lambda table: table.name)
def test_what_a_failed_run_left_behind_the_next_one_makes_good(
    spark: SparkSession, lake: str, monkeypatch: pytest.MonkeyPatch, broken: Table
) -> None:
    undisturbed = f"{lake}-undisturbed"
    strict = SHIPPED.model_copy(update={"merge_at": 19.0})  # so that a pair waits for a steward
    tables = (
        (EDGES, "left_id", "right_id", "rule", "weight"),
        (REVIEWS, "left_id", "right_id", "weight", "reason"),
        (HISTORY, "history_id", "kind"),
        (COMPARABLES, "record_id"),
    )
    for day in ([ANNA, LUC, ZOE], [LUC_AGAIN, {**ANNA, "street": "3 quai Sud"}]):
        for where in (lake, undisturbed):
            write_changes(spark, where, RECORDS, records(spark, *day))
        with monkeypatch.context() as patched:
            for name in ("append", "merge"):
                write = getattr(driver_engine, name)
                patched.setattr(driver_engine, name, _failing(write, broken))
            with pytest.raises(OSError, match="disk full"):
                resolve(spark, lake, NOW, strict)
        for where in (lake, undisturbed):
            resolve(spark, where, NOW, strict)
        assert owners(spark, lake) == owners(spark, undisturbed)
        for table, *columns in tables:
            assert rows(spark, lake, table, *columns) == rows(spark, undisturbed, table, *columns)
            assert read_whole(spark, lake, table).count() == read_whole(spark, undisturbed, table).count()


def _failing(write: Callable[..., None], broken: Table) -> Callable[..., None]:
    def put(lake: str, table: Table, rows: object) -> None:
        if table == broken:
            raise OSError("disk full")
        write(lake, table, rows)

    return put
