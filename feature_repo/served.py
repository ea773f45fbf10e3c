"""Features as a service reads them: an online store that does not answer is not asked again for a moment."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from feature_repo.online import Answer, Features, Rows
from stores.embedded import Stores

LEFT_ALONE = 1.0
"""Seconds for which an unresponsive online store is not asked, so that profiles do not wait for it."""
PATIENCE = 1.0


class Served:
    """Features from a store that may be down."""

    def __init__(self, features: Features, clock: Callable[[], float] = time.monotonic) -> None:
        self.features, self._clock, self._down_until = features, clock, float("-inf")

    def read(self, profile_id: str, purpose: str) -> Answer:
        """Like `Features.read`; raises ConnectionError at once while the store is not asked."""
        if self._clock() < self._down_until:
            raise ConnectionError("expected the online store to answer, found that it did not a moment ago")
        with self._noting_absence():
            return self.features.read(profile_id, purpose)

    def write(self, profile_id: str, rows: Rows, event_timestamp: datetime) -> None:
        """As `Features.write`."""
        with self._noting_absence():
            self.features.write(profile_id, rows, event_timestamp)

    def stands_at(self, profile_id: str, view: str) -> datetime | None:
        """As `Features.stands_at`."""
        with self._noting_absence():
            return self.features.stands_at(profile_id, view)

    def forget(self, profile_id: str) -> bool:
        """As `Features.forget`."""
        with self._noting_absence():
            return self.features.forget(profile_id)

    @contextmanager
    def _noting_absence(self) -> Iterator[None]:
        try:
            yield
        except (RedisError, OSError):
            self._down_until = self._clock() + LEFT_ALONE
            raise


def serve_features(stores: Stores) -> Served:
    """The features for a service, with short timeouts and no retries."""
    waits: dict[str, Any] = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    return Served(Features(Redis.from_url(stores.redis_url, **waits, retry=Retry(NoBackoff(), 1))))
