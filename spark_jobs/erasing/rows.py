"""Which rows of the lake are of the people to erase, and their deletion; what others share with them stays.

Keys travel in DataFrames, never in SQL text: Delta writes a statement's conditions into its log.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from consent.erasure.answers.lake import answer_of
from consent.erasure.redaction import ERASED, Redaction
from consent.erasure.refused import Claim, Reading, read_row
from consent.erasure.subject import Subject
from contracts.channel import Channel
from contracts.names import fold
from spark_jobs.erasing.lake_tables import erased_tables
from spark_jobs.features import COMPUTED, FEATURES
from spark_jobs.files import reread
from spark_jobs.profiles import golden_profiles
from spark_jobs.progress import progress
from spark_jobs.tables import (
    ASSIGNMENTS,
    CHANNEL_TRUST,
    COMPONENTS,
    HISTORY,
    MODELS,
    PROFILES,
    QUARANTINE,
    RECORDS,
    RECTIFICATIONS,
    TIMELINE,
    Table,
    exists,
    path,
    read,
    write_changes,
)


def erase_rows(
    spark: SparkSession, lake: str, subject: Subject, channels: Mapping[str, Channel], theirs: Claim
) -> dict[str, int]:
    """Deletes every row of these people, and says how many by table; done again it finds none."""
    found: dict[str, int] = {}
    for table, columns, keys in keys_of(subject):
        found[table.name] = found.get(table.name, 0) + _delete(spark, lake, table, columns, keys)
    _rename_components(spark, lake, subject.records)
    found[QUARANTINE.name] = _delete_refused(spark, lake, channels, theirs)
    found[HISTORY.name] = _shorten_history(spark, lake, subject.records) + _redact(spark, lake, Redaction(subject))
    found[MODELS.name] = _forget_names(spark, lake, subject.words)
    if subject.rebuilt:
        found |= _rebuild(spark, lake, subject.rebuilt)
    return {name: count for name, count in found.items() if count}


def keys_of(subject: Subject) -> Iterator[tuple[Table, tuple[str, ...], set[tuple[str, ...]]]]:
    """By which columns rows of which tables are theirs, as erasure's answers say."""
    for table in erased_tables():
        answer = answer_of(table.name)
        for columns, whose in answer.gone_by.items() if answer else ():
            yield table, tuple(columns.split()), subject.keys(whose)


def _delete(
    spark: SparkSession, lake: str, table: Table, columns: tuple[str, ...], keys: Iterable[tuple[str, ...]]
) -> int:
    rows = sorted(keys)
    if not rows or not exists(spark, lake, table):
        return 0
    wanted = keyed(spark, columns, rows)
    count = read(spark, lake, table).join(F.broadcast(wanted), list(columns), "left_semi").count()
    if count:
        on = " AND ".join(f"t.{column} = s.{column}" for column in columns)
        merge = DeltaTable.forPath(spark, path(lake, table)).alias("t").merge(wanted.alias("s"), on)
        merge.whenMatchedDelete().execute()
    return count


def keyed(spark: SparkSession, columns: Iterable[str], rows: Iterable[Any]) -> DataFrame:
    """Keys as a DataFrame of text columns."""
    return spark.createDataFrame(sorted(rows), ", ".join(f"{column} string" for column in columns)).distinct()


def _delete_refused(spark: SparkSession, lake: str, channels: Mapping[str, Channel], theirs: Claim) -> int:
    """Refused rows of these people, as far as a row that breaks its contract can be read."""
    if not exists(spark, lake, QUARANTINE):
        return 0
    schema = pa.schema([("quarantine_id", pa.string())])
    known = dict(channels)

    def find(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            found = [{"quarantine_id": row["quarantine_id"]} for row in batch.to_pylist() if _is_theirs(row)]
            yield pa.RecordBatch.from_pylist(found, schema=schema)

    def _is_theirs(row: Mapping[str, Any]) -> bool:
        contract = known.get(row["channel"])
        payload = reread(contract, 0, row["raw"], row["header"]).payload if contract else None
        return bool(row["raw"]) and theirs(row["raw"], read_row(contract, payload) if contract else Reading())

    rows = read(spark, lake, QUARANTINE).select("quarantine_id", "channel", "raw", "header")
    ids = {(row.quarantine_id,) for row in rows.mapInArrow(find, "quarantine_id string").collect()}
    return _delete(spark, lake, QUARANTINE, ("quarantine_id",), ids)


def _redact(spark: SparkSession, lake: str, redaction: Redaction) -> int:
    """Takes names and identifiers out of what people wrote as a reason, in lines that stay."""
    if not exists(spark, lake, HISTORY):
        return 0
    reasons = [row.reason for row in read(spark, lake, HISTORY).select("reason").distinct().collect() if row.reason]
    changed = [(said, left) for said in reasons if (left := redaction(said)) != said]
    if not changed:
        return 0
    replaced = spark.createDataFrame(changed, "reason string, said string")
    rows = read(spark, lake, HISTORY).join(F.broadcast(replaced), "reason")
    return write_changes(spark, lake, HISTORY, rows.withColumn("reason", F.col("said")).localCheckpoint())


def _rename_components(spark: SparkSession, lake: str, records: set[str]) -> None:
    """A component is called by one of its records; where that is erased, by the first of those that stay."""
    if not exists(spark, lake, COMPONENTS):
        return
    gone = keyed(spark, ["component"], [(one,) for one in records])
    left = read(spark, lake, COMPONENTS).join(F.broadcast(gone), "component", "left_semi")
    first = left.groupBy("component").agg(F.min("record_id").alias("first"))
    renamed = left.join(first, "component").select("record_id", F.col("first").alias("component"))
    write_changes(spark, lake, COMPONENTS, renamed.localCheckpoint())


def _shorten_history(spark: SparkSession, lake: str, records: set[str]) -> int:
    """History names records: theirs leave it, and a line that named no other goes."""
    if not exists(spark, lake, HISTORY):
        return 0
    wanted = keyed(spark, ["record_id"], [(one,) for one in records])
    history = read(spark, lake, HISTORY)
    named = history.select("history_id", F.explode("records").alias("record_id"))
    touched = named.join(F.broadcast(wanted), "record_id", "left_semi").select("history_id").distinct()
    left = named.join(F.broadcast(wanted), "record_id", "left_anti").groupBy("history_id")
    kept = left.agg(F.sort_array(F.collect_list("record_id")).alias("remaining"))
    found = touched.join(kept, "history_id", "left").localCheckpoint()
    count = found.count()
    if count:
        merge = (
            DeltaTable.forPath(spark, path(lake, HISTORY))
            .alias("t")
            .merge(found.alias("s"), "t.history_id = s.history_id")
        )
        said = F.when(F.col("t.run").startswith("live:"), F.lit(ERASED)).otherwise(F.col("t.reason"))
        merge.whenMatchedDelete("s.remaining IS NULL").whenMatchedUpdate(
            set={"records": F.col("s.remaining"), "evidence": F.lit(None), "reason": said}
        ).execute()
    return count


def _forget_names(spark: SparkSession, lake: str, words: set[str]) -> int:
    """The model counts names; one that nobody bears any more is no count, but a person."""
    if not words or not exists(spark, lake, MODELS):
        return 0
    rows = [row.asDict() for row in read(spark, lake, MODELS).collect()]
    changed = [row | {"names": names} for row in rows if (names := without_names(row["names"], words)) != row["names"]]
    if changed:
        write_changes(spark, lake, MODELS, spark.createDataFrame(changed, MODELS.struct))
    return len(changed)


def without_names(names: str, words: set[str]) -> str:
    """A model's name frequencies without those that hold one of these words; unchanged text where there is none."""
    gone = {fold(word) for word in words}
    said = json.loads(names)
    kept = {
        role: {name: share for name, share in counted.items() if gone.isdisjoint({*fold(name).split(), name})}
        for role, counted in said.items()
    }
    return names if kept == said else json.dumps(kept)


def _rebuild(spark: SparkSession, lake: str, profile_ids: set[str]) -> dict[str, int]:
    """Profiles that go on without the erased records, as the jobs would compute them."""
    wanted = keyed(spark, ["profile_id"], [(one,) for one in profile_ids])
    assignments = read(spark, lake, ASSIGNMENTS).join(F.broadcast(wanted), "profile_id", "left_semi")
    trust = {
        (row.channel, field): weight
        for row in read(spark, lake, CHANNEL_TRUST).collect()
        for field, weight in row.trust.items()
    }
    rectified = read(spark, lake, RECTIFICATIONS)
    golden = golden_profiles(read(spark, lake, RECORDS), assignments, trust, rectified).localCheckpoint()
    found = {PROFILES.name: write_changes(spark, lake, PROFILES, golden)}
    state = progress(spark, lake, "features")
    if "as_of" in state:
        as_of = datetime.fromtimestamp(state["as_of"] / 1e6, UTC)
        timeline = read(spark, lake, TIMELINE).join(F.broadcast(wanted), "profile_id", "left_semi")
        for view, compute in COMPUTED.items():
            found[FEATURES[view].name] = write_changes(spark, lake, FEATURES[view], compute(golden, timeline, as_of))
    return found
