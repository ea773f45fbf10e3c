"""From channel files to one served customer view: every step of the batch flow in one JVM, with its progress shown."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pyspark.sql import SparkSession
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import Engine

from channel_files.folder import SourceError, check_folder
from consent.seals import check_key
from consent.tombstones.digests import Tombstones, buried
from consent.tombstones.kept import require_key as require_key_of_erased
from consent.tombstones.left_out import note_rows
from contracts.channel import Channel
from contracts.dates import parse_instant
from contracts.keyed import require_key
from contracts.loading import ContractError, load_channels
from contracts.settings import MissingSecret, Settings, settings
from contracts.sources import load_sources, with_live
from erasure.erased_people import united
from lake.session import spark_session
from lake.tables import PROFILES, RECORDS, TIMELINE, read
from spark_jobs import features, inbox, ingest, overrides, profiles, publish, standardise
from spark_jobs.flow import stages
from spark_jobs.pipeline_report import show
from spark_jobs.rectifications import pull
from spark_jobs.resolve import __main__ as resolve
from stores.postgres import migrate, open_engine
from stores.restricted import restricted_records
from stores.taking_turns import batch_job

Outcome = TypeVar("Outcome")
BESIDE_MEMORY = "768m"
"""Heap of a second JVM, which only reads feature rows; it runs while the first still publishes."""


class TimedSteps:
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


def run(config: Settings, sources: str, channels: dict[str, Channel], as_of: str, steps: TimedSteps) -> dict[str, Any]:
    """The whole flow; returns the report. `as_of` is an ISO instant, `now`, or `newest` for the newest event."""
    start = time.perf_counter()
    now = datetime.now(UTC)
    lake = config.lake_uri
    require_key()
    require_key_of_erased(config)
    check_folder(sources)  # a wrong one is refused before anything is started
    with batch_job(config) as stores:
        engine = open_engine(stores.database_url)
        migrate(engine)
        with engine.begin() as connection:
            if buried(connection, config):  # the key is there where it is needed, and is the right one: known at once
                check_key(connection, config.audit_secret)
        spark = steps.run("start", lambda: spark_session(config))
        with engine.begin() as connection:
            erased = united(spark, lake, connection, config, channels, now)
        jobs = {
            "ingest": lambda: _ingested(ingest.ingest(spark, lake, sources, channels, now, erased), engine, now),
            **without_files(spark, engine, config, channels, erased, now),
            "features": lambda: _features(spark, lake, engine, _instant(spark, lake, as_of, now)),
        }
        done = walk(jobs, steps, lake)
        counted = {"records": read(spark, lake, RECORDS).count(), "profiles": read(spark, lake, PROFILES).count()}
        engine.dispose()
        spark.stop()
    found = done["ingest"]["channels"]
    for channel, about in found.items():
        about["unreadable"] = done["standardise"]["unreadable"].get(channel, {})
        about["in_doubt"] = done["standardise"]["in_doubt"].get(channel, 0)
        about["deleted"] = done["standardise"]["deleted"].get(channel, 0)
        about["refused_now"] = done["standardise"]["refused_now"].get(channel, 0)
    return {
        "channels": found,
        "unnamed_files": done["ingest"]["unnamed_files"],
        "left_out": done["ingest"]["left_out"],
        "live": {"events": done["inbox"]["events"], "records": done["inbox"]["records"]},
        **counted,
        "merges": done["resolve"]["merges"],
        "identity_notes": done["resolve"]["identity_notes"],
        "unattributed_events": done["profiles"]["unattributed_events"],
        "features_materialised": done["materialise"]["written"],
        "published": done["publish"],
        "rows_changed": sum(step.get("rows_changed", 0) for step in done.values()),
        "as_of": done["features"]["as_of"],
        "seconds": {**steps.seconds, "total": round(time.perf_counter() - start, 2)},
    }


def without_files(
    spark: SparkSession,
    engine: Engine,
    config: Settings,
    channels: dict[str, Channel],
    erased: Tombstones,
    now: datetime,
) -> dict[str, Callable[[], dict[str, Any]]]:
    """The steps that need no files, and make profiles of what was taken in: by name, to be done in the flow's order."""
    lake, live = config.lake_uri, load_sources(config)
    contracts = with_live(channels, live)
    return {
        "inbox": lambda: inbox.land(spark, lake, engine, live, now),
        "standardise": lambda: standardise.standardise(spark, lake, contracts, erased),
        "overrides": lambda: overrides.pull(spark, engine, lake, now),
        "resolve": lambda: resolve.resolve(spark, lake, now),
        "rectifications": lambda: _rectified(spark, lake, engine),
        "profiles": lambda: profiles.build(spark, lake, contracts),
        "publish": lambda: publish.publish(spark, engine, lake, now),
    }


def walk(jobs: Mapping[str, Callable[[], dict[str, Any]]], steps: TimedSteps, lake: str) -> dict[str, dict[str, Any]]:
    """Every step of the flow, in its order; what each says of itself. One that is no job here is a process."""
    done: dict[str, dict[str, Any]] = {}
    for stage in stages():
        with ExitStack() as beside:
            others = [
                (step, beside.enter_context(_process(step.module, lake))) for step in stage if step.name not in jobs
            ]
            for step in stage:
                if step.name in jobs:
                    done[step.name] = steps.run(step.name, jobs[step.name])
            for step, finish in others:
                done[step.name] = steps.run(step.name, finish)
    return done


def _ingested(taken: dict[str, Any], engine: Engine, now: datetime) -> dict[str, Any]:
    with engine.begin() as connection:
        return taken | {"left_out": note_rows(connection, taken["channels"], now.date())}


def _rectified(spark: SparkSession, lake: str, engine: Engine) -> dict[str, Any]:
    with engine.begin() as connection:
        return {"rows_changed": pull(spark, lake, connection)}


def _features(spark: SparkSession, lake: str, engine: Engine, instant: datetime) -> dict[str, Any]:
    with engine.connect() as connection:
        restricted = restricted_records(connection)
    return features.features(spark, lake, instant, restricted) | {"as_of": instant.isoformat()}


def _instant(spark: SparkSession, lake: str, as_of: str, now: datetime) -> datetime:
    if as_of == "now":
        return now
    if as_of == "newest":
        return features.newest_event(read(spark, lake, TIMELINE)) or now
    return parse_instant(as_of, "iso")


@contextmanager
def _process(module: str, lake: str) -> Iterator[Callable[[], dict[str, Any]]]:
    """A step in a process of its own, beside the others: Feast would change this session's settings."""
    command = [sys.executable, "-m", module, "--lake", lake]
    environment = os.environ | {"OCV_SPARK_MEMORY": BESIDE_MEMORY}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish() -> dict[str, Any]:
        out, errors = process.communicate()
        if process.returncode:
            raise RuntimeError(f"expected {module} to end well, found:\n{errors[-2000:]}")
        return dict(json.loads(out.splitlines()[-1]))

    try:
        yield finish
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


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
            report = run(settings(), given.sources, channels, given.as_of, TimedSteps(progress))
    except (ContractError, SourceError, MissingSecret, inbox.UnknownSource) as error:
        raise SystemExit(str(error)) from None
    if given.report:
        given.report.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(report, console)


if __name__ == "__main__":
    main()
