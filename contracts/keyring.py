"""A secret with its predecessors: new MACs are made with the current one, and checked with any of them."""

from collections.abc import Iterable
from typing import Self


class KeyRing(bytes):
    """The secret in force; `former` are those before it, the newest first."""

    former: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, key: bytes, former: Iterable[bytes] = ()) -> Self:
        ring = cls(key)
        ring.former = tuple(former)
        return ring


def all_of(key: bytes) -> tuple[bytes, ...]:
    """The secrets that something may have been made with, the one in force first."""
    return (bytes(key), *getattr(key, "former", ()))
