"""Features as a service reads them: those that come after its start, and a store that goes away for a while."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from feature_repo.catalogue import PURPOSES
from feature_repo.online import Answer, Features, Rows, open_features, services_of
from stores.embedded import Stores

UNTIL_FOUND = 5.0
"""Seconds between two looks into the registry while a purpose has no features yet."""
UNTIL_CHANGED = 300.0
"""Seconds between two looks for other definitions."""
LEFT_ALONE = 1.0
"""Seconds for which an online store that did not answer is not asked, so that profiles do not wait for it."""
PATIENCE = 1.0


class Served:
    """The open features, looked up in the registry again at times, beside the requests."""

    def __init__(self, features: Features, clock: Callable[[], float] = time.monotonic) -> None:
        self.features, self._clock = features, clock
        self._next, self._down_until = clock() + UNTIL_FOUND, float("-inf")
        self._refreshing = threading.Lock()

    def read(self, profile_id: str, purpose: str) -> Answer:
        """As `Features.read`; raises ConnectionError at once while the store is left alone."""
        now = self._clock()
        if now < self._down_until:
            raise ConnectionError("expected the online store to answer, found that it did not a moment ago")
        if now >= self._next and self._refreshing.acquire(blocking=False):
            self._next = now + UNTIL_FOUND
            threading.Thread(target=self._refresh, name="features", daemon=True).start()
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

    def _refresh(self) -> None:
        try:
            self.features.store.refresh_registry()  # type: ignore[no-untyped-call]  # Feast does not type it
            self.features = replace(self.features, services=services_of(self.features.store))
            if len(self.features.services) == len(PURPOSES):
                self._next = self._clock() + UNTIL_CHANGED
        except Exception:  # noqa: S110 -- whatever the registry's driver raises, the features at hand go on serving
            pass
        finally:
            self._refreshing.release()


def serve_features(stores: Stores, lake: str | None = None) -> Served:
    """Opens the features for a service; its reads give up soon, and are not tried again. `lake` as in open_features."""
    features = open_features(stores, lake)
    online: Any = features.store._get_provider()
    # Feast has no setting for how often its client tries.
    waits: dict[str, Any] = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    client = online.online_store._client = Redis.from_url(stores.redis_url, **waits, retry=Retry(NoBackoff(), 1))
    return Served(replace(features, client=client))
