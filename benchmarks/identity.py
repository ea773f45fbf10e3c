"""How well, how fast and in how much memory the resolve job finds the people behind the records."""

import argparse
import csv
import json
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table

from benchmarks.memory import PeakMemory
from benchmarks.peer import COLUMNS, plain_splink
from benchmarks.scores import error_kinds, scores
from contracts.loading import load_channels
from contracts.settings import settings
from lake.session import spark_session
from lake.tables import ASSIGNMENTS, RECORDS, read, write_changes
from spark_jobs.ingest import ingest
from spark_jobs.resolve.__main__ import resolve
from spark_jobs.standardise import standardise


def read_truth(path: Path) -> dict[str, str]:
    """record_id -> person, from a file with the columns channel, source_key and person."""
    with path.open(encoding="utf-8", newline="") as file:
        return {f"{row['channel']}:{row['source_key']}": row["person"] for row in csv.DictReader(file)}


def ids_after_split(spark: SparkSession, lake: str, now: datetime, share: float) -> dict[str, Any]:
    """Loads a share of the records, then the rest, then nothing new: whose profile id changed?"""
    other = f"{lake}/split"
    records = read(spark, lake, RECORDS)
    chosen = F.pmod(F.xxhash64("record_id"), F.lit(1_000)) < share * 1_000

    def ids() -> dict[str, str]:
        resolve(spark, other, now)
        rows = read(spark, other, ASSIGNMENTS).select("record_id", "profile_id").collect()
        return {row.record_id: row.profile_id for row in rows}

    write_changes(spark, other, RECORDS, records.where(chosen))
    before = ids()
    write_changes(spark, other, RECORDS, records)
    after = ids()
    changed = sum(after[record] != profile for record, profile in before.items())
    again = ids()
    return {
        "loaded_first": len(before),
        "ids_changed": changed,
        "ids_changed_share": round(changed / max(1, len(before)), 5),
        "ids_changed_by_an_identical_run": sum(again[record] != profile for record, profile in after.items()),
    }


def run(
    sources: str, contracts: Path, truth: dict[str, str], against: str | None, split: float | None
) -> dict[str, Any]:
    """The real jobs on a lake of their own; returns the figures of the issue's table."""
    now = datetime.now(UTC)
    channels = load_channels(contracts)
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="ocv-bench-") as lake, PeakMemory() as memory:

        def timed(name: str, step: Any) -> Any:
            start = time.perf_counter()
            outcome = step()
            seconds[name] = round(time.perf_counter() - start, 2)
            return outcome

        spark = timed("start", lambda: spark_session(settings()))
        timed("ingest", lambda: ingest(spark, lake, sources, channels, now))
        timed("standardise", lambda: standardise(spark, lake, channels))
        timed("resolve", lambda: resolve(spark, lake, now))
        parted = timed("split", lambda: ids_after_split(spark, lake, now, split)) if split else {}
        rows = read(spark, lake, ASSIGNMENTS).select("record_id", "profile_id").collect()
        records: pd.DataFrame = read(spark, lake, RECORDS).select(*COLUMNS).toPandas() if against else pd.DataFrame()
        spark.stop()
    cluster_of = {row.record_id: row.profile_id for row in rows}
    person_of = {record: person for record, person in truth.items() if record in cluster_of}
    found: dict[str, Any] = {
        "records": len(cluster_of),
        "people": len(set(person_of.values())),
        "clusters": len(set(cluster_of.values())),
        "largest_cluster": max(Counter(cluster_of.values()).values(), default=0),
        **scores(cluster_of, person_of),
        **error_kinds(cluster_of, person_of),
        **parted,
        "seconds": seconds | {"total": round(sum(seconds.values()), 2)},
        "peak_rss_mb": round(memory.peak / 2**20),
    }
    if against:
        found["splink"] = plain_splink(records, person_of)
    return found


def show(found: dict[str, Any]) -> None:
    peer = found.get("splink", {})
    table = Table()
    for heading in ("", "this", *(["plain Splink, best threshold"] if peer else [])):
        table.add_column(heading, justify="right" if heading else "left")
    for key, value in found.items():
        if key not in ("seconds", "splink"):
            table.add_row(key.replace("_", " "), str(value), *([str(peer.get(key, ""))] if peer else []))
    table.add_section()
    for step, value in found["seconds"].items():
        table.add_row(f"{step}, s", str(value), *([str(peer["seconds"].get(step, ""))] if peer else []))
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", required=True, help="folder of the channel files")
    parser.add_argument("--contracts", required=True, type=Path, help="folder of the channel contracts")
    parser.add_argument("--truth", required=True, type=Path, help="CSV of channel, source_key, person")
    parser.add_argument("--against", choices=["splink"], help="run a peer on the same standardised records")
    parser.add_argument("--split", type=float, help="also load this share, 0.9 say, then the rest: whose id changed?")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = run(given.sources, given.contracts, read_truth(given.truth), given.against, given.split)
    show(found)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
