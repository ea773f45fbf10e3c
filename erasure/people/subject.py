"""The people of an erasure: their records, the data that only they have, and the values that must be gone
afterwards."""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from consent.tombstones.digests import tombstones_of
from contracts.identifiers import Identifier
from contracts.keyring import all_of
from contracts.pseudonyms import NoKey
from contracts.sources import EVENTS
from erasure.answers.model import Whose

NONCE = 12


@dataclass
class Subject:
    """All people of one erasure together.

    `profiles` are deleted completely, `rebuilt` continue without the erased records. `bystanders` are others' records,
    from which claims about these people are removed. `identifiers` are those that nobody else has: a household's
    landline stays, since it is also the others'. `values` must be found nowhere afterwards; `words` are names and
    whole names, folded, searched only in text. Values that also occur in other people's rows can't be attributed by
    text: `common_values` and `common_words` are counted and reported as kept, `shared` are the identifiers among them.
    `full_names` are folded pairs of given and family name that nobody else has. `common_tokens` are ids of theirs that
    somebody else's identifier of another kind is spelt like: they bury nobody's texts.
    """

    people: int = 0
    records: set[str] = field(default_factory=set)
    bystanders: set[str] = field(default_factory=set)
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
    common_tokens: set[str] = field(default_factory=set)

    def say_others(self, said: set[str]) -> None:
        """Moves values that others have too to those that are kept."""
        self.common_values |= self.values & said
        self.common_words |= self.words & said
        self.values -= said
        self.words -= said

    def tombstones(self, key: bytes) -> set[str]:
        """The tombstones of these people."""
        return tombstones_of(key, self.identifiers, self.records, self.common_tokens)

    def keys(self, whose: Whose) -> set[tuple[str, ...]]:
        """The keys by which rows are theirs."""
        if whose is Whose.RECORD_KEYS:
            return {*source_keys(self.records)}
        if whose is Whose.EVENT_KEYS:  # a live source's events have a channel of their own
            found = source_keys(self.events)
            return {*found} | {(channel + EVENTS, key) for channel, key in found}
        if whose is Whose.IDENTIFIERS:
            return {(one.kind, one.value) for one in self.identifiers} | {("record", one) for one in self.records}
        return {(one,) for one in getattr(self, whose)}

    def sealed(self, key: bytes) -> bytes:
        """Encrypted for a second attempt, so that the stored subject cannot be read."""
        said: dict[str, Any] = {
            name: sorted(value) if isinstance(value, set) else value for name, value in vars(self).items()
        }
        for name in ("identifiers", "shared"):
            said[name] = sorted([one.kind, one.value] for one in getattr(self, name))
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(_key(key)).encrypt(nonce, json.dumps(said).encode(), None)

    @classmethod
    def unsealed(cls, sealed: bytes, key: bytes) -> "Subject":
        said = json.loads(_opened(sealed, key))
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


def _opened(sealed: bytes, key: bytes) -> bytes:
    for one in all_of(key):
        with suppress(InvalidTag):
            return AESGCM(_key(one)).decrypt(sealed[:NONCE], sealed[NONCE:], None)
    raise NoKey(
        "expected the OCV_AUDIT_KEY that this erasure was begun with, found another; name it in OCV_FORMER_AUDIT_KEYS"
    )


def _key(key: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, b"one-customer-view erasure").derive(key)
