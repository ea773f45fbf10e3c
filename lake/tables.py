"""Every Delta table of the lake: its name, schema, key and properties, and the few ways to read and write one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pyarrow as pa
from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from identity.matching.comparables import COMPARABLES_DDL
from lake.delta_log import log_of, snapshot_of

_IDENTIFIERS = "array<struct<kind:string,value:string>>"
_MAP = "map<string,string>"


@cache
def struct_of(ddl: str) -> StructType:
    """A DDL schema as the type that Spark and Arrow want; Spark's parser takes 5 ms."""
    parsed = StructType.fromDDL(ddl)
    assert isinstance(parsed, StructType)
    return parsed


@dataclass(frozen=True)
class Table:
    """A Delta table: DDL schema, key, and the columns that file statistics may be kept of.

    Statistics live in the log in plain text, so only columns without personal data are listed. A change feed is kept
    where a job follows it: it is a copy of every row that changes.
    """

    name: str
    schema: str
    key: tuple[str, ...]
    statistics: tuple[str, ...] = ()
    feed: bool = True

    @property
    def struct(self) -> StructType:
        return struct_of(self.schema)

    @property
    def properties(self) -> dict[str, str]:
        return {
            "delta.enableChangeDataFeed": str(self.feed).lower(),
            "delta.enableDeletionVectors": "false",
            "delta.dataSkippingStatsColumns": ",".join(self.statistics),
        }


_BRONZE = (
    "channel string, source_key string, content_hash string, payload string, file string, row_number bigint,"
    " batch_id string, received_at timestamp"
)
BRONZE = {
    holds: Table(f"bronze/{name}", _BRONZE, ("channel", "source_key", "content_hash"), ("batch_id", "received_at"))
    for holds, name in {"person": "records", "event": "events", "consent": "consents"}.items()
}
DELIVERIES = Table(
    "bronze/deliveries",
    "batch_id string, channel string, file string, received_at timestamp",
    ("batch_id", "received_at"),
    feed=False,
)
QUARANTINE = Table(
    "bronze/quarantine",
    "quarantine_id string, channel string, file string, row_number bigint, batch_id string, received_at timestamp,"
    " reason string, header array<string>, raw binary, replayed_at timestamp",
    ("quarantine_id",),
    ("batch_id", "received_at"),
)
RECORDS = Table(
    "silver/records",
    "record_id string, channel string, source_key string, observed_at timestamp, given_name string, middle_name string,"
    " family_name string, gender string, birth_date date, birth_year int, birth_typed string, street string,"
    " unit string, city string, postcode string, state string, country string, language string, customer_since date,"
    f" identifiers {_IDENTIFIERS}, verified {_IDENTIFIERS}, proven {_IDENTIFIERS},"
    f" claims array<struct<name:string,value:string,category:string>>, attributes {_MAP}, categories {_MAP},"
    " issues array<string>, content_hash string",
    ("record_id",),
    ("observed_at",),
)
EVENTS = Table(
    "silver/events",
    "event_id string, channel string, type string, occurred_at timestamp, record_id string,"
    f" identifiers {_IDENTIFIERS}, intent string, amount double, properties {_MAP}, categories {_MAP},"
    " issues array<string>, content_hash string",
    ("event_id",),
    ("occurred_at",),
)
CONSENTS = Table(
    "silver/consents",
    "consent_id string, channel string, identifier_kind string, identifier string, purpose string, decision string,"
    " decided_at timestamp, decided_through string, notice string, content_hash string",
    ("consent_id",),
    ("decided_at",),
)
RECTIFICATIONS = Table(
    "silver/rectifications",
    "record_id string, field string, value string, category string, decided_at timestamp",
    ("record_id", "field"),
    ("decided_at",),
)
EDGES = Table(
    "identity/edges",
    "left_id string, right_id string, tier string, rule string, weight double, evidence string",
    ("left_id", "right_id", "rule"),
    ("weight",),
)
COMPARABLES = Table("identity/comparables", COMPARABLES_DDL, ("record_id",), feed=False)
COMPONENTS = Table(
    "identity/components", "record_id string, component string", ("record_id",), ("component",), feed=False
)
ASSIGNMENTS = Table(
    "identity/assignments",
    "record_id string, profile_id string, since timestamp",
    ("record_id",),
    ("profile_id", "since"),
)
HISTORY = Table(
    "identity/history",
    "history_id string, at timestamp, run string, kind string, profile_id string, other_id string,"
    " records array<string>, reason string, evidence string",
    ("history_id",),
    ("at", "profile_id"),
)
REDIRECTS = Table("identity/redirects", "old_id string, profile_id string", ("old_id",), ("old_id", "profile_id"))
REVIEWS = Table(
    "identity/reviews",
    "left_id string, right_id string, weight double, reason string, evidence string",
    ("left_id", "right_id"),
    ("weight",),
)
OVERRIDES = Table(
    "identity/overrides",
    "left_id string, right_id string, kind string, decided_at timestamp",
    ("left_id", "right_id"),
    ("decided_at",),
)
LIVE = Table("identity/live", "record_id string, profile_id string, at timestamp", ("record_id",), ("profile_id", "at"))
UNMATCHED = Table("identity/unmatched", "record_id string, reason string", ("record_id",), ("reason",))
MODELS = Table(
    "identity/models",
    "version string, trained_at timestamp, parameters string, names string",
    ("version",),
    ("trained_at",),
)
PROFILES = Table(
    "gold/profiles",
    "profile_id string, fields array<struct<field:string,value:string,category:string,record_id:string,channel:string,"
    "observed_at:timestamp,rule:string,assurance:string,losing:array<struct<value:string,record_id:string,channel:string,"
    "observed_at:timestamp>>>>, identifiers array<struct<kind:string,value:string,category:string>>,"
    " records array<string>, first_seen timestamp, last_seen timestamp",
    ("profile_id",),
    ("profile_id", "last_seen"),
)
TIMELINE = Table(
    "gold/timeline",
    "event_id string, profile_id string, channel string, type string, occurred_at timestamp, intent string,"
    f" amount double, properties {_MAP}, categories {_MAP}",
    ("event_id",),
    ("profile_id", "occurred_at"),
)
CHANNEL_TRUST = Table("gold/channel_trust", "channel string, trust map<string,int>", ("channel",))
TOMBSTONES = Table("erasure/tombstones", "tombstone string, erasure_id string, at timestamp", ("tombstone",), ("at",))
PROGRESS = Table("progress", "job string, source string, version bigint", ("job", "source"), ("version",), feed=False)


def path(lake: str, table: Table) -> str:
    return f"{lake}/{table.name}"


def exists(spark: SparkSession, lake: str, table: Table) -> bool:
    return version(spark, lake, table) >= 0


def read(spark: SparkSession, lake: str, table: Table) -> DataFrame:
    """The table as it is, or an empty one of its schema before the first write."""
    if exists(spark, lake, table):
        return spark.read.format("delta").load(path(lake, table))
    # From Arrow, Spark knows that it is empty, and plans nothing for it.
    return spark.createDataFrame(arrow_schema(table.schema).empty_table())


def version(spark: SparkSession, lake: str, table: Table) -> int:
    """The newest version of a table; -1 before the first write."""
    return int(snapshot_of(spark, path(lake, table)).version())


def table_id(spark: SparkSession, lake: str, table: Table) -> str | None:
    """The id of a table, which changes when it is created anew; None before the first write."""
    snapshot = snapshot_of(spark, path(lake, table))
    return str(snapshot.metadata().id()) if snapshot.version() >= 0 else None


def hides_rows(spark: SparkSession, lake: str, table: Table) -> bool:
    """Whether a table uses deletion vectors; no writer of ours does."""
    return bool(
        snapshot_of(spark, path(lake, table)).protocol().readerAndWriterFeatureNames().contains("deletionVectors")
    )


def checkpoint(spark: SparkSession, lake: str, table: Table) -> None:
    """Writes a checkpoint, so that earlier log entries are not needed."""
    log_of(spark, path(lake, table)).checkpoint()


def changes(spark: SparkSession, lake: str, table: Table, after: int, until: int) -> DataFrame:
    """The change feed of versions `after`+1 to `until`, with `_change_type` and `_commit_version`."""
    reader = spark.read.format("delta").option("readChangeFeed", "true")
    return reader.option("startingVersion", after + 1).option("endingVersion", until).load(path(lake, table))


def changed_rows(spark: SparkSession, lake: str, table: Table, after: int, until: int) -> DataFrame:
    """The rows, as they are now, that were inserted or updated in those versions."""
    if after < 0:
        return read(spark, lake, table)
    keys = changes(spark, lake, table, after, until).select(*table.key).distinct()
    return read(spark, lake, table).join(keys, list(table.key), "left_semi")


def append(spark: SparkSession, lake: str, table: Table, rows: DataFrame) -> None:
    """Appends rows that the caller knows to be new."""
    create(spark, lake, table)
    rows.select(*_columns(table)).write.format("delta").mode("append").save(path(lake, table))


def write_changes(spark: SparkSession, lake: str, table: Table, rows: DataFrame, deletes: bool = False) -> int:
    """Makes the table hold `rows`, writing only differences, and returns how many rows changed.

    With `deletes`, rows of the table that are missing from `rows` go.
    Nothing different means no commit at all.
    """
    rows = rows.select(*_columns(table))
    if not exists(spark, lake, table):
        append(spark, lake, table, rows)
        return read(spark, lake, table).count()
    found = differing(table, rows, read(spark, lake, table), deletes).localCheckpoint()
    count = found.count()
    if count:
        merge(spark, lake, table, found, deletes)
    return count


def differing(table: Table, rows: DataFrame, held: DataFrame, deletes: bool) -> DataFrame:
    """The rows that are missing or different in `held`; with `deletes` also those that only `held` has, as `_gone`."""
    old = held.select(*table.key, _digest(table).alias("_old"))
    new = rows.withColumn("_new", _digest(table))
    how = "full" if deletes else "left"
    joined = new.join(old, list(table.key), how).where(~F.col("_new").eqNullSafe(F.col("_old")))
    return joined.withColumn("_gone", F.col("_new").isNull()).drop("_new", "_old")


def merge(spark: SparkSession, lake: str, table: Table, rows: DataFrame, deletes: bool) -> None:
    """Merges rows that are known to differ; with `deletes`, deletes those marked `_gone`."""
    on = " AND ".join(f"t.{column} <=> s.{column}" for column in table.key)
    values: dict[str, str | Column] = {column: f"s.{column}" for column in _columns(table)}
    merging = DeltaTable.forPath(spark, path(lake, table)).alias("t").merge(rows.alias("s"), on)
    if deletes:
        merging = merging.whenMatchedDelete("s._gone")
    merging.whenMatchedUpdate(set=values).whenNotMatchedInsert(values=values).execute()


def arrow_schema(ddl: str) -> pa.Schema:
    """A DDL schema for mapInArrow, with timestamps in UTC."""
    return to_arrow_schema(struct_of(ddl), timezone="UTC")


def versions(spark: SparkSession, lake: str, tables: Sequence[Table]) -> dict[str, int]:
    return {table.name: version(spark, lake, table) for table in tables}


def _columns(table: Table) -> list[str]:
    return table.struct.fieldNames()


def _digest(table: Table) -> Column:
    return F.md5(F.to_json(F.struct(*[column for column in _columns(table)])))


def create(spark: SparkSession, lake: str, table: Table) -> None:
    """Creates the empty table if it does not exist."""
    builder = DeltaTable.createIfNotExists(spark).location(path(lake, table)).addColumns(table.struct)
    for name, value in table.properties.items():
        builder = builder.property(name, value)
    builder.execute()
