"""Deletes from every store what no purpose keeps any more, and proves it; `--dry-run` says what would go and why."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from sqlalchemy import Engine

from consent.purposes import published_purposes
from contracts.channel import Channel
from contracts.loading import ContractError, load_channels
from contracts.settings import Settings, settings
from contracts.sources import load_sources, with_live
from erasure.command import opened
from erasure.erased_people import united
from erasure.retention.run import Retention
from lake.session import spark_session
from spark_jobs.flow import stages
from spark_jobs.inbox import UnknownSource
from spark_jobs.pipeline import without_files
from stores.postgres import migrate


def in_short(said: Mapping[str, Any]) -> str:
    """The figures of a plan or a certificate in one line."""
    if "still_due" in said:
        rows, values = sum(said["rows_gone"].values()), sum(said["rows_with_values_gone"].values())
        return (
            f"Deleted: {said['people']} people, {rows} rows; ended values of {values} rows."
            f" On hold: {said['held']}. Still due: {said['still_due']}."
        )
    events = ", ".join(f"{sum(of.values())} events in {table}" for table, of in said["events"].items())
    papers, values = sum(said["papers"].values()), sum(said["values"].values())
    due = f"{said['people']} people, {events}, ended values of {values} rows, {papers} rows of papers"
    return f"Due: {due}. On hold: {said['held']}. Nothing was deleted."


def follow(config: Settings, spark: SparkSession, engine: Engine, channels: dict[str, Channel], now: datetime) -> None:
    """The batch without new files, which makes everything anew of what retention has changed."""
    with engine.begin() as connection:
        erased = united(spark, config.lake_uri, connection, config, channels, now)
    jobs = without_files(spark, engine, config, channels, erased, now)
    for stage in stages():
        for step in stage:
            if step.name in jobs:
                jobs[step.name]()


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="say what would go and why; change nothing")
    parser.add_argument("--contracts", type=Path, default=settings().contracts_dir, help="folder of channel contracts")
    given = parser.parse_args(args)
    config = settings()
    try:
        said = _run(config, load_channels(given.contracts), lambda: datetime.now(UTC), given.dry_run)
    except (ContractError, UnknownSource) as error:
        raise SystemExit(str(error)) from None
    print(json.dumps(said, indent=2))
    print(in_short(said), file=sys.stderr)
    if said.get("still_due"):
        raise SystemExit(
            f"expected nothing left that is due, found {said['still_due']} rows; start it again. Audit rows stay while"
            " anything is wrong with the audit: `make verify-ledger` says what"
        )


def _run(
    config: Settings, channels: dict[str, Channel], clock: Callable[[], datetime], dry_run: bool
) -> dict[str, Any]:
    with opened(config, changes=not dry_run) as (stores, engine):
        migrate(engine)
        retention = Retention(
            config,
            stores,
            engine,
            with_live(channels, load_sources(config)),
            lambda: spark_session(config),
            clock,
            purposes={name: one for name, one in published_purposes().items() if not one.refused},
            follow=lambda now: follow(config, spark_session(config), engine, channels, now),
        )
        if dry_run:
            return retention.plan(clock())
        document: dict[str, Any] = retention.run()["certificate"]
        return document


if __name__ == "__main__":
    main()
