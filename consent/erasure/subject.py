"""Whom an erasure is about: their records, what of the rest is theirs alone, and the values that must be gone after."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from consent.erasure.tombstones import tombstones_of
from contracts.identifiers import Identifier

NONCE = 12


@dataclass
class Subject:
    """All people of one erasure, taken together.

    `profiles` go whole, `rebuilt` go on without the erased records. `identifiers` are those that nobody else holds: a
    landline that a household shares stays, for it is the others' as well. `values` must be found nowhere afterwards;
    `words` are single names, looked for where text is text and not machine code.
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

    def tombstones(self, key: bytes) -> set[str]:
        """What keeps these people out from now on."""
        return tombstones_of(key, self.identifiers, self.records)

    def source_keys(self, of: Iterable[str]) -> set[tuple[str, str]]:
        """Channel and key in the source, of record or event ids."""
        return {(channel, key) for channel, _, key in (one.partition(":") for one in of)}

    def sealed(self, key: bytes) -> bytes:
        """Encrypted, so that what is kept for a second try holds nothing that can be read."""
        said: dict[str, Any] = {
            name: sorted(value) if isinstance(value, set) else value for name, value in vars(self).items()
        }
        said["identifiers"] = sorted([one.kind, one.value] for one in self.identifiers)
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(_key(key)).encrypt(nonce, json.dumps(said).encode(), None)

    @classmethod
    def unsealed(cls, sealed: bytes, key: bytes) -> "Subject":
        said = json.loads(AESGCM(_key(key)).decrypt(sealed[:NONCE], sealed[NONCE:], None))
        found = {name: set(value) for name, value in said.items() if name not in ("identifiers", "people")}
        return cls(people=said["people"], identifiers={Identifier(*one) for one in said["identifiers"]}, **found)


def _key(key: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, b"one-customer-view erasure").derive(key)
