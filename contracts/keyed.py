"""Ids that cannot be traced back to a person: digests under the installation's key, which no store holds.

An unkeyed digest of a telephone or customer number can be reversed by trying all numbers: the mobile numbers of a
country take half an hour on one core. With a key that is kept elsewhere this is impossible, and equal input still
gives the same id, in the batch and live, in the first run and in a rebuild.
"""

import hashlib
from functools import lru_cache

from contracts.settings import settings

SIZE = 32


def keyed(use: str, *texts: str, size: int = SIZE) -> str:
    """Keyed BLAKE2b (RFC 7693) of some texts, in hexadecimal; `use` keeps ids of different kinds apart.

    `size` is in bytes. Every text is prefixed with its length, so that different lists of texts never give the same
    input.
    """
    message = "".join([f"{len(one)}:{one}," for one in texts]).encode(errors="surrogatepass")
    return hashlib.blake2b(message, digest_size=size, key=_key(), person=use.encode()).hexdigest()


def require_key() -> None:
    """Raises MissingSecret where there is no key: a job says so before it starts anything."""
    _key()


@lru_cache
def _key() -> bytes:
    # BLAKE2b takes a key of at most 64 bytes.
    return hashlib.blake2b(settings().installation_secret, digest_size=64, person=b"installation").digest()
