"""How fast the resolve job is: a first run, a small day on top, a hot key, beside plain Splink on the same records."""

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table

from benchmarks.generate.run import generate
from benchmarks.memory import PeakMemory
from benchmarks.peer import ADVISED_PAIRS, COLUMNS, plain_splink_seconds
from contracts.channel import Channel
from contracts.loading import load_channels
from contracts.reading import RefusedRow
from contracts.settings import settings
from contracts.standard import person_record
from lake.session import spark_session
from lake.tables import RECORDS, arrow_schema, read, write_changes
from spark_jobs.resolve.__main__ import resolve

CONTRACTS = Path(__file__).parents[1] / "examples/sample"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 20_000
DEFAULT_PAIRS = 1e6
"""Splink's default of random pairs for u, of which it warns that it may be too few."""


def standardised(channel: Channel, schema: pa.Schema, rows: list[dict[str, str]]) -> pa.Table:
    """Raw rows of a channel as silver records; what the contract refuses is left out."""
    found = []
    for row in rows:
        try:
            found.append(person_record(channel, row, NOW).as_row() | {"content_hash": "x"})
        except RefusedRow:
            continue
    return pa.Table.from_pylist(found, schema=schema)


def chunks(folder: Path, channel: Channel) -> Iterator[list[dict[str, str]]]:
    for path in sorted(folder.glob(channel.files)):
        with path.open(encoding=channel.encoding, newline="") as file:
            rows = csv.DictReader(file, delimiter=channel.delimiter)
            while part := list(islice(rows, ROWS)):
                yield part


def make_records(people: int, folder: Path) -> Path:
    """A Parquet file of the records of so many invented people, newest version each."""
    out = folder / f"records-{people}.parquet"
    if out.exists():
        return out
    generate(people, 7, folder / "sources")
    schema = arrow_schema(RECORDS.schema)
    part = out.with_suffix(".part")
    with ProcessPoolExecutor(2, get_context("spawn")) as pool, pq.ParquetWriter(part, schema) as writer:
        for channel in load_channels(CONTRACTS).values():
            if "person" in channel.holds and channel.format == "csv":
                work = partial(standardised, channel, schema)
                for table in pool.map(work, chunks(folder / "sources", channel)):
                    writer.write_table(table)
    return part.rename(out)


def one_a_key(records: DataFrame) -> DataFrame:
    return records.dropDuplicates(["record_id"])


def a_day(records: DataFrame, share: float) -> DataFrame:
    """A share of the records, half of them as new ones of the same people, half changed."""
    some = records.where(F.pmod(F.xxhash64("record_id"), F.lit(100_000)) < share * 100_000)
    new = F.pmod(F.xxhash64("source_key"), F.lit(2)) == 0
    key = F.when(new, F.concat(F.lit("day-"), "source_key")).otherwise(F.col("source_key"))
    street = F.when(new, F.col("street")).otherwise(F.concat(F.lit("7 "), F.coalesce("street", F.lit("rue Neuve"))))
    some = some.withColumns({"source_key": key, "street": street})
    return some.withColumn("record_id", F.concat_ws(":", "channel", "source_key"))


def hot(records: DataFrame, holders: int) -> DataFrame:
    """New records of as many people, all with one e-mail."""
    kind = F.struct(F.lit("email").alias("kind"), F.lit("everybody@mail.example").alias("value"))
    key = F.concat(F.lit("hot-"), "source_key")
    some = records.orderBy("record_id").limit(holders).withColumns({"source_key": key, "identifiers": F.array(kind)})
    return some.withColumn("record_id", F.concat_ws(":", "channel", "source_key"))


def run(spark: SparkSession, against: str | None, made: Path, lake: str) -> dict[str, Any]:
    records = one_a_key(spark.read.schema(RECORDS.struct).parquet(str(made)))
    write_changes(spark, lake, RECORDS, records)
    found: dict[str, Any] = {"records": read(spark, lake, RECORDS).count(), "seconds": {}}
    with PeakMemory() as memory:
        days = [
            ("full", None),
            ("day of 1 %", partial(a_day, share=0.01)),
            ("1,000 with one e-mail", partial(hot, holders=1_000)),
        ]
        for number, (name, day) in enumerate(days):
            if day:
                came = day(records)
                write_changes(spark, lake, RECORDS, came)
                found[f"records, {name}"] = came.count()
            found["seconds"][name] = _timed(spark, lake, NOW + timedelta(days=number))
    found["peak_rss_mb"] = round(memory.peak / 2**20)
    frame: pd.DataFrame = (
        read(spark, lake, RECORDS).where("source_key not like 'day-%'").select(*COLUMNS).toPandas()
        if against
        else pd.DataFrame()
    )
    spark.stop()
    if against:
        with PeakMemory() as memory:
            found["splink"] = {"seconds": plain_splink_seconds(frame, ADVISED_PAIRS), "peak_rss_mb": 0}
            trained_on_few = plain_splink_seconds(frame, DEFAULT_PAIRS)
            found["splink"]["seconds"]["total, as many random pairs as by default"] = trained_on_few["total"]
        found["splink"]["peak_rss_mb"] = round(memory.peak / 2**20)
    return found


def _timed(spark: SparkSession, lake: str, at: datetime) -> float:
    start = time.perf_counter()
    resolve(spark, lake, at)
    return round(time.perf_counter() - start, 2)


def show(found: dict[str, Any]) -> None:
    table = Table("", "this", "plain Splink on DuckDB")
    peer = found.get("splink", {"seconds": {}})
    for key, value in found.items():
        if key not in ("seconds", "splink"):
            table.add_row(key.replace("_", " "), f"{value:,}", f"{peer[key]:,}" if key in peer else "")
    for name, value in found["seconds"].items():
        table.add_row(f"{name}, s", str(value), str(peer["seconds"].get("total", "")) if name == "full" else "")
    for name, value in peer["seconds"].items():
        table.add_row(f"{name}, s", "", str(value))
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.identity_speed", description=__doc__)
    parser.add_argument("--people", type=int, default=430_000, help="people to invent; each has two or three records")
    parser.add_argument("--against", choices=["splink"], help="run a peer on the same records")
    parser.add_argument("--work", type=Path, help="folder that keeps the made records for another run")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ocv-speed-") as folder:
        spark = spark_session(settings())
        made = make_records(given.people, given.work or Path(folder))
        found = run(spark, given.against, made, f"{folder}/lake")
    show(found)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
