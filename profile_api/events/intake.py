"""How much a live source's key may bring in: messages, and different people, for one address and in all.

Accepting a message writes rows that nobody can take back. A browser's key is public, so whoever has it is told apart by
address alone. All workers count together (profile_api.access.tallies).
"""

import time
from collections.abc import Callable, Collection

from limits import parse
from msgspec import Raw

from consent.tombstones.contacts import many_in
from contracts.settings import Settings
from profile_api.access.tallies import Limit, Tallies
from profile_api.access.throttle import expected
from profile_api.http.connections import network_of
from profile_api.responses.errors import Problem

CONTACTS_OF_A_MESSAGE = 10


def weight_of(messages: Collection[bytes | Raw]) -> int:
    """As how many messages these count where somebody was erased: it takes as long to see whether one that is full of
    addresses and numbers names them as of several others."""
    return sum(1 + many_in(bytes(one).decode("utf-8", "replace")) // CONTACTS_OF_A_MESSAGE for one in messages)


class Intake:
    """The limits of these settings; without an address of Valkey this process counts alone."""

    def __init__(
        self, settings: Settings, redis_url: str | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._of_address, self._of_key = parse(settings.write_rate), parse(settings.write_key_rate)
        self._people = parse(settings.write_people)
        self._tallies = Tallies(redis_url, clock)

    def check_rate(self, key: str, address: str, weight: int) -> None:
        """Counts messages, also such as prove to be none; raises a Problem (429) where they are too many."""
        if (beyond := self._tallies.take(self._limits(key, address), weight)) is not None:
            raise Problem(429, "rate-limited", expected("messages", beyond), headers=self._tallies.wait(beyond))

    def is_in_advance(self, key: str, address: str, weight: int) -> bool:
        """Whether the messages are counted already, so that no store has to be asked."""
        return self._tallies.take_from_advance(self._limits(key, address), weight)

    def _limits(self, key: str, address: str) -> list[Limit]:
        return [(self._of_address, ("write", key, network_of(address))), (self._of_key, ("write", key))]

    def count_distinct(self, key: str, address: str, records: Collection[str]) -> None:
        """Counts whom a browser's key brings from one address; raises a Problem (429) where they are too many."""
        if not self._tallies.count_distinct(self._people, ("write", key, network_of(address)), records):
            detail = expected("people", self._people)
            raise Problem(429, "rate-limited", detail, headers=self._tallies.wait(self._people))
