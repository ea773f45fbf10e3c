"""How much one client may ask: in all, bots per purpose, and how many different people anyone may look up in a while.

Bots' requests and the people whom one meets are counted in Valkey, so that every worker counts the same. While Valkey
does not answer each worker counts for itself: a limit then is one per worker, and profiles still serve. What staff and
customers ask in all, only to bound the rows that it leaves, each worker always counts for itself.
"""

import math
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis import Redis
from redis.exceptions import RedisError

from consent.model import Actor, Role
from contracts.keyed import keyed
from contracts.settings import Settings
from profile_api.errors import Problem

AGAIN_AFTER = 5.0
"""Seconds for which a Valkey that did not answer is left alone."""

PATIENCE = 0.25

# Whoever was refused was not met.
_MEET = """
if redis.call('SADD', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('EXPIRE', KEYS[1], ARGV[2])
local count = redis.call('SCARD', KEYS[1])
if count > tonumber(ARGV[3]) then redis.call('SREM', KEYS[1], ARGV[1]) end
return count
"""
Result = TypeVar("Result")


class Throttle(Protocol):
    """What the gate asks before it reads, and once it knows about whom."""

    def admit(self, actor: Actor, purpose: str) -> Problem | None:
        """The answer where this client has asked too often."""
        ...

    def meet(self, actor: Actor, profile_id: str) -> Problem | None:
        """The answer where this actor has met too many different people; whom they met already they may meet again."""
        ...


class Limits:
    """The limits of these settings; without an address of Valkey this process counts alone."""

    def __init__(self, settings: Settings, redis_url: str | None, clock: Callable[[], float] = time.time) -> None:
        self._bot_rate = parse(settings.bot_rate)
        self._rates = dict.fromkeys(Role, parse(settings.staff_rate)) | {Role.CUSTOMER: parse(settings.customer_rate)}
        self._people = {role: parse(settings.staff_people) for role in Role} | {Role.BOT: parse(settings.bot_people)}
        self._clock, self._down_until = clock, float("-inf")
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._met: dict[str, set[str]] = {}
        self._redis: Redis | None = None
        if redis_url:
            waits = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
            self._redis = Redis.from_url(redis_url, **waits)
            pool = self._redis.connection_pool
            self._shared = FixedWindowRateLimiter(RedisStorage(redis_url, connection_pool=pool, key_prefix="ocv:rate"))
            self._meet = self._redis.register_script(_MEET)

    def admit(self, actor: Actor, purpose: str) -> Problem | None:
        """Bots are counted per client and purpose, anybody else per client."""
        who = _digest(actor.subject)
        if actor.role is Role.BOT:
            item, names = self._bot_rate, (who, purpose)
            admitted = self._ask(lambda: self._shared.hit(item, *names), lambda: self._own.hit(item, *names))
        else:
            item = self._rates[actor.role]
            admitted = self._own.hit(item, actor.role.value, who)
        if admitted:
            return None
        return Problem(429, "rate-limited", expected("requests", item), headers=wait(item, self._clock()))

    def meet(self, actor: Actor, profile_id: str) -> Problem | None:
        """Customers meet themselves alone, and are not counted."""
        if actor.role is Role.CUSTOMER:
            return None
        item = self._people[actor.role]
        window = f"ocv:met:{_digest(actor.subject)}:{int(self._clock() // item.get_expiry())}"
        met = self._met_in(window)
        if profile_id in met:
            return None
        member = _digest(window + profile_id)  # tells nobody who it was, and goes with its window
        given: list[str | int] = [member, item.get_expiry(), item.amount]
        count = self._ask(lambda: int(self._meet([window], given)), lambda: len(met) + 1)
        if count > item.amount:
            return Problem(429, "too-many-people", expected("people", item), headers=wait(item, self._clock()))
        met.add(profile_id)
        return None

    def _met_in(self, window: str) -> set[str]:
        if window not in self._met:
            now = window.rpartition(":")[0]
            self._met = {one: met for one, met in self._met.items() if one.rpartition(":")[0] != now}
        return self._met.setdefault(window, set())

    def _ask(self, shared: Callable[[], Result], alone: Callable[[], Result]) -> Result:
        if self._redis is not None and self._clock() >= self._down_until:
            try:
                return shared()
            except (RedisError, OSError):
                self._down_until = self._clock() + AGAIN_AFTER
        return alone()


class Unlimited:
    """No limits: for tools that run beside the service."""

    def admit(self, actor: Actor, purpose: str) -> Problem | None:
        """Never refuses."""
        return None

    def meet(self, actor: Actor, profile_id: str) -> Problem | None:
        """Never refuses."""
        return None


def _digest(subject: str) -> str:
    return keyed("met", subject, size=8)


def expected(what: str, item: RateLimitItem) -> str:
    """What a limit allows, in words."""
    seconds = item.get_expiry()
    return f"Expected at most {item.amount} {what} in {seconds} seconds, found more; wait as `Retry-After` says."


def wait(item: RateLimitItem, now: float) -> dict[str, str]:
    """The header that says when the limit's window ends."""
    seconds = item.get_expiry()
    return {"Retry-After": str(max(1, math.ceil(seconds - now % seconds)))}
