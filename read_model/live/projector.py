"""The worker that projects accepted messages at once: one among all processes, woken by the commit that accepted them.

It works on the connection that holds the lock: a process that dies loses both together, and the next one continues
where it stopped.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Connection, Engine, text

from contracts.sources import Sources
from read_model.features_due import FeatureWriter, write_due
from read_model.live.inbox import CHANNEL
from read_model.live.projection import dead_letter, project, waiting
from read_model.live.salvage import refusals_of
from stores.postgres import driver_of, is_passing

LOCK = 0x11FE
AT_ONCE = 200
IDLE = 1.0
"""Seconds after which a worker checks without being woken."""
RETRY = 0.5

log = structlog.get_logger()


class Projector:
    """Projects in a thread of its own until it is stopped."""

    def __init__(
        self,
        engine: Engine,
        sources: Sources,
        features: FeatureWriter | None,
        clock: Callable[[], datetime],
        key: bytes | None = None,
    ) -> None:
        self._engine, self._sources, self._features, self._clock = engine, sources, features, clock
        self._key = key
        self._features_took = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the current step."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                with self._engine.connect() as connection:
                    self._lead(connection)
            except Exception as error:  # whatever it was: the messages still wait, and the next try begins afresh
                log.warning("projection waits", error=type(error).__name__)
            self._ended.wait(RETRY)

    def _lead(self, connection: Connection) -> None:
        alone = text("SELECT pg_try_advisory_lock(:lock)")
        while not connection.scalar(alone, {"lock": LOCK}):
            connection.commit()
            if self._ended.wait(IDLE):
                return
        connection.execute(text(f"LISTEN {CHANNEL}"))
        connection.commit()
        try:
            while not self._ended.is_set():
                if not self.step(connection):
                    _wait(connection)
        finally:
            connection.invalidate()  # the lock and the subscription go with the session, whatever state it is in

    def step(self, connection: Connection) -> int:
        """Projects a batch of messages, then computes due features; returns how much there was to do.

        While more messages wait, they get as much time as the features took the last time. A person's features are
        computed from all of their events: in a flood of events about few people, computing them after every batch
        would leave time for nothing else.
        """
        started = time.monotonic()
        last = done = self._batch(connection)
        while last == AT_ONCE and time.monotonic() - started < self._features_took and not self._ended.is_set():
            last = self._batch(connection)
            done += last
        if self._features is not None:
            started = time.monotonic()
            try:
                done += write_due(self._engine, self._features, self._clock)
            except (RedisError, OSError) as error:  # the messages go on; their features follow
                log.warning("features wait", error=type(error).__name__)
                self._ended.wait(RETRY)
            self._features_took = time.monotonic() - started
        return done

    def _batch(self, connection: Connection) -> int:
        with connection.begin():
            rows = waiting(connection, AT_ONCE)
        if rows:
            try:
                with connection.begin():
                    project(connection, rows, self._sources, self._clock(), self._key)
            except Exception as error:  # any error: if one message is at fault, the others are still projected
                if is_passing(error):
                    raise
                self._one_by_one(connection, rows)
        return len(rows)

    def _one_by_one(self, connection: Connection, rows: list[Any]) -> None:
        """After a failed batch: projects messages one by one, and makes those that fail dead letters, with the error's
        type."""
        for row in rows:
            try:
                with connection.begin():
                    project(connection, [row], self._sources, self._clock(), self._key)
            except Exception as error:  # any error: one message never blocks the others
                if is_passing(error):
                    raise
                log.error("a message could not be projected", error=type(error).__name__)
                self._keep_refusals(connection, row)
                with connection.begin():
                    dead_letter(connection, row.inbox_id, type(error).__name__)

    def _keep_refusals(self, connection: Connection, row: Any) -> None:
        """Stores the refusals of consent of a message that cannot be projected, if possible."""
        for kept in refusals_of(json.dumps(row.item).encode(), None, row.gpc):
            alone = SimpleNamespace(**{**row._asdict(), "item": json.loads(kept)})
            try:
                with connection.begin():
                    project(connection, [alone], self._sources, self._clock(), self._key)
                return
            except Exception as error:  # any error: it becomes a dead letter with its message
                if is_passing(error):
                    raise


@contextmanager
def projecting(
    engine: Engine,
    sources: Sources,
    features: FeatureWriter | None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    key: bytes | None = None,
) -> Iterator[None]:
    """Projects in the background of a `with` block; `key` is that of the tombstones."""
    projector = Projector(engine, sources, features, clock, key)
    projector.start()
    try:
        yield
    finally:
        projector.stop()


def _wait(connection: Connection) -> None:
    for _ in driver_of(connection).notifies(timeout=IDLE, stop_after=1):
        pass
