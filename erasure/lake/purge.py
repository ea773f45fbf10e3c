"""What a deletion leaves behind in Delta, taken away: deletion vectors, old files, change feed, history, statistics.

A DELETE or MERGE only writes new files, or marks rows. The rows stay in the old files, in `_change_data`, and what the
log says of them in its entries, checksums and checkpoints.
"""

import re
from concurrent.futures import ThreadPoolExecutor

import fsspec
from pyspark.sql import SparkSession

from lake.tables import (
    PROGRESS,
    Table,
    checkpoint,
    exists,
    hides_rows,
    path,
    read,
    version,
    write_changes,
)

ENTRY = re.compile(r"^\.?(\d{20})[.-]")
PARALLEL = 3


def purge(spark: SparkSession, lake: str, purged: list[Table]) -> dict[str, tuple[int, int]]:
    """Purges these tables, and returns the former and the new version of each.

    Afterwards a table has one version. Readers of the change feed that were at the old version are moved to the new
    one.
    """
    there = [table for table in purged if exists(spark, lake, table)]
    with ThreadPoolExecutor(PARALLEL) as pool:
        moved = dict(zip(there, pool.map(lambda table: _purge(spark, lake, table), there), strict=True))
    return {table.name: versions for table, versions in moved.items()}


def _purge(spark: SparkSession, lake: str, table: Table) -> tuple[int, int]:
    where = path(lake, table)
    before = version(spark, lake, table)
    if _is_purged(spark, lake, table, before):  # by an erasure that was killed later
        return before, before
    # 1. Rows that deletion vectors hide are rewritten out of their files.
    if hides_rows(spark, lake, table):
        spark.sql(f"REORG TABLE delta.`{where}` APPLY (PURGE)")
    # 2. Files that the state does not name are deleted, including the change feed. (Like VACUUM, without its Spark
    # jobs.)
    _forget_files(spark, lake, table)
    # 3. A last entry that names no file: only it stays in the log beside the checkpoint. From here on statistics are
    #    those of columns without personal data, whatever the table was made with.
    columns = ",".join(table.statistics)
    spark.sql(f"ALTER TABLE delta.`{where}` SET TBLPROPERTIES ('delta.dataSkippingStatsColumns' = '{columns}')")
    # 4. The state as a checkpoint, so that the entries before it are not needed.
    checkpoint(spark, lake, table)
    after = version(spark, lake, table)
    _forget_entries(where, after)
    return before, after


def _is_purged(spark: SparkSession, lake: str, table: Table, newest: int) -> bool:
    """Whether the log holds only the newest version, and there is no file that the table does not use."""
    filesystem, root = fsspec.core.url_to_fs(path(lake, table))
    entries = filesystem.find(f"{root}/_delta_log")
    named = [found for file in entries if (found := ENTRY.match(file.rpartition("/")[2]))]
    if not _has_checkpoint(entries, newest) or any(int(found[1]) != newest for found in named):
        return False
    return not _unnamed(spark, lake, table)


def _has_checkpoint(entries: list[str], newest: int) -> bool:
    stem = f"/{newest:020}.checkpoint"
    return any(stem in file and file.endswith(".parquet") for file in entries)


def _forget_files(spark: SparkSession, lake: str, table: Table) -> None:
    """Removes the files that the state does not name, and the folder of the change feed; names hold a UUID each."""
    filesystem, root = fsspec.core.url_to_fs(path(lake, table))
    for file in _unnamed(spark, lake, table):
        filesystem.rm_file(file)
    if filesystem.isdir(f"{root}/_change_data"):
        filesystem.rm(f"{root}/_change_data", recursive=True)


def _unnamed(spark: SparkSession, lake: str, table: Table) -> list[str]:
    filesystem, root = fsspec.core.url_to_fs(path(lake, table))
    named = {file.rpartition("/")[2] for file in read(spark, lake, table).inputFiles()}
    named |= {f".{name}.crc" for name in named}  # the checksum of Hadoop's local file system
    files = filesystem.find(root)
    return [file for file in files if "/_delta_log/" not in file and file.rpartition("/")[2] not in named]


def _forget_entries(where: str, newest: int) -> None:
    """Removes older versions from the log: entries, checksums, checkpoints; the last step of a purge."""
    filesystem, root = fsspec.core.url_to_fs(where)
    entries = filesystem.find(f"{root}/_delta_log")
    if not _has_checkpoint(entries, newest):
        raise RuntimeError(f"{where}: expected a checkpoint of version {newest}, found none; nothing was removed")
    for file in entries:
        found = ENTRY.match(file.rpartition("/")[2])
        if found and int(found[1]) < newest:
            filesystem.rm_file(file)


def move_on(spark: SparkSession, lake: str, moved: dict[str, tuple[int, int]]) -> int:
    """Moves jobs that had processed a purged table; the others start afresh, since the feed is gone.

    `moved` is each table's version before the erasure and now. Returns how many positions are lost.
    """
    rows = read(spark, lake, PROGRESS).collect()
    kept = []
    for row in rows:
        before, after = moved.get(row.source, (row.version, row.version))
        if row.version in (before, after):
            kept.append((row.job, row.source, after))
    if rows:
        write_changes(spark, lake, PROGRESS, spark.createDataFrame(kept, PROGRESS.struct), deletes=True)
    return len(rows) - len(kept)
