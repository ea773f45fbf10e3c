"""Delivers what is due: signed, tried again with growing pauses, dead after the last try and still there to replay.

A consumer that is down holds up nobody but itself, and loses nothing: of what waits for it only one delivery at a time
is tried.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpcore
import structlog
from cloudevents.core.bindings.http import HTTPMessage
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from consent.beside import beside
from consent.loading import published_policies
from consent.purposes import published_purposes
from profile_api.access.gate import Gate
from profile_api.access.throttle import Unlimited
from profile_api.responses.errors import Problem
from profile_api.webhooks.addresses import Checked, ForbiddenAddress
from profile_api.webhooks.messages import signed
from profile_api.webhooks.queries import deliveries
from profile_api.webhooks.queries.endings import tell_ended
from profile_api.webhooks.queries.stored import OutboxEvent, Subscription

ATTEMPTS = 14
FIRST_PAUSE, FACTOR, LONGEST_PAUSE = timedelta(seconds=5), 3, timedelta(hours=12)
HOLD = timedelta(seconds=15)
"""How long the rest of a subscription waits after a failure that is not about one message alone."""
TIMEOUTS = {"connect": 5.0, "read": 10.0, "write": 10.0, "pool": 10.0}
LARGEST_ANSWER = 64 * 1024
WITHHELD = "withheld"
"""The result of an event of which this subscription may be told nothing; it is settled without a request."""
POLL = 0.5
TIDY = 3_600.0

Post = Callable[[str, HTTPMessage], int]
log = structlog.get_logger()


def pause(attempts: int) -> timedelta:
    """How long to wait after this many failed attempts: threefold each time, half as much more or less by chance."""
    planned: timedelta = min(FIRST_PAUSE * int(FACTOR ** (attempts - 1)), LONGEST_PAUSE)
    return planned * random.uniform(0.5, 1.5)  # noqa: S311 -- spreads load, guards nothing


class Poster:
    """Posts to addresses that webhooks may have; follows no redirect."""

    def __init__(self, demo: bool) -> None:
        self._pool = httpcore.ConnectionPool(
            network_backend=Checked(demo), max_connections=16, max_keepalive_connections=16, keepalive_expiry=30.0
        )

    def __call__(self, url: str, message: HTTPMessage) -> int:
        """The status of the answer; raises httpcore's errors, or ForbiddenAddress."""
        headers = [("user-agent", "one-customer-view"), *message.headers.items()]
        with self._pool.stream(
            "POST", url, headers=headers, content=message.body, extensions={"timeout": TIMEOUTS}
        ) as answer:
            size, give_up = 0, time.monotonic() + TIMEOUTS["read"]
            for chunk in answer.iter_stream():
                size += len(chunk)
                if size > LARGEST_ANSWER or time.monotonic() > give_up:
                    break  # what it says does not matter
            return answer.status


class Worker:
    """Works off the deliveries of all subscriptions, each subscription in its own turn."""

    def __init__(self, engine: Engine, gate: Gate, post: Post, clock: Callable[[], datetime]) -> None:
        self._engine, self._gate, self._post, self._clock = engine, gate, post, clock

    def run(self, stop: threading.Event, threads: int = 4) -> None:
        """Delivers until `stop` is set; a subscription is worked on by one thread at a time."""
        busy: dict[str, Future[None]] = {}
        tidy = time.monotonic()
        with ThreadPoolExecutor(threads, "webhooks") as pool:
            while not stop.wait(POLL):
                busy = {name: future for name, future in busy.items() if not future.done()}
                try:
                    waiting = deliveries.due_subscriptions(self._engine, self._clock())
                    if time.monotonic() >= tidy:
                        deliveries.forget(self._engine, self._clock())
                        tell_ended(self._engine, self._clock())
                        tidy = time.monotonic() + TIDY
                except SQLAlchemyError as error:
                    log.warning("webhooks wait for the store", error=type(error).__name__)
                    stop.wait(HOLD.total_seconds() / 3)
                    continue
                for one in waiting:
                    if one.subscription_id not in busy:
                        busy[one.subscription_id] = pool.submit(self._work_on, one, stop)

    def round(self) -> None:
        """Delivers what is due now, one batch a subscription."""
        for one in deliveries.due_subscriptions(self._engine, self._clock()):
            self._batch(one)

    def _work_on(self, subscription: Subscription, stop: threading.Event) -> None:
        try:
            while not stop.is_set() and self._batch(subscription):
                pass
        except SQLAlchemyError as error:  # what was claimed comes due again when its lease ends
            log.warning("webhooks wait for the store", error=type(error).__name__)

    def _batch(self, subscription: Subscription) -> bool:
        """Whether there was a batch, and the consumer took it."""
        claimed = deliveries.claim(self._engine, subscription.subscription_id, self._clock())
        for number, (event, attempts) in enumerate(claimed):
            if not self._deliver(subscription, event, attempts):
                rest = [one for one, _ in claimed[number + 1 :]]
                deliveries.release(self._engine, subscription.subscription_id, rest, self._clock() + HOLD)
                return False
        return bool(claimed)

    def _deliver(self, subscription: Subscription, event: OutboxEvent, attempts: int) -> bool:
        """Whether to go on with this subscription."""
        now = self._clock()
        try:
            message = signed(self._gate, subscription, event, now)
        except Problem:  # our own stores, not the consumer: no attempt is counted
            deliveries.release(self._engine, subscription.subscription_id, [event], now + HOLD)
            return False
        if message is None:
            self._settle(subscription, event, "delivered", attempts, now, WITHHELD)
            return True
        try:
            status = self._post(subscription.url, message)
            result, delivered = str(status), 200 <= status < 300
            refused = 400 <= status < 500 and status not in (408, 429)
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, ForbiddenAddress) as error:
            result, delivered, refused = type(error).__name__, False, False
        tried = attempts + 1
        state = "delivered" if delivered else "dead" if tried >= ATTEMPTS else "pending"
        due_at = now if delivered else now + pause(tried)
        self._settle(subscription, event, state, tried, due_at, result)
        if not delivered:
            log.warning("webhook not delivered", subscription=subscription.subscription_id, result=result, state=state)
        return delivered or refused

    def _settle(
        self, subscription: Subscription, event: OutboxEvent, state: str, attempts: int, due_at: datetime, result: str
    ) -> None:
        name = subscription.subscription_id
        deliveries.settle(self._engine, name, event, state=state, attempts=attempts, due_at=due_at, result=result)


@contextmanager
def delivering(engine: Engine, demo: bool) -> Iterator[None]:
    """Delivers in threads of their own; what is under way at the end is finished."""

    def clock() -> datetime:
        return datetime.now(UTC)

    gate = Gate(engine, None, published_policies(), published_purposes(), clock, Unlimited())
    with beside("webhooks", Worker(engine, gate, Poster(demo), clock).run):
        yield
