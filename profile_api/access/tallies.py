"""Counts shared by all workers, in Valkey: requests in a time window, and different people.

A worker that counts much of somebody takes some in advance, so that not each of it waits for Valkey. While Valkey does
not answer, each worker counts separately, so limits then apply per worker.
"""

import math
import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from redis import Redis
from redis.exceptions import RedisError

from contracts.keyed import keyed

AGAIN_AFTER = 5.0
"""Seconds for which an unresponsive Valkey is not asked."""

PATIENCE = 0.25
ADVANCE, OF_LIMIT = 4, 100
"""A worker takes in advance a quarter of what it took in the window, and a hundredth of the limit at most: so much less
others may take."""
MOST_ADVANCES = 10_000
"""How many a worker holds at a time; the memory is cleared then."""

# Refused requests do not count. Arguments: the cost, then for each key its limit and its seconds.
_TAKE = """
for place, key in ipairs(KEYS) do
    if tonumber(redis.call('GET', key) or '0') + tonumber(ARGV[1]) > tonumber(ARGV[2 * place]) then return place end
end
for place, key in ipairs(KEYS) do
    redis.call('INCRBY', key, ARGV[1])
    redis.call('EXPIRE', key, ARGV[2 * place + 1])
end
return 0
"""
# Refused lookups do not count. Arguments: the seconds, the limit, and the people of this lookup.
_MEET = """
local new = {}
for place = 3, #ARGV do
    if redis.call('SISMEMBER', KEYS[1], ARGV[place]) == 0 then table.insert(new, ARGV[place]) end
end
if redis.call('SCARD', KEYS[1]) + #new > tonumber(ARGV[2]) then return 0 end
for _, one in ipairs(new) do redis.call('SADD', KEYS[1], one) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
"""
Result = TypeVar("Result")
Limit = tuple[RateLimitItem, tuple[str, ...]]
"""How much, and of whom."""


class Tallies:
    """One worker's access to the counts; without an address of Valkey it counts alone."""

    def __init__(self, redis_url: str | None, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._down_until = clock, float("-inf")
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._met: dict[str, set[str]] = {}
        self._advances: dict[tuple[str, ...], tuple[int, int]] = {}  # by window: what was taken, what of it is left
        self._advancing = threading.Lock()
        self._redis: Redis | None = None
        if redis_url:
            self._redis = Redis.from_url(redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
            self._take, self._meet = self._redis.register_script(_TAKE), self._redis.register_script(_MEET)

    def take(self, limits: Sequence[Limit], cost: int = 1) -> RateLimitItem | None:
        """Counts this under all limits, or under none; returns the limit that would be exceeded."""
        windows = self._windows(limits)
        taken, _ = self._advances.get(windows, (0, 0))
        ahead = min(taken // ADVANCE, *(item.amount // OF_LIMIT for item, _ in limits))
        if ahead and not self._ask(lambda: self._take_together(limits, windows, cost + ahead), lambda: 1):
            self._note(windows, cost + ahead, ahead)
            return None
        place = self._ask(lambda: self._take_together(limits, windows, cost), lambda: self._take_alone(limits, cost))
        if not place:
            self._note(windows, cost, 0)
        return limits[place - 1][0] if place else None

    def take_from_advance(self, limits: Sequence[Limit], cost: int = 1) -> bool:
        """Counts this if enough of it was taken in advance; asks nobody."""
        windows = self._windows(limits)
        with self._advancing:
            taken, left = self._advances.get(windows, (0, 0))
            if left < cost:
                return False
            self._advances[windows] = (taken, left - cost)
        return True

    def _note(self, windows: tuple[str, ...], took: int, ahead: int) -> None:
        with self._advancing:
            if len(self._advances) >= MOST_ADVANCES:
                self._advances.clear()
            taken, left = self._advances.get(windows, (0, 0))
            self._advances[windows] = (taken + took, left + ahead)

    def count_distinct(self, item: RateLimitItem, of: tuple[str, ...], whom: Collection[str]) -> bool:
        """Whether these people are within the limit; if so, they are counted, and may be looked up again."""
        window = self._window("met", item, of)
        met = self._met_in(window)
        new = {keyed("met", window, one, size=8) for one in whom} - met  # reveals nobody, and expires
        given: list[str | int] = [item.get_expiry(), item.amount, *sorted(new)]
        may = not new or self._ask(
            lambda: bool(self._meet([window], given)), lambda: len(met) + len(new) <= item.amount
        )
        if may:
            met |= new
        return may

    def wait(self, item: RateLimitItem) -> dict[str, str]:
        """The header that says when the limit's window ends."""
        seconds = item.get_expiry()
        return {"Retry-After": str(max(1, math.ceil(seconds - self._clock() % seconds)))}

    def _windows(self, limits: Sequence[Limit]) -> tuple[str, ...]:
        return tuple(self._window("rate", *one) for one in limits)

    def _take_together(self, limits: Sequence[Limit], windows: Sequence[str], cost: int) -> int:
        given = [number for item, _ in limits for number in (item.amount, item.get_expiry())]
        return int(self._take(windows, [cost, *given]))

    def _take_alone(self, limits: Sequence[Limit], cost: int) -> int:
        for place, (item, names) in enumerate(limits, 1):
            if not self._own.test(item, *names, cost=cost):
                return place
        for item, names in limits:
            self._own.hit(item, *names, cost=cost)
        return 0

    def _window(self, what: str, item: RateLimitItem, of: tuple[str, ...]) -> str:
        number = int(self._clock() // item.get_expiry())
        return f"ocv:{what}:{keyed('met', *of, size=8)}:{item.get_expiry()}:{number}"

    def _met_in(self, window: str) -> set[str]:
        if window not in self._met:
            length, number = window.split(":")[-2:]
            over = [one for one in self._met if one.split(":")[-2] == length and one.split(":")[-1] != number]
            for one in over:
                del self._met[one]
        return self._met.setdefault(window, set())

    def _ask(self, shared: Callable[[], Result], alone: Callable[[], Result]) -> Result:
        if self._redis is not None and self._clock() >= self._down_until:
            try:
                return shared()
            except (RedisError, OSError):
                self._down_until = self._clock() + AGAIN_AFTER
        return alone()
