"""From channel files to one served customer view: every step of the batch flow in one JVM, with its progress shown."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pyspark.sql import SparkSession
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from consent.erasure.left_out import note_rows
from contracts.channel import Channel
from contracts.dates import parse_instant
from contracts.keyed import require_key
from contracts.loading import ContractError, load_channels
from contracts.settings import MissingSecret, Settings, settings
from contracts.sources import load_sources
from profile_api.webhooks.recalls import recall_refused
from spark_jobs import features, inbox, ingest, overrides, profiles, publish, standardise
from spark_jobs.erased import united
from spark_jobs.rectifications import pull
from spark_jobs.resolve import __main__ as resolve
from spark_jobs.session import spark_session
from spark_jobs.tables import PROFILES, RECORDS, TIMELINE, read
from stores.embedded import open_stores
from stores.postgres import migrate, open_engine
from stores.restricted import restricted_records

Outcome = TypeVar("Outcome")
MATERIALISING_MEMORY = "768m"
"""Heap of the second JVM, which only reads feature rows; it runs while the first still publishes."""


class Steps:
    """Runs steps one after the other, shows each with its time, and keeps the seconds for the report."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.seconds: dict[str, float] = {}

    def run(self, name: str, step: Callable[[], Outcome]) -> Outcome:
        line = self._progress.add_task(name, total=1)
        start = time.perf_counter()
        outcome = step()
        self.seconds[name] = round(time.perf_counter() - start, 2)
        self._progress.update(line, completed=1)
        return outcome


def run(config: Settings, sources: str, channels: dict[str, Channel], as_of: str, steps: Steps) -> dict[str, Any]:
    """The whole flow; returns the report. `as_of` is an ISO instant, `now`, or `newest` for the newest event."""
    start = time.perf_counter()
    now = datetime.now(UTC)
    lake = config.lake_uri
    ingest.source_files(sources, channels)  # refuse a wrong folder before anything is started
    require_key()
    with open_stores(config) as stores:
        spark = steps.run("start", lambda: spark_session(config))
        engine = open_engine(stores.database_url)
        migrate(engine)
        with engine.begin() as connection:
            erased = united(spark, lake, connection, config, channels, now)
        taken = steps.run("ingest", lambda: ingest.ingest(spark, lake, sources, channels, now, erased))
        with engine.begin() as connection:
            left_out = note_rows(connection, taken["channels"], now.date())
        sources_live = load_sources(config)
        live = steps.run("inbox", lambda: inbox.land(spark, lake, engine, sources_live, now))
        contracts = inbox.with_live(channels, sources_live)
        records = steps.run("standardise", lambda: standardise.standardise(spark, lake, contracts, erased))
        decided = steps.run("overrides", lambda: overrides.pull(spark, engine, lake))
        resolved = steps.run("resolve", lambda: resolve.resolve(spark, lake, now))
        with engine.begin() as connection:
            pull(spark, lake, connection)
            restricted = restricted_records(connection)
        built = steps.run("profiles", lambda: profiles.build(spark, lake, contracts))
        instant = _instant(spark, lake, as_of, now)
        computed = steps.run("features", lambda: features.features(spark, lake, instant, restricted))
        with _materialising(lake) as materialised:
            published = steps.run("publish", lambda: publish.publish(spark, engine, lake, now))
            counted = {"records": read(spark, lake, RECORDS).count(), "profiles": read(spark, lake, PROFILES).count()}
            online = steps.run("materialise", materialised)
        with engine.begin() as connection:
            recall_refused(connection, now)  # training tables, of whoever's decision came with the files
        engine.dispose()
        spark.stop()
    changed = sum(step["rows_changed"] for step in (taken, live, records, decided, resolved, built, computed))
    for channel, found in taken["channels"].items():
        found["unreadable"] = records["unreadable"].get(channel, {})
    return {
        "channels": taken["channels"],
        "left_out": left_out,
        "live": {"events": live["events"], "records": live["records"]},
        **counted,
        "merges": resolved["merges"],
        "identity_notes": resolved["identity_notes"],
        "unattributed_events": built["unattributed_events"],
        "features_materialised": online["written"],
        "published": published,
        "rows_changed": changed,
        "as_of": instant.isoformat(),
        "seconds": {**steps.seconds, "total": round(time.perf_counter() - start, 2)},
    }


def _instant(spark: SparkSession, lake: str, as_of: str, now: datetime) -> datetime:
    if as_of == "now":
        return now
    if as_of == "newest":
        return features.newest_event(read(spark, lake, TIMELINE)) or now
    return parse_instant(as_of, "iso")


@contextmanager
def _materialising(lake: str) -> Iterator[Callable[[], dict[str, int]]]:
    """Feast in a process of its own, beside the publication: it would change this session's settings."""
    command = [sys.executable, "-m", "feature_repo.materialise", "--lake", lake]
    environment = os.environ | {"OCV_SPARK_MEMORY": MATERIALISING_MEMORY}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish() -> dict[str, int]:
        out, errors = process.communicate()
        if process.returncode:
            raise RuntimeError(f"expected feature_repo.materialise to end well, found:\n{errors[-2000:]}")
        return dict(json.loads(out.splitlines()[-1]))

    try:
        yield finish
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def show(report: dict[str, Any], console: Console) -> None:
    """The report in a few lines for people."""
    for name, found in report["channels"].items():
        line = ", ".join(f"{found[key]} {key}" for key in ("received", "accepted", "duplicate", "quarantined"))
        console.print(f"  {name}: {line}" if found["files"] else f"  {name}: [yellow]no file found[/]")
        for columns in ("extra_columns", "missing_columns"):
            if found.get(columns):
                console.print(f"    [yellow]{columns.replace('_', ' ')}: {', '.join(found[columns])}[/]")
        for reason, count in {**found["reasons"], **found["unreadable"]}.items():
            console.print(f"    {count} x {reason}", markup=False, highlight=False)
    for name, rows in report["left_out"].items():
        console.print(f"  [yellow]{name}: {rows} rows left out, whose person was erased[/]")
    if report["live"]["events"]:
        console.print(f"  live: {report['live']['events']} events, {report['live']['records']} records")
    for kind, found in report["identity_notes"].get("shared_by_too_many", {}).items():
        console.print(f"  [yellow]{kind}: {found['values']} values of up to {found['most_records']} records[/]")
    if held := report["identity_notes"].get("held_for_review"):
        console.print(f"  [yellow]held for review: {held['components']} groups of up to {held['largest']} records[/]")
    console.print(f"{report['records']} records are {report['profiles']} profiles, as of {report['as_of']}.")
    changed = report["rows_changed"]
    console.print(f"{changed} rows changed in the lake." if changed else "No row changed in any table.")
    console.print(f"{report['seconds']['total']} s.")


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", required=True, help="folder or URI of the channel files")
    parser.add_argument("--contracts", required=True, type=Path, help="folder of the channel contracts")
    parser.add_argument("--as-of", default="newest", help="ISO 8601 instant, `now`, or `newest` for the newest event")
    parser.add_argument("--report", type=Path, help="file for the report as JSON")
    given = parser.parse_args(args)
    console = Console(stderr=True)
    columns = SpinnerColumn(finished_text="[green]✓"), TextColumn("{task.description}"), TimeElapsedColumn()
    try:
        channels = load_channels(given.contracts)
        with Progress(*columns, console=console) as progress:
            report = run(settings(), given.sources, channels, given.as_of, Steps(progress))
    except (ContractError, ingest.SourceError, MissingSecret) as error:
        raise SystemExit(str(error)) from None
    if given.report:
        given.report.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(report, console)


if __name__ == "__main__":
    main()
