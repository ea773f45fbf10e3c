"""Takes out of every store what no purpose keeps any more, and proves it: `python -m consent.retaining.run`.

`--dry-run` says what would go and why. Whoever is due whole goes by the machinery of erasure. Every step can be done
again, and is written down once it is done: a run that was killed goes on when it is started again.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from redis import Redis
from sqlalchemy import Engine

from consent.erasure import certificate, compaction, journal
from consent.erasure.followers import move_on
from consent.model import Purpose
from consent.pseudonyms import NoKey, reference_key
from consent.purposes import published_purposes
from consent.retaining import events, papers, people, runs
from consent.retaining.whole import Ending, end_people, ended
from consent.retention import nothing_kept_until
from contracts.channel import Channel
from contracts.loading import load_channels
from contracts.settings import Settings, settings
from spark_jobs.erasing.purge import purge
from spark_jobs.session import spark_session
from spark_jobs.tables import BRONZE, EVENTS, QUARANTINE, TIMELINE, versions
from stores.embedded import Stores, open_stores
from stores.postgres import migrate, open_engine

TOUCHED = (*BRONZE.values(), EVENTS, TIMELINE, QUARANTINE)
"""The tables of the lake that a run deletes from, beside those of people who go whole."""


@dataclass
class Retention:
    """The stores that what is due is taken out of; `after` is told of every step before it is written down as done."""

    config: Settings
    stores: Stores
    engine: Engine
    channels: Mapping[str, Channel]
    spark: Callable[[], SparkSession]
    clock: Callable[[], datetime]
    purposes: Mapping[str, Purpose]
    after: Callable[[str], None] = lambda step: None

    @property
    def lake(self) -> str:
        return self.config.lake_uri

    @cached_property
    def client(self) -> Redis:
        return Redis.from_url(self.stores.redis_url)

    def plan(self, now: datetime) -> dict[str, Any]:
        """What is due and would go, by table and category, and why; changes nothing."""
        spark, starts = self.spark(), nothing_kept_until(self.purposes.values(), now)
        with self.engine.connect() as connection:
            held = people.held(connection)
            due = people.due(spark, self.lake, connection, self.purposes.values(), now)
            rows = papers.due(connection, now)
            served = events.served(connection, starts, held)
        if refused := papers.refused_in_lake(spark, self.lake, now):
            rows[QUARANTINE.name] = refused
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
            },
        }

    def run(self) -> dict[str, Any]:
        """The signed certificate of a run: what went, what is held, and that nothing that is due is left."""
        with self.engine.begin() as connection:
            run_id, now, _ = runs.taken_up(connection, self.clock())
        starts = nothing_kept_until(self.purposes.values(), now)
        self._once(run_id, "people", partial(self._end_people, now))
        with journal.alone(self.engine):
            self._once(run_id, "versions", lambda: versions(self.spark(), self.lake, TOUCHED))
            steps: dict[str, Callable[[], Any]] = {
                "served": partial(self._forget_served, run_id, starts, now),
                "lake": partial(self._forget_in_lake, starts, now),
                "files": lambda: len(purge(self.spark(), self.lake, self._changed(run_id))),
                "followers": partial(self._move_followers, run_id),
                "compaction": partial(self._compact, run_id),
            }
            for name, step in steps.items():
                self._once(run_id, name, step)
            return self._certify(run_id, now)

    def _once(self, run_id: str, name: str, step: Callable[[], Any]) -> None:
        with self.engine.connect() as connection:
            if name in runs.steps(connection, run_id):
                return
        found = step()
        self.after(name)
        with self.engine.begin() as connection:
            runs.done(connection, run_id, name, found)

    def _end_people(self, now: datetime) -> dict[str, Any]:
        def due(connection: Any) -> set[str]:
            found = people.due(self.spark(), self.lake, connection, self.purposes.values(), now)
            return found - people.held(connection).profiles

        # Four eyes are for an officer's decision; this is the rule that people were told.
        config = self.config.model_copy(update={"four_eyes": False})
        return end_people(Ending(config, self.stores, self.engine, self.channels, self.spark, self.clock), due, now)

    def _forget_served(self, run_id: str, starts: events.Starts, now: datetime) -> dict[str, int]:
        with self.engine.begin() as connection:
            found = papers.forget(connection, now, reference_key(self.config))
            found |= events.forget_served(connection, starts, people.held(connection), now)
            runs.done(connection, run_id, "served", found)  # with what it deletes: a killed run still counts it
        return found

    def _forget_in_lake(self, starts: events.Starts, now: datetime) -> dict[str, int]:
        with self.engine.connect() as connection:
            held = people.held(connection)
        found = events.forget_in_lake(self.spark(), self.lake, starts, held)
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
            gone = runs.steps(connection, run_id)["served"]
        return compaction.compact_tables(self.engine) if gone else {}

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
                "rows_gone": found["served"] | found["lake"],
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


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m consent.retaining.run", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="say what would go and why; change nothing")
    parser.add_argument("--contracts", type=Path, default=settings().contracts_dir, help="folder of channel contracts")
    given = parser.parse_args(args)
    config = settings()
    with open_stores(config) as stores:
        engine = open_engine(stores.database_url)
        migrate(engine)
        kept = {name: one for name, one in published_purposes().items() if not one.refused}
        of = (config, stores, engine, load_channels(given.contracts))
        retention = Retention(*of, lambda: spark_session(config), lambda: datetime.now(UTC), kept)
        try:
            said = retention.plan(datetime.now(UTC)) if given.dry_run else retention.run()["certificate"]
        except (journal.NotErasable, NoKey) as error:
            raise SystemExit(str(error)) from None
        finally:
            engine.dispose()
    print(json.dumps(said, indent=2))
    if said.get("still_due"):
        raise SystemExit(f"expected nothing left that is due, found {said['still_due']} rows; start it again")


if __name__ == "__main__":
    main()
