"""Ends what is overdue in a thread of the service, so that a customer whose advisor vanished is told without asking."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from threading import Event

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from consent.beside import beside
from profile_api.handoffs.queries.handoffs import end_what_is_overdue

EVERY = 5.0
"""Seconds between two looks."""

log = structlog.get_logger()


@contextmanager
def lapsing(engine: Engine, clock: Callable[[], datetime], every: float = EVERY) -> Iterator[None]:
    """Looks every few seconds in its own thread, until the end."""
    with beside("hand-offs", partial(_run, engine, clock, every)):
        yield


def _run(engine: Engine, clock: Callable[[], datetime], every: float, stop: Event) -> None:
    while not stop.wait(every):
        try:
            with engine.begin() as connection:
                end_what_is_overdue(connection, clock())
        except SQLAlchemyError as error:
            log.warning("overdue hand-offs wait for the store", error=type(error).__name__)
