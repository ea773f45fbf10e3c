"""Finds the lake's rows of the people to erase, and deletes them; shared data stays.

Keys are passed in DataFrames, never in SQL text, since Delta writes a statement's conditions into its log.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from channel_files.rows import reread
from consent.tombstones.digests import row_content
from contracts.channel import Channel
from contracts.names import fold
from erasure.answers.lake import answer_of
from erasure.lake.lake_tables import erased_tables
from erasure.people.redaction import ERASED, Redaction
from erasure.people.refused import IsTheirs, RefusedContent, read_row
from erasure.people.subject import Subject, source_keys
from feature_repo.batch import COMPUTED, FEATURES
from lake.gold import golden_profiles
from lake.overlay import parts
from lake.progress import progress
from lake.tables import (
    ASSIGNMENTS,
    BRONZE,
    CHANNEL_TRUST,
    COMPARABLES,
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
    spark: SparkSession, lake: str, subject: Subject, channels: Mapping[str, Channel], theirs: IsTheirs
) -> dict[str, int]:
    """Deletes every row of these people, and returns how many by table; running it again finds none."""
    found: dict[str, int] = {}
    for table, columns, keys in keys_of(subject):
        found[table.name] = found.get(table.name, 0) + _delete(spark, lake, table, columns, keys)
    _delete_bystanders(spark, lake, subject)
    _rename_components(spark, lake, subject.records)
    found[QUARANTINE.name] = _delete_refused(spark, lake, channels, theirs)
    found[HISTORY.name] = _shorten_history(spark, lake, subject.records) + _redact(spark, lake, Redaction(subject))
    found[MODELS.name] = _forget_names(spark, lake, subject.words)
    if subject.rebuilt:
        found |= _rebuild(spark, lake, subject.rebuilt)
    return {name: count for name, count in found.items() if count}


def keys_of(subject: Subject) -> Iterator[tuple[Table, tuple[str, ...], set[tuple[str, ...]]]]:
    """The key columns of their rows, by table, from erasure's answers."""
    for table in erased_tables():
        answer = answer_of(table.name)
        for columns, whose in answer.gone_by.items() if answer else ():
            yield table, tuple(columns.split()), subject.keys(whose)


def _delete_bystanders(spark: SparkSession, lake: str, subject: Subject) -> None:
    """Deletes the results of bystanders' records; the next run ingests them again, as they are now."""
    keys, ids = source_keys(subject.bystanders), [(one,) for one in sorted(subject.bystanders)]
    _delete(spark, lake, BRONZE["person"], ("channel", "source_key"), keys)
    for table in (RECORDS, *parts(COMPARABLES)):
        _delete(spark, lake, table, ("record_id",), ids)
    if ids:
        _delete(spark, lake, PROFILES, ("profile_id",), [(one,) for one in sorted(subject.rebuilt)])


def _delete(
    spark: SparkSession, lake: str, table: Table, columns: tuple[str, ...], keys: Iterable[tuple[str, ...]]
) -> int:
    rows = sorted(keys)
    if not rows or not exists(spark, lake, table):
        return 0
    return delete_keys(spark, lake, table, columns, keyed(spark, columns, rows))


def delete_keys(spark: SparkSession, lake: str, table: Table, columns: Iterable[str], keys: DataFrame) -> int:
    """Deletes the rows of a table that name one of these keys, each once; how many they were."""
    count = read(spark, lake, table).join(F.broadcast(keys), list(columns), "left_semi").count()
    if count:
        on = " AND ".join(f"t.{column} = s.{column}" for column in columns)
        merge = DeltaTable.forPath(spark, path(lake, table)).alias("t").merge(keys.alias("s"), on)
        merge.whenMatchedDelete().execute()
    return count


def keyed(spark: SparkSession, columns: Iterable[str], rows: Collection[tuple[str, ...]]) -> DataFrame:
    """Keys as a DataFrame of text columns, each once."""
    # From Arrow it is a local relation, which Spark broadcasts as it is; from rows it would take a job each time.
    schema = pa.schema([(column, pa.string()) for column in columns])
    lists = zip(*sorted(set(rows)), strict=True) if rows else [[]] * len(schema)
    return spark.createDataFrame(pa.table([pa.array(values, pa.string()) for values in lists], schema=schema))


def keys_where(rows: DataFrame, key: str, theirs: Callable[[Mapping[str, Any]], bool]) -> set[str]:
    """The keys of the rows that are theirs, as each row by itself says."""
    schema = pa.schema([("id", pa.string())])

    def chosen(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            found = [{"id": row[key]} for row in batch.to_pylist() if theirs(row)]
            yield pa.RecordBatch.from_pylist(found, schema=schema)

    return {row.id for row in rows.mapInArrow(chosen, "id string").distinct().collect()}


def _delete_refused(spark: SparkSession, lake: str, channels: Mapping[str, Channel], theirs: IsTheirs) -> int:
    ids = {(quarantine_id,) for quarantine_id in refused_rows(spark, lake, channels, theirs)}
    return _delete(spark, lake, QUARANTINE, ("quarantine_id",), ids)


def refused_rows(spark: SparkSession, lake: str, channels: Mapping[str, Channel], theirs: IsTheirs) -> dict[str, str]:
    """Refused rows of these people, as far as these can be read: id -> `row_content`."""
    if not exists(spark, lake, QUARANTINE):
        return {}
    schema = pa.schema([("quarantine_id", pa.string()), ("content", pa.string())])
    known = dict(channels)

    def find(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            found = [
                {"quarantine_id": row["quarantine_id"], "content": row_content(row["channel"], row["raw"])}
                for row in batch.to_pylist()
                if _is_theirs(row)
            ]
            yield pa.RecordBatch.from_pylist(found, schema=schema)

    def _is_theirs(row: Mapping[str, Any]) -> bool:
        contract = known.get(row["channel"])
        payload = reread(contract, 0, row["raw"], row["header"]).payload if contract else None
        return bool(row["raw"]) and theirs(row["raw"], read_row(contract, payload) if contract else RefusedContent())

    rows = read(spark, lake, QUARANTINE).select("quarantine_id", "channel", "raw", "header")
    found = rows.mapInArrow(find, "quarantine_id string, content string").collect()
    return {row.quarantine_id: row.content for row in found}


def _redact(spark: SparkSession, lake: str, redaction: Redaction) -> int:
    """Redacts names and identifiers in free-text reasons of rows that stay."""
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
    """A component is named by one of its records; if that is erased, by the first remaining one."""
    if not exists(spark, lake, COMPONENTS):
        return
    gone = keyed(spark, ["component"], [(one,) for one in records])
    left = read(spark, lake, COMPONENTS).join(F.broadcast(gone), "component", "left_semi")
    first = left.groupBy("component").agg(F.min("record_id").alias("first"))
    renamed = left.join(first, "component").select("record_id", F.col("first").alias("component"))
    write_changes(spark, lake, COMPONENTS, renamed.localCheckpoint())


def _shorten_history(spark: SparkSession, lake: str, records: set[str]) -> int:
    """Removes their records from history; rows that named no other are deleted."""
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
    """Removes names from the model that nobody has any more: they would identify a person."""
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
    """Profiles that go on without the erased records, as the jobs would compute them; one of no other record goes."""
    wanted = keyed(spark, ["profile_id"], [(one,) for one in profile_ids])
    assignments = read(spark, lake, ASSIGNMENTS).join(F.broadcast(wanted), "profile_id", "left_semi")
    trust = {
        (row.channel, field): weight
        for row in read(spark, lake, CHANNEL_TRUST).collect()
        for field, weight in row.trust.items()
    }
    rectified = read(spark, lake, RECTIFICATIONS)
    golden = golden_profiles(read(spark, lake, RECORDS), assignments, trust, rectified).localCheckpoint()
    ended = profile_ids - {row.profile_id for row in golden.select("profile_id").collect()}
    for table in (PROFILES, *FEATURES.values()):
        _delete(spark, lake, table, ("profile_id",), [(one,) for one in ended])
    found = {PROFILES.name: write_changes(spark, lake, PROFILES, golden)}
    state = progress(spark, lake, "features")
    if "as_of" in state:
        as_of = datetime.fromtimestamp(state["as_of"] / 1e6, UTC)
        timeline = read(spark, lake, TIMELINE).join(F.broadcast(wanted), "profile_id", "left_semi")
        for view, compute in COMPUTED.items():
            found[FEATURES[view].name] = write_changes(spark, lake, FEATURES[view], compute(golden, timeline, as_of))
    return found
