"""Rate limits: of all requests, of bots per purpose, and of the different people anyone may look up in a period.

All workers count together (profile_api.access.tallies).
"""

import time
from collections.abc import Callable
from typing import Protocol

from limits import RateLimitItem, parse

from consent.model import Actor, Role
from contracts.settings import Settings
from profile_api.access.tallies import Tallies
from profile_api.responses.errors import Problem


class Throttle(Protocol):
    """The limits that the gate checks: before it reads, and once the person is known."""

    def check_rate(self, actor: Actor, purpose: str) -> Problem | None:
        """The error if this client sent too many requests, else None."""
        ...

    def count_distinct(self, actor: Actor, profile_id: str) -> Problem | None:
        """The error if this actor looked up too many different people, else None; people looked up already do not
        count again."""
        ...


class Limits:
    """The limits of these settings; without an address of Valkey this process counts alone."""

    def __init__(self, settings: Settings, redis_url: str | None, clock: Callable[[], float] = time.time) -> None:
        self._rates = dict.fromkeys(Role, parse(settings.staff_rate))
        self._rates |= {Role.CUSTOMER: parse(settings.customer_rate), Role.BOT: parse(settings.bot_rate)}
        self._people = {role: parse(settings.staff_people) for role in Role} | {Role.BOT: parse(settings.bot_people)}
        self._tallies = Tallies(redis_url, clock)

    def check_rate(self, actor: Actor, purpose: str) -> Problem | None:
        """Bots are counted per client and purpose, anybody else per client."""
        item = self._rates[actor.role]
        of = (purpose,) if actor.role is Role.BOT else ()
        limits = [(item, (actor.role.value, actor.subject, *of))]
        if self._tallies.take_from_advance(limits) or self._tallies.take(limits) is None:
            return None
        return Problem(429, "rate-limited", expected("requests", item), headers=self._tallies.wait(item))

    def count_distinct(self, actor: Actor, profile_id: str) -> Problem | None:
        """Customers only read themselves, and are not counted."""
        if actor.role is Role.CUSTOMER:
            return None
        item = self._people[actor.role]
        if self._tallies.count_distinct(item, (actor.subject,), [profile_id]):
            return None
        return Problem(429, "too-many-people", expected("people", item), headers=self._tallies.wait(item))


class Unlimited:
    """No limits: for tools that run beside the service."""

    def check_rate(self, actor: Actor, purpose: str) -> Problem | None:
        """Never refuses."""
        return None

    def count_distinct(self, actor: Actor, profile_id: str) -> Problem | None:
        """Never refuses."""
        return None


def expected(what: str, item: RateLimitItem) -> str:
    """What a limit allows, in words."""
    seconds = item.get_expiry()
    return f"Expected at most {item.amount} {what} in {seconds} seconds, found more; wait as `Retry-After` says."
