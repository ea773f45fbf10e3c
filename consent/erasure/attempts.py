"""How far each try of an erasure has come and why it ended: what the officer reads while a certificate is missing."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Connection, Engine, Row, Text, cast, insert, select, update

from consent.erasure.journal import NotErasable
from consent.pseudonyms import NoKey
from stores.schema import erasure_attempts

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
    """One try, as it goes on; every note of it is committed at once, so that a killed one has left it."""

    engine: Engine
    attempt_id: int
    clock: Callable[[], datetime]

    def comes_to(self, step: str) -> None:
        """Notes the step that begins."""
        self._note(step=step, step_at=self.clock())

    def found(self, said: dict[str, Any]) -> None:
        """Notes what the certificate says is still there."""
        hits = [line for line in said["scanned"] if line["hits"]]
        self._note(outcome=FOUND if hits else CERTIFIED, found=hits)

    def ended(self, problem: str | None = None) -> None:
        """Notes that it ended, and what kept it from its end."""
        self._note(ended_at=self.clock(), **({"outcome": FAILED, "problem": problem} if problem else {}))

    def _note(self, **values: Any) -> None:
        where = erasure_attempts.c.attempt_id == self.attempt_id
        with self.engine.begin() as connection:
            connection.execute(update(erasure_attempts).where(where).values(**values))


@contextmanager
def trying(engine: Engine, request_ids: Collection[str], clock: Callable[[], datetime]) -> Iterator[Attempt]:
    """Writes a try down; an error is noted by its kind, for its text may repeat values."""
    row = {"requests": sorted(set(request_ids)), "began_at": clock(), "step": "start", "step_at": clock()}
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
    """The newest try that has not ended; it runs if an erasure runs at all."""
    open_ = select(erasure_attempts.c.attempt_id).where(erasure_attempts.c.ended_at.is_(None))
    return connection.scalar(open_.order_by(erasure_attempts.c.attempt_id.desc()).limit(1))


def last_of(connection: Connection, request_id: str) -> Row[Any] | None:
    """The newest try of an erasure that this request is part of."""
    asked = erasure_attempts.c.requests.has_any(cast([request_id], ARRAY(Text)))
    query = select(erasure_attempts).where(asked).order_by(erasure_attempts.c.attempt_id.desc()).limit(1)
    return connection.execute(query).first()
