"""Deletes from every store what no purpose keeps any more, and proves it: `python -m erasure.retention.run`.

`--dry-run` says what would be deleted and why. People who are due completely are deleted by the code of erasure. Every
step can be repeated, and is recorded once it is done: a killed run continues when it is started again.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from consent.model import Purpose
from consent.purposes import published_purposes
from consent.retention import nothing_kept_until
from contracts.loading import load_channels
from contracts.pseudonyms import reference_key
from contracts.settings import settings
from erasure import certificate, journal
from erasure.command import AllStores, opened
from erasure.followers import move_on
from erasure.lake.purge import purge
from erasure.operational import compaction
from erasure.retention import events, papers, people, runs
from erasure.retention.deleted import NAME as DELETED
from erasure.retention.whole import Ending, end_people, ended
from erasure.steps import RecordedSteps
from lake.session import spark_session
from lake.tables import BRONZE, EVENTS, QUARANTINE, TIMELINE, versions
from stores.postgres import migrate

TOUCHED = (*BRONZE.values(), EVENTS, TIMELINE, QUARANTINE)
"""The tables of the lake that a run deletes from, in addition to those of erased people."""


@dataclass
class Retention(AllStores):
    """A run of retention: what is due is deleted from every store."""

    purposes: Mapping[str, Purpose] = field(kw_only=True)

    def plan(self, now: datetime) -> dict[str, Any]:
        """What is due, by table and category, and why; changes nothing."""
        spark, starts = self.spark(), nothing_kept_until(self.purposes.values(), now)
        with self.engine.connect() as connection:
            held = people.held(connection)
            due = people.due(spark, self.lake, connection, self.purposes.values(), now)
            rows = papers.due(connection, now)
            served = events.served(connection, starts, held)
        if refused := papers.refused_in_lake(spark, self.lake, now):
            rows[QUARANTINE.name] = refused
        if gone := papers.deleted_in_lake(spark, self.lake, self.channels, held, now):
            rows[DELETED] = gone
        in_lake = events.counted(events.in_lake(spark, self.lake, starts, held))
        return {
            "as_of": now.isoformat(),
            "people": len(due - held.profiles),
            "held": len(due & held.profiles),
            "events": {"timeline": dict(sorted(served.items())), EVENTS.name: dict(sorted(in_lake.items()))},
            "papers": dict(sorted(rows.items())),
            "why": {
                "people_and_events": people.why(self.purposes),
                "papers": {name: {"keeps": keeps, "because": why} for name, (keeps, why) in papers.periods().items()},
                "others": papers.others(),
            },
        }

    def run(self) -> dict[str, Any]:
        """The signed certificate of a run: what was deleted, what is on hold, and that nothing due is left."""
        with self.engine.begin() as connection:
            run_id, now, _ = runs.taken_up(connection, self.clock())
        starts = nothing_kept_until(self.purposes.values(), now)
        written = RecordedSteps(
            self.engine,
            lambda connection: runs.steps(connection, run_id),
            lambda connection, name, found: runs.done(connection, run_id, name, found),
            self.after,
        )
        written.once("people", partial(self._end_people, now))
        with journal.alone(self.engine):
            written.once("versions", lambda: versions(self.spark(), self.lake, TOUCHED))
            steps: dict[str, Callable[[], Any]] = {
                "served": partial(self._forget_served, run_id, starts, now),
                "reads": partial(self._forget_reads, run_id, now),
                "lake": partial(self._forget_in_lake, starts, now),
                "files": lambda: len(purge(self.spark(), self.lake, self._changed(run_id))),
                "followers": partial(self._move_followers, run_id),
                "compaction": partial(self._compact, run_id),
            }
            for name, step in steps.items():
                written.once(name, step)
            return self._certify(run_id, now)

    def _end_people(self, now: datetime) -> dict[str, Any]:
        def due(connection: Any) -> set[str]:
            found = people.due(self.spark(), self.lake, connection, self.purposes.values(), now)
            return found - people.held(connection).profiles

        # A second officer is for an officer's decision; this follows the rule that people were told.
        config = self.config.model_copy(update={"four_eyes": False})
        return end_people(Ending(config, self.stores, self.engine, self.channels, self.spark, self.clock), due, now)

    def _forget_served(self, run_id: str, starts: events.Starts, now: datetime) -> dict[str, int]:
        with self.engine.begin() as connection:
            found = papers.forget(connection, now, reference_key(self.config))
            found |= events.forget_served(connection, starts, people.held(connection), now)
            runs.done(
                connection, run_id, "served", found
            )  # in the transaction of the deletion, so that a killed run still counts it
        return found

    def _forget_reads(self, run_id: str, now: datetime) -> dict[str, int]:
        with self.engine.begin() as connection:
            found = papers.forget_reads(connection, now, reference_key(self.config))
            runs.done(connection, run_id, "reads", found)
        return found

    def _forget_in_lake(self, starts: events.Starts, now: datetime) -> dict[str, int]:
        with self.engine.connect() as connection:
            held = people.held(connection)
        found = events.forget_in_lake(self.spark(), self.lake, starts, held)
        found |= papers.forget_deleted(self.spark(), self.lake, self.channels, held, now)
        return found | papers.forget_refused(self.spark(), self.lake, now)

    def _changed(self, run_id: str) -> list[Any]:
        """The tables that were deleted from: the others keep their history."""
        there = versions(self.spark(), self.lake, TOUCHED)
        with self.engine.connect() as connection:
            before = runs.steps(connection, run_id)["versions"]
        return [table for table in TOUCHED if there[table.name] != before[table.name]]

    def _move_followers(self, run_id: str) -> int:
        after = versions(self.spark(), self.lake, TOUCHED)
        with self.engine.begin() as connection:
            before = runs.steps(connection, run_id)["versions"]
            moved = {name: (old, after[name]) for name, old in before.items() if old != after[name]}
            return move_on(self.spark(), self.lake, connection, self.client, moved)

    def _compact(self, run_id: str) -> dict[str, Any]:
        """Deleted rows stay in the database's files until those are written anew; nothing is where nothing went."""
        with self.engine.connect() as connection:
            done = runs.steps(connection, run_id)
        return compaction.compact_tables(self.engine) if done["served"] or done["reads"] else {}

    def _certify(self, run_id: str, now: datetime) -> dict[str, Any]:
        left = self.plan(now)
        due = left["people"] + sum(left["papers"].values()) + sum(sum(one.values()) for one in left["events"].values())
        with self.engine.begin() as connection:
            found, whole = runs.steps(connection, run_id), ended(connection, now)
            said = {
                "certificate_of": "retention",
                "format": 1,
                "run_id": run_id,
                "as_of": now.isoformat(),
                "ended_at": self.clock().isoformat(),
                "people": whole["people"],
                "erasures": whole["erasures"],
                "rows_gone": found["served"] | found["reads"] | found["lake"],
                "held": left["held"],
                "still_due": due,
                "kept_for": left["why"],
            }
            document = certificate.signed(said, certificate.signing_key(self.config))
            if due:
                runs.again(connection, run_id)
            else:
                runs.end(connection, run_id, document)
        folder = self.config.store_dir / "certificates"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{run_id}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        self.after("certificate")
        return document


def in_short(said: Mapping[str, Any]) -> str:
    """The figures of a plan or a certificate in one line."""
    if "still_due" in said:
        rows = sum(said["rows_gone"].values())
        return (
            f"Deleted: {said['people']} people, {rows} rows. On hold: {said['held']}. Still due: {said['still_due']}."
        )
    events = ", ".join(f"{sum(of.values())} events in {table}" for table, of in said["events"].items())
    papers = sum(said["papers"].values())
    due = f"{said['people']} people, {events}, {papers} rows of papers"
    return f"Due: {due}. On hold: {said['held']}. Nothing was deleted."


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m erasure.retention.run", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="say what would go and why; change nothing")
    parser.add_argument("--contracts", type=Path, default=settings().contracts_dir, help="folder of channel contracts")
    given = parser.parse_args(args)
    config = settings()
    with opened(config, changes=not given.dry_run) as (stores, engine):
        migrate(engine)
        kept = {name: one for name, one in published_purposes().items() if not one.refused}
        of = (config, stores, engine, load_channels(given.contracts))
        retention = Retention(*of, lambda: spark_session(config), lambda: datetime.now(UTC), purposes=kept)
        said = retention.plan(datetime.now(UTC)) if given.dry_run else retention.run()["certificate"]
    print(json.dumps(said, indent=2))
    print(in_short(said), file=sys.stderr)
    if said.get("still_due"):
        raise SystemExit(
            f"expected nothing left that is due, found {said['still_due']} rows; start it again. Audit rows stay while"
            " anything is wrong with the audit: `make verify-ledger` says what"
        )


if __name__ == "__main__":
    main()
