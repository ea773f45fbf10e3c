"""A run of retention: deletes from every store what no purpose keeps any more, and proves it.

People who are due completely are deleted by the code of erasure. Every step can be repeated, and is recorded once it is
done: a killed run continues when it is started again.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from consent.model import Purpose
from consent.retention import nothing_kept_until
from contracts.pseudonyms import reference_key
from erasure import certificate, journal
from erasure.command import AllStores
from erasure.followers import move_on
from erasure.lake.lake_tables import purged_tables
from erasure.lake.purge import purge
from erasure.operational import compaction
from erasure.retention import events, links, needed, papers, people, runs, values
from erasure.retention.deleted import NAME as DELETED
from erasure.retention.taken_in import came_at, updated_at
from erasure.retention.whole import Ending, end_people, ended
from erasure.steps import RecordedSteps
from lake.tables import BRONZE, EVENTS, QUARANTINE, TIMELINE, Table, versions
from read_model.rebuild import hold_identities
from stores.due import make_due

TOUCHED = (*BRONZE.values(), EVENTS, TIMELINE, QUARANTINE)
"""The tables of the lake that a run deletes from, in addition to those of erased people."""


@dataclass
class Retention(AllStores):
    """A run of retention: what is due is deleted from every store."""

    purposes: Mapping[str, Purpose] = field(kw_only=True)
    follow: Callable[[datetime], Any] = field(kw_only=True)
    """Makes everything anew that is made from raw rows, live records and rectifications."""

    def plan(self, now: datetime) -> dict[str, Any]:
        """What is due, by table and category, and why; changes nothing."""
        spark, starts = self.spark(), nothing_kept_until(self.purposes.values(), now)
        with self.engine.connect() as connection:
            held = people.held(connection)
            found = self._ended(connection, now)
            due = {one for one, of in found.items() if of.whole}
            of = self._staying(connection, found, held)
            in_values = values.count(spark, self.lake, connection, self.channels, of)
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
            "held": len(found.keys() & held.profiles),
            "events": {"timeline": dict(sorted(served.items())), EVENTS.name: dict(sorted(in_lake.items()))},
            "values": in_values,
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
            written.once("values", partial(self._count_values, now))
            written.once("links", partial(self._take_out_of_serving, run_id, now))
            written.once("raw", partial(self._take_out_of_raw, run_id, now))
            written.once("followed", partial(self._follow, run_id, now))
            written.once("versions", lambda: versions(self.spark(), self.lake, self._tables(run_id)))
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

    def _ended(self, connection: Connection, as_of: datetime) -> dict[str, people.Ended]:
        return people.ended(self.spark(), self.lake, connection, self.purposes.values(), as_of, self.clock())

    def _end_people(self, now: datetime) -> dict[str, Any]:
        def due(connection: Any) -> set[str]:
            found = self._ended(connection, now)
            return {one for one, of in found.items() if of.whole} - people.held(connection).profiles

        # A second officer is for an officer's decision; this follows the rule that people were told.
        config = self.config.model_copy(update={"four_eyes": False})
        ending = Ending(config, self.stores, self.engine, self.channels, self.spark, self.clock, due=due)
        return end_people(ending, now)

    def _count_values(self, now: datetime) -> dict[str, int]:
        with self.engine.connect() as connection:
            of = self._staying(connection, self._ended(connection, now), people.held(connection))
            return values.count(self.spark(), self.lake, connection, self.channels, of)

    def _take_out_of_serving(self, run_id: str, now: datetime) -> int:
        """How many pairs of records are decided, so that nobody's identity changes.

        Who came back since the lake was asked is found under the lock that keeps the projector out.
        """
        if not self._had_values(run_id):
            return 0
        with self.engine.connect() as connection:
            found = self._ended(connection, now)
        starts = nothing_kept_until(self.purposes.values(), now)
        with self.engine.begin() as connection:
            hold_identities(connection, alone=True)
            again = people.ended_since(connection, starts, self.clock(), lambda ids: {})
            of = self._staying(connection, people.both(found, again), people.held(connection))
            decided = links.keep(connection, of, now)
            values.take_out_of_serving(connection, self.channels, of)
        return decided

    def _take_out_of_raw(self, run_id: str, now: datetime) -> bool:
        if not self._had_values(run_id):
            return False
        with self.engine.connect() as connection:
            of = self._staying(connection, self._ended(connection, now), people.held(connection))
        values.take_out_of_raw(self.spark(), self.lake, self.channels, of)
        return True

    def _staying(
        self, connection: Connection, found: Mapping[str, people.Ended], held: people.OnHold
    ) -> values.EndedOf:
        return needed.without_needed(connection, people.staying(found, held))

    def _follow(self, run_id: str, now: datetime) -> bool:
        """What is made of the raw rows; a person without any date goes on counting from when they came (`taken_in`)."""
        if not self._had_values(run_id):
            return False
        with self.engine.connect() as connection:
            ids = [one for one, of in self._ended(connection, now).items() if not of.whole]
            came = updated_at(connection, ids)
        self.follow(now)
        with self.engine.begin() as connection:
            came_at(connection, came)
            make_due(connection, ids)
        return True

    def _tables(self, run_id: str) -> list[Table]:
        """The tables that are purged: values are in nearly all, also in their old files."""
        return purged_tables(self.lake) if self._had_values(run_id) else list(TOUCHED)

    def _had_values(self, run_id: str) -> bool:
        """Whether anything said what had ended when the run began: a killed one may find nothing any more."""
        with self.engine.connect() as connection:
            return bool(runs.steps(connection, run_id)["values"])

    def _forget_served(self, run_id: str, starts: people.Starts, now: datetime) -> dict[str, int]:
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

    def _forget_in_lake(self, starts: people.Starts, now: datetime) -> dict[str, int]:
        with self.engine.connect() as connection:
            held = people.held(connection)
        found = events.forget_in_lake(self.spark(), self.lake, starts, held)
        found |= papers.forget_deleted(self.spark(), self.lake, self.channels, held, now)
        return found | papers.forget_refused(self.spark(), self.lake, now)

    def _changed(self, run_id: str) -> list[Any]:
        """The tables that were deleted from: the others keep their history."""
        tables = self._tables(run_id)
        with self.engine.connect() as connection:
            done = runs.steps(connection, run_id)
        if done["values"]:
            return tables
        there = versions(self.spark(), self.lake, tables)
        return [table for table in tables if there[table.name] != done["versions"][table.name]]

    def _move_followers(self, run_id: str) -> int:
        after = versions(self.spark(), self.lake, self._tables(run_id))
        with self.engine.begin() as connection:
            before = runs.steps(connection, run_id)["versions"]
            moved = {name: (old, after[name]) for name, old in before.items() if old != after.get(name, old)}
            return move_on(self.spark(), self.lake, connection, self.client, moved)

    def _compact(self, run_id: str) -> dict[str, Any]:
        """Deleted rows stay in the database's files until those are written anew; nothing is where nothing went."""
        with self.engine.connect() as connection:
            done = runs.steps(connection, run_id)
        gone = done["values"] or done["served"] or done["reads"]
        return compaction.compact_tables(self.engine) if gone else {}

    def _certify(self, run_id: str, now: datetime) -> dict[str, Any]:
        left = self.plan(now)
        rows = (left["papers"], left["values"], *left["events"].values())
        due = left["people"] + sum(sum(one.values()) for one in rows)
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
                "rows_with_values_gone": found["values"],
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
