"""The progress of each attempt of an erasure and why it ended, for the officer while there is no certificate."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import ARRAY, Connection, Engine, Row, Text, cast, func, insert, select, update

from contracts.pseudonyms import NoKey
from erasure.journal import LOCK, NotErasable
from stores.schema import erasure_attempts, erasures

CERTIFIED, FOUND, FAILED = "certified", "found", "failed"

STEPS = {
    "subject": "finds what every store knows of the person, and what of it is theirs alone",
    "tombstones": "keeps keyed digests, so that nothing of the person comes back",
    "serving": "takes the person out of PostgreSQL",
    "online": "takes the person's features out of the online store",
    "lake": "takes the person out of every table of the lake",
    "files": "removes old files, change feeds and log entries of these tables",
    "followers": "moves on who follows the change feeds",
    "compaction": "writes the servers' own files anew",
    "certificate": "searches every store, and signs what was found",
}
"""The steps of an erasure, in their order."""


@dataclass
class Attempt:
    """One running attempt; every note is committed at once, so that it survives if the attempt is killed."""

    engine: Engine
    attempt_id: int
    clock: Callable[[], datetime]

    def comes_to(self, step: str) -> None:
        """Records the start of a step."""
        self._note(step=step, step_at=self.clock())

    def found(self, said: dict[str, Any]) -> None:
        """Records what the certificate still found."""
        hits = [line for line in said["scanned"] if line["hits"]]
        self._note(outcome=FOUND if hits else CERTIFIED, found=hits)

    def ended(self, problem: str | None = None) -> None:
        """Records its end, and the problem that stopped it, if any."""
        self._note(ended_at=self.clock(), **({"outcome": FAILED, "problem": problem} if problem else {}))

    def _note(self, **values: Any) -> None:
        where = erasure_attempts.c.attempt_id == self.attempt_id
        with self.engine.begin() as connection:
            connection.execute(update(erasure_attempts).where(where).values(**values))


@contextmanager
def trying(engine: Engine, request_ids: Collection[str], clock: Callable[[], datetime]) -> Iterator[Attempt]:
    """Records an attempt; an error is recorded by its type, since its text may repeat values."""
    row = {"requests": sorted(set(request_ids)), "began_at": clock(), "step": next(iter(STEPS)), "step_at": clock()}
    with engine.begin() as connection:
        new = insert(erasure_attempts).values(row).returning(erasure_attempts.c.attempt_id)
        attempt = Attempt(engine, connection.execute(new).scalar_one(), clock)
    try:
        yield attempt
    except Exception as error:
        attempt.ended(str(error) if isinstance(error, NotErasable | NoKey) else type(error).__name__)
        raise
    attempt.ended()


def running(connection: Connection) -> int | None:
    """The newest attempt that has not ended; it is running if any erasure is."""
    open_ = select(erasure_attempts.c.attempt_id).where(erasure_attempts.c.ended_at.is_(None))
    return connection.scalar(open_.order_by(erasure_attempts.c.attempt_id.desc()).limit(1))


def begun(connection: Connection, request_ids: Collection[str]) -> set[str]:
    """The requests whose erasure has begun: data may already be deleted.

    An attempt that ended before it found the person, for example without a key, does not count.
    """
    if not request_ids:
        return set()
    named = cast(sorted(request_ids), ARRAY(Text))
    found = set(
        chain.from_iterable(connection.scalars(select(erasures.c.requests).where(erasures.c.requests.has_any(named))))
    )
    runs = running(connection)
    trying_now = select(erasure_attempts.c.requests).where(
        erasure_attempts.c.attempt_id == runs, erasure_attempts.c.requests.has_any(named)
    )
    if runs is not None and (asked := connection.scalar(trying_now)) and busy(connection):
        found |= set(asked)
    return found & set(request_ids)


def busy(connection: Connection) -> bool:
    """Whether an erasure or a retention is running; if not, none starts until this transaction ends."""
    return not connection.scalar(select(func.pg_try_advisory_xact_lock(LOCK)))


def last_of(connection: Connection, request_id: str) -> Row[Any] | None:
    """The newest attempt of the erasure of this request."""
    asked = erasure_attempts.c.requests.has_any(cast([request_id], ARRAY(Text)))
    query = select(erasure_attempts).where(asked).order_by(erasure_attempts.c.attempt_id.desc()).limit(1)
    return connection.execute(query).first()
