"""Keeps an erased person from coming back with a replayed file, a late event or a restored backup.

A tombstone is a keyed digest of an identifier, a record id or a refused row of an erased person. It is stored in
PostgreSQL and in the lake, so that restoring one of them brings nobody back.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from consent.tombstones.naming import TELLING, Named, forms, named_in_row, named_in_text
from contracts.channel import Channel
from contracts.identifiers import Identifier
from contracts.keyring import all_of
from contracts.pseudonyms import reference, reference_key
from contracts.settings import Settings
from stores.schema import tombstones

RECORD, ROW = "record", "row"
"""The kinds of references to record ids and refused rows; no identifier kind has these names."""

Asked = TypeVar("Asked")
ERASED = "erased"
"""The refusal reason for rows of erased people."""


@dataclass(frozen=True, repr=False)
class Tombstones:
    """All tombstones with their key; small enough for every worker."""

    key: bytes
    digests: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.digests)

    def cover(self, identifiers: Iterable[Identifier], record_ids: Iterable[str] = ()) -> bool:
        """Whether any of these belonged to somebody erased."""
        return bool(self.covering(identifiers, record_ids))

    def covering(self, identifiers: Iterable[Identifier], record_ids: Iterable[str] = ()) -> frozenset[str]:
        """The tombstones of these."""
        return self.digests & _digests_by_any(self.key, identifiers, record_ids)

    def cover_row(self, contract: Channel, payload: Mapping[str, Any] | None, raw: bytes = b"") -> bool:
        """Whether a raw row is an erased person's: by its columns' roles, and by contacts in any of them.

        For an unreadable row, whether any word of it may be.
        """
        if not self.digests or (payload is None and not raw):
            return False
        if payload is None:
            return self.cover_raw(contract, contract.channel, raw)
        return self.cover(*named_in_row(contract, payload))

    def cover_refused(self, channel: str, raw: bytes) -> bool:
        """Whether exactly this row was erased: a row with only a name can't be recognised otherwise."""
        content = row_content(channel, raw)
        return bool(self.digests) and any(reference(one, ROW, content) in self.digests for one in all_of(self.key))

    def cover_raw(self, contract: Channel | None, channel: str, raw: bytes) -> bool:
        """Whether any word of an unreadable row is an erased person's."""
        region = contract.region if contract else None
        return self.cover(*named_in_text(raw.decode("utf-8", "replace"), channel, region))


NOBODY = Tombstones(b"", frozenset())


def row_content(channel: str, raw: bytes) -> str:
    """A digest of a refused row's content."""
    return f"{channel}:{hashlib.blake2b(raw, digest_size=32).hexdigest()}"


def tombstones_of_rows(key: bytes, contents: Iterable[str]) -> set[str]:
    """The tombstones of refused rows, by what `row_content` says of each."""
    return {reference(key, ROW, content) for content in contents}


def tombstones_of(
    key: bytes, identifiers: Iterable[Identifier], record_ids: Iterable[str], common_tokens: Collection[str] = ()
) -> set[str]:
    """The tombstones of identifiers in normal form, in each of their forms, and of record ids.

    Of `common_tokens` somebody else's identifier is spelt alike: they count under their own kind alone.
    """
    found = set[Identifier]().union(*(forms(one) for one in identifiers))
    return _digests(key, found - {Identifier(TELLING, token) for token in common_tokens}, record_ids)


def _digests(key: bytes, identifiers: Iterable[Identifier], record_ids: Iterable[str]) -> set[str]:
    found = {reference(key, one.kind, one.value) for one in identifiers}
    return found | {reference(key, RECORD, record_id) for record_id in record_ids}


def _digests_by_any(key: bytes, identifiers: Iterable[Identifier], record_ids: Iterable[str]) -> set[str]:
    named, ids = list(identifiers), list(record_ids)
    return set[str]().union(*(_digests(one, named, ids) for one in all_of(key)))


def erased_among(connection: Connection, key: bytes, names: Mapping[Asked, Named]) -> set[Asked]:
    """Those with an identifier or record id of an erased person; one indexed query, for live collection."""
    wanted = {one: _digests_by_any(key, named, record_ids) for one, (named, record_ids) in names.items()}
    digests = sorted(set().union(*wanted.values()))
    query = text("SELECT tombstone FROM tombstones WHERE tombstone = ANY(:digests)")
    found = set(connection.scalars(query, {"digests": digests})) if digests else set()
    return {one for one, own in wanted.items() if own & found} if found else set()


def bury(connection: Connection, digests: Iterable[str], erasure_id: str, at: datetime) -> None:
    """Stores tombstones; existing ones stay unchanged."""
    rows = [{"tombstone": digest, "erasure_id": erasure_id, "at": at} for digest in sorted(digests)]
    if rows:
        connection.execute(insert(tombstones).on_conflict_do_nothing(), rows)


def buried(connection: Connection, settings: Settings) -> Tombstones:
    """The tombstones of PostgreSQL; raises NoKey if there are some but no key."""
    digests = frozenset(connection.scalars(select(tombstones.c.tombstone)))
    return Tombstones(reference_key(settings), digests) if digests else NOBODY
