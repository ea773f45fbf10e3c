"""Refuses messages of erased people before anything of them is stored, and counts them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Connection, exists, select

from consent.tombstones.digests import erased_among
from consent.tombstones.left_out import note_left_out
from consent.tombstones.naming import Named, named_in_raw
from contracts.assurance import Proof
from contracts.pseudonyms import NoKey, reference_key
from contracts.settings import Settings
from contracts.sources import Sources
from read_model.live.messages import Accepted, RefusedMessage, Sorted, refusals_left
from stores.schema import tombstones


@dataclass(repr=False)
class Guard:
    """Recognises erased people in messages; `key` is that of the tombstones, None if there can be none."""

    key: bytes | None
    sources: Sources
    is_needed: bool = False
    """Whether anybody was erased, as far as this process has seen."""

    def look(self, found: Sorted) -> None:
        """Notes whom the messages of a request name, in the request's own time and not in the writer's."""
        if self.is_needed:
            found.names |= self._names([*found.accepted, *found.refused, *found.salvaged])

    def erased(
        self,
        connection: Connection,
        messages: Collection[Accepted | RefusedMessage],
        names: Mapping[Accepted | RefusedMessage, Named] = MappingProxyType({}),
    ) -> set[Accepted | RefusedMessage]:
        """The messages among these that name an erased person; they are counted by channel and day."""
        found = self.named(connection, messages, names)
        count(connection, ((one.source, one.received_at) for one in found))
        return found

    def refusals_in(self, left_out: Iterable[Accepted]) -> list[Accepted]:
        """The refusals of consent in messages that are left out: whom they mention is not always who refuses."""
        sources = self.sources.by_name
        return [kept for one in left_out for kept in refusals_left(one, sources[one.source])]

    def named(
        self,
        connection: Connection,
        messages: Collection[Accepted | RefusedMessage],
        names: Mapping[Accepted | RefusedMessage, Named] = MappingProxyType({}),
    ) -> set[Accepted | RefusedMessage]:
        """The same, uncounted: for data that another message repeats. `names` are those that were looked for before."""
        if self.key is None or not messages or not connection.scalar(select(exists(select(tombstones)))):
            return set()
        self.is_needed = True
        rest = self._names([one for one in messages if one not in names])
        return erased_among(connection, self.key, rest | {one: names[one] for one in messages if one in names})

    def _names(self, messages: Iterable[Accepted | RefusedMessage]) -> dict[Accepted | RefusedMessage, Named]:
        sources = self.sources.by_name
        return {
            one: named_in_raw(sources[one.source], _raw(one), _proof(one)) for one in messages if one.source in sources
        }


def count(connection: Connection, turned_away: Iterable[tuple[str, datetime]]) -> None:
    """Counts refused messages by source and arrival."""
    for (source, day), rows in sorted(Counter((source, at.date()) for source, at in turned_away).items()):
        note_left_out(connection, source, day, rows)


def _raw(one: Accepted | RefusedMessage) -> bytes:
    return one.item.encode() if isinstance(one, Accepted) else one.raw


def _proof(one: Accepted | RefusedMessage) -> Proof:
    if isinstance(one, Accepted):
        return Proof(one.proof)
    return Proof.SERVER if one.is_server else Proof.NONE


def guard_of(settings: Settings, sources: Sources) -> Guard:
    """The guard of these settings; without a secret nobody can have been erased."""
    try:
        return Guard(reference_key(settings), sources)
    except NoKey:
        return Guard(None, sources)
