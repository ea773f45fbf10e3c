"""How much a live source's key may bring in: messages, and different people, for one address and in all.

Accepting a message writes rows that nobody can take back. A browser's key is public, so whoever has it is told apart by
address alone. Each worker counts for itself: collecting waits for no other store than the one that keeps the messages.
"""

import hashlib
import time
from collections.abc import Callable, Collection

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from contracts.settings import Settings
from profile_api.connections import network_of
from profile_api.errors import Problem
from profile_api.throttle import expected, wait


class Intake:
    """The limits of these settings."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._of_address, self._of_key = parse(settings.write_rate), parse(settings.write_key_rate)
        self._people = parse(settings.write_people)
        self._counted = FixedWindowRateLimiter(MemoryStorage())
        self._met: dict[tuple[int, str], set[bytes]] = {}
        self._clock = clock

    def admit(self, key: str, address: str, messages: int) -> None:
        """Counts messages, also such as prove to be none; raises a Problem (429) where they are too many."""
        counts = ((self._of_address, (key, network_of(address))), (self._of_key, (key,)))
        for item, names in counts:  # nothing is counted of what is refused
            if not self._counted.test(item, *names, cost=messages):
                raise Problem(429, "rate-limited", expected("messages", item), headers=wait(item, self._clock()))
        for item, names in counts:
            self._counted.hit(item, *names, cost=messages)

    def meet(self, key: str, address: str, records: Collection[str]) -> None:
        """Counts whom a browser's key brings from one address; raises a Problem (429) where they are too many."""
        item = self._people
        window = int(self._clock() // item.get_expiry())
        if any(known < window for known, _ in self._met):
            self._met = {one: met for one, met in self._met.items() if one[0] == window}
        met = self._met.setdefault((window, f"{key} {network_of(address)}"), set())
        new = {hashlib.blake2b(one.encode(), digest_size=8).digest() for one in records} - met
        if len(met) + len(new) > item.amount:
            raise Problem(429, "rate-limited", expected("people", item), headers=wait(item, self._clock()))
        met |= new
