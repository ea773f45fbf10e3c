"""Coordinates work on the stores: batch jobs may run concurrently, an erasure or a retention only alone.

A batch that reads a table while rows are taken out of it would write what it read back, into the next table.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import Engine, text

from contracts.settings import Settings
from stores.embedded import Stores, open_stores
from stores.postgres import open_engine

TURN = 0xBA7C4  # one number for all processes
ASKS_EVERY = 1.0
"""Seconds. Who takes out asks again and again, and does not queue: a job that another job waits for gets its turn."""

log = structlog.get_logger()


@contextmanager
def batch_job(config: Settings) -> Iterator[Stores]:
    """The stores for a job of the batch; waits while anybody takes people out of them, and keeps such work waiting."""
    with open_stores(config) as stores:
        engine = open_engine(stores.database_url, connections=1)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET lock_timeout = 0"))
            if not connection.scalar(text("SELECT pg_try_advisory_lock_shared(:turn)"), {"turn": TURN}):
                log.warning("an erasure or a retention is at work: waiting for its end")
                connection.execute(text("SELECT pg_advisory_lock_shared(:turn)"), {"turn": TURN})
            try:
                yield stores
            finally:
                connection.invalidate()  # the turn ends with its session
        engine.dispose()


@contextmanager
def taking_out(engine: Engine) -> Iterator[None]:
    """Waits for the jobs of the batch that are at work, and keeps others waiting for as long as this lasts."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.scalar(text("SELECT pg_try_advisory_lock(:turn)"), {"turn": TURN}):
            time.sleep(ASKS_EVERY)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:turn)"), {"turn": TURN})
