"""What keeps an erased person from coming back with a replayed file, a late event or a restored backup.

A tombstone is a keyed digest of an identifier or a record id of somebody erased. It is kept in PostgreSQL and in the
lake: a backup of one of them brings nobody back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from consent.erasure.naming import Named, forms, named_in_row, named_in_text
from consent.pseudonyms import reference, reference_key
from contracts.channel import Channel
from contracts.identifiers import Identifier
from contracts.settings import Settings
from stores.schema import tombstones

RECORD = "record"
"""The kind that record ids are referred to by; no identifier kind has this name."""

Asked = TypeVar("Asked")
ERASED = "erased"
"""The reason that a row is counted under whose person was erased."""


@dataclass(frozen=True, repr=False)
class Tombstones:
    """All tombstones with the key to compare by; small enough to go to every worker."""

    key: bytes
    digests: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.digests)

    def cover(self, identifiers: Iterable[Identifier], record_ids: Iterable[str] = ()) -> bool:
        """Whether any of these belonged to somebody erased."""
        return not self.digests.isdisjoint(_digests(self.key, identifiers, record_ids))

    def cover_row(self, contract: Channel, payload: Mapping[str, Any] | None, raw: bytes = b"") -> bool:
        """Whether a raw row is of somebody erased: by what its columns are, and by contacts in any of them.

        Of one that can't be read, whether any word of it may be.
        """
        if not self.digests or (payload is None and not raw):
            return False
        if payload is None:
            return self.cover_raw(contract, contract.channel, raw)
        return self.cover(*named_in_row(contract, payload))

    def cover_raw(self, contract: Channel | None, channel: str, raw: bytes) -> bool:
        """Whether any word of a row that can't be read is of somebody erased."""
        region = contract.region if contract else None
        return self.cover(*named_in_text(raw.decode("utf-8", "replace"), channel, region))


NOBODY = Tombstones(b"", frozenset())


def tombstones_of(key: bytes, identifiers: Iterable[Identifier], record_ids: Iterable[str]) -> set[str]:
    """The tombstones of identifiers in normal form, in each of their forms, and of record ids."""
    return _digests(key, set().union(*(forms(one) for one in identifiers)), record_ids)


def _digests(key: bytes, identifiers: Iterable[Identifier], record_ids: Iterable[str]) -> set[str]:
    found = {reference(key, one.kind, one.value) for one in identifiers}
    return found | {reference(key, RECORD, record_id) for record_id in record_ids}


def erased_among(connection: Connection, key: bytes, said: Mapping[Asked, Named]) -> set[Asked]:
    """Those of whom any identifier or record id belonged to somebody erased; one indexed query, for live collection."""
    wanted = {one: _digests(key, named, record_ids) for one, (named, record_ids) in said.items()}
    digests = sorted(set().union(*wanted.values()))
    query = text("SELECT tombstone FROM tombstones WHERE tombstone = ANY(:digests)")
    found = set(connection.scalars(query, {"digests": digests})) if digests else set()
    return {one for one, own in wanted.items() if own & found} if found else set()


def bury(connection: Connection, digests: Iterable[str], erasure_id: str, at: datetime) -> None:
    """Keeps tombstones; those that are there already stay as they are."""
    rows = [{"tombstone": digest, "erasure_id": erasure_id, "at": at} for digest in sorted(digests)]
    if rows:
        connection.execute(insert(tombstones).on_conflict_do_nothing(), rows)


def buried(connection: Connection, settings: Settings) -> Tombstones:
    """The tombstones of PostgreSQL; raises NoKey where there are some and no key to compare by."""
    digests = frozenset(connection.scalars(select(tombstones.c.tombstone)))
    return Tombstones(reference_key(settings), digests) if digests else NOBODY
