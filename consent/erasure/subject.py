"""Whom an erasure is about: their records, what of the rest is theirs alone, and the values that must be gone after."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from consent.erasure.answers.model import Whose
from consent.erasure.tombstones import tombstones_of
from contracts.identifiers import Identifier
from contracts.sources import EVENTS

NONCE = 12


@dataclass
class Subject:
    """All people of one erasure, taken together.

    `profiles` go whole, `rebuilt` go on without the erased records. `identifiers` are those that nobody else holds: a
    landline that a household shares stays, for it is the others' as well. `values` must be found nowhere afterwards;
    `words` are names and whole names, folded, looked for where text is text and not machine code. What other people's
    rows say as well can't be told from theirs by its text: `common_values` and `common_words` are counted and named as
    kept, `shared` are the identifiers among them. `full_names` are folded given and family names that nobody else bears
    together.
    """

    people: int = 0
    records: set[str] = field(default_factory=set)
    profiles: set[str] = field(default_factory=set)
    rebuilt: set[str] = field(default_factory=set)
    identifiers: set[Identifier] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    consents: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    shared: set[Identifier] = field(default_factory=set)
    common_values: set[str] = field(default_factory=set)
    common_words: set[str] = field(default_factory=set)
    full_names: set[str] = field(default_factory=set)

    def tombstones(self, key: bytes) -> set[str]:
        """What keeps these people out from now on."""
        return tombstones_of(key, self.identifiers, self.records)

    def keys(self, whose: Whose) -> set[tuple[str, ...]]:
        """The keys by which rows are theirs."""
        if whose is Whose.RECORD_KEYS:
            return {*source_keys(self.records)}
        if whose is Whose.EVENT_KEYS:  # a live source's events have a channel of their own
            found = source_keys(self.events)
            return {*found} | {(channel + EVENTS, key) for channel, key in found}
        return {(one,) for one in getattr(self, whose)}

    def sealed(self, key: bytes) -> bytes:
        """Encrypted, so that what is kept for a second try holds nothing that can be read."""
        said: dict[str, Any] = {
            name: sorted(value) if isinstance(value, set) else value for name, value in vars(self).items()
        }
        for name in ("identifiers", "shared"):
            said[name] = sorted([one.kind, one.value] for one in getattr(self, name))
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(_key(key)).encrypt(nonce, json.dumps(said).encode(), None)

    @classmethod
    def unsealed(cls, sealed: bytes, key: bytes) -> "Subject":
        said = json.loads(AESGCM(_key(key)).decrypt(sealed[:NONCE], sealed[NONCE:], None))
        found: dict[str, Any] = {}
        for name, value in said.items():
            if isinstance(value, list) and name not in ("identifiers", "shared"):
                found[name] = set(value)
        for name in ("identifiers", "shared"):
            found[name] = {Identifier(*one) for one in said.get(name, [])}
        return cls(**said | found)


def source_keys(of: Iterable[str]) -> set[tuple[str, str]]:
    """Channel and key in the source, of record or event ids."""
    return {(channel, key) for channel, _, key in (one.partition(":") for one in of)}


def _key(key: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, b"one-customer-view erasure").derive(key)
