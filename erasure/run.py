"""Erases people from every store and proves it: `python -m erasure.run --request ID`.

Every step can be repeated, and is recorded once it is done: a killed erasure continues when it is started again.
"""

import argparse
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from consent.requests import PrivacyRequest
from consent.tombstones.digests import bury, tombstones_of_rows
from consent.tombstones.kept import keep
from contracts.loading import load_channels
from contracts.pseudonyms import reference_key
from contracts.settings import settings
from contracts.sources import load_sources, with_live
from erasure import attempts, certificate, four_eyes, journal
from erasure.command import AllStores, opened
from erasure.erased_people import keep_in_lake
from erasure.followers import move_on
from erasure.gathering import gather, settle
from erasure.inventory import unanswered
from erasure.lake import finding, rows
from erasure.lake.lake_tables import purged_tables
from erasure.lake.purge import purge
from erasure.operational import compaction, holds, intakes
from erasure.operational import rows as operational
from erasure.operational.online import forget_or_compute
from erasure.operational.others import said_by_others
from erasure.operational.serving import erase_serving
from erasure.people.personal_values import PersonalValues
from erasure.people.refused import Theirs
from erasure.people.search import TextSearch
from erasure.people.subject import Subject
from erasure.scan import Scan, Stock, scan
from erasure.steps import RecordedSteps
from erasure.whom import add_whom, check_found
from lake.session import spark_session
from lake.tables import versions
from read_model.rebuild import hold_identities, rebuild
from read_model.redirects import may_be_anothers
from read_model.side_effects import tell_rebuilt
from stores.postgres import migrate


@dataclass
class Erasure(AllStores):
    """An erasure of people from every store."""

    @cached_property
    def key(self) -> bytes:
        return reference_key(self.config)

    def run(self, request_ids: Collection[str]) -> dict[str, Any]:
        """The signed certificate of the erasure of the people behind these requests, taken together."""
        with attempts.trying(self.engine, request_ids, self.clock) as attempt, journal.alone(self.engine):
            with self.engine.begin() as connection:
                erasure_id = journal.unfinished(connection, request_ids)
                ended = journal.ended(connection, request_ids)
            if ended is not None:  # killed after its end: only the file may be missing
                certificate.written(ended, self.config.store_dir / "certificates")
                return ended
            if self.config.four_eyes and erasure_id is None:
                with self.engine.connect() as connection:
                    four_eyes.check(connection, request_ids)
            attempt.comes_to("subject")
            erasure_id = erasure_id or self._begin(request_ids)
            with self.engine.begin() as connection:
                subject, requests, began = journal.taken_up(connection, erasure_id, self.key)
                check_holds(connection, subject.records)  # of an earlier attempt: it may be of days ago
            steps: dict[str, Callable[[], Any]] = {
                "tombstones": partial(self._bury, erasure_id, subject),
                "serving": partial(self._erase_serving, erasure_id, subject, requests),
                "online": lambda: forget_or_compute(self.engine, self.stores, self.client, subject),
                "lake": partial(self._erase_lake, subject),
                "files": lambda: len(purge(self.spark(), self.lake, purged_tables(self.lake))),
                "followers": partial(self._move_followers, erasure_id),
                "compaction": lambda: compaction.compact_tables(self.engine) | compaction.compact_keys(self.client),
            }
            written = RecordedSteps(
                self.engine,
                lambda connection: journal.steps(connection, erasure_id),
                lambda connection, name, found: journal.done(connection, erasure_id, name, found, self.clock()),
                self.after,
            )
            written.once("versions", lambda: versions(self.spark(), self.lake, purged_tables(self.lake)))
            for name, step in steps.items():
                attempt.comes_to(name)
                written.once(name, step)
            attempt.comes_to("certificate")
            document = self._certify(erasure_id, requests, subject, began)
            attempt.found(document["certificate"])
            return document

    def _begin(self, request_ids: Collection[str]) -> str:
        spark, now = self.spark(), self.clock()
        with self.engine.begin() as connection:
            requests = journal.open_requests(connection, request_ids)
            subject = Subject(people=len(requests))
            personal = PersonalValues()
            for request, asked in requests:
                if not asked.records:
                    check_whose(connection, request, now)
                add_whom(connection, spark, self.lake, subject, request, asked)
                personal.identifiers |= asked.identifiers
            found = gather(connection, spark, self.lake, subject, personal, self.channels, now)
            check_holds(connection, subject.records)  # it has those that sources deleted by now
            check_found(subject)
            subject = settle(connection, spark, self.lake, subject, found, self.channels)
            erasure_id = journal.begin(connection, request_ids, subject, self.key, now)
        self.after("subject")
        return erasure_id

    def _digests(self, subject: Subject) -> frozenset[str]:
        return frozenset(subject.tombstones(self.key))

    def _bury(self, erasure_id: str, subject: Subject) -> int:
        refused = rows.refused_rows(self.spark(), self.lake, self.channels, Theirs(subject))
        digests = self._digests(subject) | tombstones_of_rows(self.key, refused.values())
        keep(self.config.kept_tombstones, digests, erasure_id, self.clock())
        with self.engine.begin() as connection:
            bury(connection, digests, erasure_id, self.clock())
            keep_in_lake(self.spark(), self.lake, connection)
        return len(digests)

    def _erase_serving(self, erasure_id: str, subject: Subject, requests: Collection[str]) -> dict[str, int]:
        with self.engine.begin() as connection:
            now = self.clock()
            hold_identities(connection, alone=True)  # a running projection ends first
            check_holds(connection, subject.records)
            found = erase_serving(connection, subject, Theirs(subject), self.channels, _rebuild, now, erasure_id)
            found |= intakes.forget_or_redact(connection, subject, requests)
            operational.pseudonymise_requests(connection, subject, requests, self.key)
            journal.keep(connection, erasure_id, subject, self.key)  # it has live events by now
        return found

    def _erase_lake(self, subject: Subject) -> dict[str, int]:
        with self.engine.begin() as connection:
            check_holds(connection, subject.records)
            holds.forget(connection, subject.records)  # placed and lifted since
        return rows.erase_rows(self.spark(), self.lake, subject, self.channels, Theirs(subject))

    def _move_followers(self, erasure_id: str) -> int:
        with self.engine.begin() as connection:
            before = journal.steps(connection, erasure_id)["versions"]
            after = versions(self.spark(), self.lake, purged_tables(self.lake))
            moved = {name: (version, after[name]) for name, version in before.items()}
            return move_on(self.spark(), self.lake, connection, self.client, moved)

    def _certify(self, erasure_id: str, requests: Collection[str], subject: Subject, began: datetime) -> dict[str, Any]:
        stock = Stock(self.lake, self.engine, self.client, self.config.store_dir)
        found, without_answer = self._scanned(stock, erasure_id, subject), unanswered(stock)
        with self.engine.begin() as connection:
            removed = journal.steps(connection, erasure_id)
            removed.pop("versions")
            ended = self.clock()
            said = certificate.stated(erasure_id, list(requests), subject, removed, found, without_answer, began, ended)
            document = certificate.signed(said, certificate.signing_key(self.config))
            if not said["hits"]:
                journal.end(connection, erasure_id, document, ended)
        certificate.written(document, self.config.store_dir / "certificates")
        self.after("certificate")
        return document

    def _scanned(self, stock: Stock, erasure_id: str, subject: Subject) -> Scan:
        """The final search. Their own rows were deleted by key, so hits in rows are others' data and do not block."""
        found, is_compact = scan(stock, subject), False
        while found.hits:
            with self.engine.begin() as connection:
                intakes.redact(connection, subject)  # those that came meanwhile
                search = TextSearch(subject.values, subject.words)
                others = said_by_others(connection, subject, search, all_rows=True)
                others |= finding.said_of_others(self.spark(), self.lake, subject)
                subject.say_others(others)
                journal.keep(connection, erasure_id, subject, self.key)
            if not others and is_compact:
                return found
            if not others:  # a message that was accepted and then left out
                compaction.compact_tables(self.engine)
                is_compact = True
            found = scan(stock, subject)
        return found


def check_holds(connection: Connection, records: Collection[str]) -> None:
    """Raises NotErasable if any of these records is under a legal hold."""
    if held := holds.in_force(connection, records):
        raise journal.NotErasable(
            f"expected nobody under a legal hold, found {', '.join(sorted(held))}; lift it, or refuse the request"
        )


def check_whose(connection: Connection, request: PrivacyRequest, now: datetime) -> None:
    """Raises NotErasable if the request's profile may have become another person's since it was filed."""
    if may_be_anothers(connection, request, now):
        raise journal.NotErasable(
            f"request {request.request_id}: expected a profile whose records stayed together since it was filed,"
            " found that some went to another; refuse it, and file it anew for the profile that is theirs"
        )


def _rebuild(connection: Connection, profile_ids: Collection[str], now: datetime) -> None:
    tell_rebuilt(connection, rebuild(connection, profile_ids, now), now)


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m erasure.run", description=__doc__)
    parser.add_argument("--request", action="append", required=True, help="id of an erasure request; may be repeated")
    parser.add_argument("--contracts", type=Path, default=settings().contracts_dir, help="folder of channel contracts")
    given = parser.parse_args(args)
    config = settings()
    with opened(config) as (stores, engine):
        with engine.connect() as connection:
            if attempts.busy(connection):  # at once: it may hold tables that a migration waits for
                raise SystemExit("expected no erasure or retention at work, found one; try again when it has ended")
        migrate(engine)
        channels = with_live(load_channels(given.contracts), load_sources(config))
        erasure = Erasure(config, stores, engine, channels, lambda: spark_session(config), lambda: datetime.now(UTC))
        document = erasure.run(given.request)
    said = document["certificate"]
    file = config.store_dir / "certificates" / f"{said['erasure_id']}.json"
    print(json.dumps({"erasure_id": said["erasure_id"], "hits": said["hits"], "certificate": str(file)}))
    if said["hits"]:
        raise SystemExit(f"expected no value of theirs anywhere, found {said['hits']}; see `scanned` in {file}")


if __name__ == "__main__":
    main()
