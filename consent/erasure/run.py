"""Erases people from every store and proves it: `python -m consent.erasure.run --request ID`.

Every step can be done again, and is written down once it is done: a killed erasure goes on when it is started again.
"""

import argparse
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from redis import Redis
from sqlalchemy import Connection, Engine

from consent.erasure import attempts, certificate, compaction, four_eyes, journal, live, operational
from consent.erasure.claimants import add_claimants
from consent.erasure.followers import move_on
from consent.erasure.inventory import unanswered
from consent.erasure.kept_tombstones import keep
from consent.erasure.online import forget_or_compute
from consent.erasure.others import said_by_others
from consent.erasure.refused import Theirs
from consent.erasure.said import Said
from consent.erasure.scan import Stock, scan
from consent.erasure.search import TextSearch
from consent.erasure.subject import Subject
from consent.erasure.tombstones import bury
from consent.pseudonyms import NoKey, reference_key
from consent.requests import PrivacyRequest
from consent.retaining.holds import standing
from contracts.channel import Channel
from contracts.loading import load_channels
from contracts.settings import Settings, settings
from contracts.sources import load_sources
from profile_api.identity.following import tell_rebuilt
from profile_api.identity.rebuild import rebuild
from profile_api.own import came_apart
from profile_api.webhooks.kinds import PROFILE_ERASED
from profile_api.webhooks.outbox import emit_all, known_as
from profile_api.webhooks.recalls import recall_of
from spark_jobs.erased import keep_in_lake
from spark_jobs.erasing import finding, rows
from spark_jobs.erasing.lake_tables import purged_tables
from spark_jobs.erasing.purge import purge
from spark_jobs.inbox import with_live
from spark_jobs.session import spark_session
from spark_jobs.tables import versions
from stores.embedded import Stores, open_stores
from stores.postgres import migrate, open_engine


@dataclass
class Erasure:
    """The stores that people are erased from; `after` is told of every step before it is written down as done."""

    config: Settings
    stores: Stores
    engine: Engine
    channels: Mapping[str, Channel]
    spark: Callable[[], SparkSession]
    clock: Callable[[], datetime]
    after: Callable[[str], None] = lambda step: None

    @property
    def lake(self) -> str:
        return self.config.lake_uri

    @cached_property
    def key(self) -> bytes:
        return reference_key(self.config)

    @cached_property
    def client(self) -> Redis:
        return Redis.from_url(self.stores.redis_url)

    def run(self, request_ids: Collection[str]) -> dict[str, Any]:
        """The signed certificate of the erasure of the people behind these requests, taken together."""
        with attempts.trying(self.engine, request_ids, self.clock) as attempt, journal.alone(self.engine):
            with self.engine.begin() as connection:
                erasure_id = journal.unfinished(connection, request_ids)
                ended = journal.ended(connection, request_ids)
            if ended is not None:  # killed after its end: all that may be missing is the file
                certificate.written(ended, self.config.store_dir / "certificates")
                return ended
            if self.config.four_eyes and erasure_id is None:
                with self.engine.connect() as connection:
                    four_eyes.check(connection, request_ids)
            attempt.comes_to("subject")
            erasure_id = erasure_id or self._begin(request_ids)
            with self.engine.begin() as connection:
                subject, requests, began = journal.taken_up(connection, erasure_id, self.key)
            steps: dict[str, Callable[[], Any]] = {
                "tombstones": partial(self._bury, erasure_id, subject),
                "serving": partial(self._erase_serving, erasure_id, subject, requests),
                "online": lambda: forget_or_compute(self.engine, self.stores, self.client, subject),
                "lake": lambda: rows.erase_rows(self.spark(), self.lake, subject, self.channels, Theirs(subject)),
                "files": lambda: len(purge(self.spark(), self.lake, purged_tables(self.lake))),
                "followers": partial(self._move_followers, erasure_id),
                "compaction": lambda: compaction.compact_tables(self.engine) | compaction.compact_keys(self.client),
            }
            for name, step in steps.items():
                attempt.comes_to(name)
                self._once(erasure_id, name, step)
            attempt.comes_to("certificate")
            document = self._certify(erasure_id, requests, subject, began)
            attempt.found(document["certificate"])
            return document

    def _begin(self, request_ids: Collection[str]) -> str:
        spark, now = self.spark(), self.clock()
        with self.engine.begin() as connection:
            requests = journal.open_requests(connection, request_ids)
            subject = Subject(people=len(requests))
            for request, chosen in requests:
                if not chosen:
                    _check_whose(connection, request, now)
                self._whom(connection, subject, request, set(chosen))
            subject.profiles |= operational.former_ids(connection, subject.profiles)
            subject.records |= live.visitors_of(connection, subject.records)
            add_claimants(connection, subject)
            check_holds(connection, subject.records)
            said = Said()
            live.complete(connection, subject, said, self.channels, now)
            elsewhere = operational.complete(connection, subject, said.identifiers)
            found = finding.complete(spark, self.lake, subject, said, self.channels, elsewhere, now)
            subject.full_names -= live.borne(connection, subject, subject.full_names)
            others = said_by_others(connection, subject, TextSearch(found.values, found.words))
            finding.settle(spark, self.lake, subject, found, others)
            erasure_id = journal.begin(connection, request_ids, subject, self.key, now)
            there = versions(spark, self.lake, purged_tables(self.lake))
            journal.done(connection, erasure_id, "versions", there, now)
        self.after("subject")
        return erasure_id

    def _whom(self, connection: Connection, subject: Subject, request: PrivacyRequest, chosen: set[str]) -> None:
        """Adds whom a request is about: all records of a person, or those that were chosen."""
        profile_id = operational.current_id(connection, request.profile_id)
        held = operational.records_of(connection, [profile_id])
        held |= finding.records_of(self.spark(), self.lake, [profile_id])
        if not held | chosen:
            raise journal.NotErasable(
                f"request {request.request_id}: expected a person with records, found none; they may be erased already"
            )
        part = bool(chosen) and not held <= chosen
        subject.records |= chosen if part else held
        if part:
            subject.rebuilt |= {profile_id, *operational.owners_of(connection, chosen)}
        else:
            subject.profiles |= {profile_id, request.profile_id}

    def _once(self, erasure_id: str, name: str, step: Callable[[], Any]) -> None:
        with self.engine.connect() as connection:
            if name in journal.steps(connection, erasure_id):
                return
        found = step()
        self.after(name)
        with self.engine.begin() as connection:
            journal.done(connection, erasure_id, name, found, self.clock())

    def _digests(self, subject: Subject) -> frozenset[str]:
        return frozenset(subject.tombstones(self.key))

    def _bury(self, erasure_id: str, subject: Subject) -> int:
        digests = self._digests(subject)
        keep(self.config.kept_tombstones, digests, erasure_id, self.clock())
        with self.engine.begin() as connection:
            bury(connection, digests, erasure_id, self.clock())
            keep_in_lake(self.spark(), self.lake, connection)
        return len(digests)

    def _erase_serving(self, erasure_id: str, subject: Subject, requests: Collection[str]) -> dict[str, int]:
        with self.engine.begin() as connection:
            now = self.clock()
            ids = known_as(connection, subject.profiles)
            recall_of(connection, [*ids, *known_as(connection, subject.rebuilt)], "erased", now)
            found = operational.erase(
                connection, subject, Theirs(subject), self.channels, rows.without_names, _rebuild, now, erasure_id
            )
            emit_all(connection, PROFILE_ERASED, [(one, {}) for one in ids], now)
            operational.pseudonymise_requests(connection, subject, requests, self.key)
            journal.keep(connection, erasure_id, subject, self.key)  # live events have come to it
        return found

    def _move_followers(self, erasure_id: str) -> int:
        with self.engine.begin() as connection:
            before = journal.steps(connection, erasure_id)["versions"]
            after = versions(self.spark(), self.lake, purged_tables(self.lake))
            moved = {name: (version, after[name]) for name, version in before.items()}
            return move_on(self.spark(), self.lake, connection, self.client, moved)

    def _certify(self, erasure_id: str, requests: Collection[str], subject: Subject, began: datetime) -> dict[str, Any]:
        stock = Stock(self.lake, self.engine, self.client, self.config.store_dir)
        found, without_answer = scan(stock, subject), unanswered(stock)
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


def check_holds(connection: Connection, records: Collection[str]) -> None:
    """Raises NotErasable where any of these records is under a legal hold."""
    if held := standing(connection, records):
        raise journal.NotErasable(
            f"expected nobody under a legal hold, found {', '.join(sorted(held))}; lift it, or refuse the request"
        )


def _check_whose(connection: Connection, request: PrivacyRequest, now: datetime) -> None:
    """Raises NotErasable where the request's profile may have become another person's since it was filed."""
    if now > request.received_at and came_apart(connection, [request.profile_id], since=request.received_at):
        raise journal.NotErasable(
            f"request {request.request_id}: expected a profile whose records stayed together since it was filed,"
            " found that some went to another; refuse it, and file it anew for the profile that is theirs"
        )


def _rebuild(connection: Connection, profile_ids: Collection[str], now: datetime) -> None:
    tell_rebuilt(connection, rebuild(connection, profile_ids, now), now)


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m consent.erasure.run", description=__doc__)
    parser.add_argument("--request", action="append", required=True, help="id of an erasure request; may be repeated")
    parser.add_argument("--contracts", type=Path, default=settings().contracts_dir, help="folder of channel contracts")
    given = parser.parse_args(args)
    config = settings()
    with open_stores(config) as stores:
        engine = open_engine(stores.database_url)
        migrate(engine)
        channels = with_live(load_channels(given.contracts), load_sources(config))
        erasure = Erasure(config, stores, engine, channels, lambda: spark_session(config), lambda: datetime.now(UTC))
        try:
            document = erasure.run(given.request)
        except (journal.NotErasable, NoKey) as error:
            raise SystemExit(str(error)) from None
        finally:
            engine.dispose()
    said = document["certificate"]
    file = config.store_dir / "certificates" / f"{said['erasure_id']}.json"
    print(json.dumps({"erasure_id": said["erasure_id"], "hits": said["hits"], "certificate": str(file)}))
    if said["hits"]:
        raise SystemExit(f"expected no value of theirs anywhere, found {said['hits']}; see `scanned` in {file}")


if __name__ == "__main__":
    main()
