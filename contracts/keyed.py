"""Ids that lead back to nobody: digests under the installation's key, which no store holds.

A digest without a key of a telephone number, or of a customer's number in a source, is found again by trying them all:
the mobile numbers of a country take half an hour on one core. With a key that is kept elsewhere there is nothing to
try, and the same words still give the same id, in the batch and live, in the first run and in a rebuild.
"""

import hashlib
from functools import lru_cache

from contracts.settings import settings

SIZE = 32


def keyed(use: str, *said: str, size: int = SIZE) -> str:
    """Keyed BLAKE2b (RFC 7693) of some texts, in hexadecimal; `use` keeps ids of different kinds apart.

    `size` is in bytes. Every text goes in with its length before it, so that no two lists of texts look alike.
    """
    message = "".join([f"{len(one)}:{one}," for one in said]).encode(errors="surrogatepass")
    return hashlib.blake2b(message, digest_size=size, key=_key(), person=use.encode()).hexdigest()


def require_key() -> None:
    """Raises MissingSecret where there is no key: a job says so before it starts anything."""
    _key()


@lru_cache
def _key() -> bytes:
    # BLAKE2b takes a key of at most 64 bytes.
    return hashlib.blake2b(settings().installation_secret, digest_size=64, person=b"installation").digest()
