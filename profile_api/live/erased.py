"""Messages of erased people are turned away before anything of them is kept, and counted."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, select

from consent.erasure.left_out import note_left_out
from consent.erasure.naming import named_in_raw
from consent.erasure.tombstones import erased_among
from consent.pseudonyms import NoKey, reference_key
from contracts.assurance import Proof
from contracts.settings import Settings
from contracts.sources import Sources
from profile_api.live.messages import Accepted, Refused
from stores.schema import tombstones


@dataclass(frozen=True, repr=False)
class Guard:
    """Recognises erased people in messages; `key` is that of the tombstones, None where there can be none."""

    key: bytes | None
    sources: Sources

    def erased(self, connection: Connection, messages: Collection[Accepted | Refused]) -> set[Accepted | Refused]:
        """Those of these messages that name somebody erased; they are counted by channel and day."""
        found = self.named(connection, messages)
        count(connection, ((one.source, one.received_at) for one in found))
        return found

    def named(self, connection: Connection, messages: Collection[Accepted | Refused]) -> set[Accepted | Refused]:
        """The same, uncounted: of what another message says a second time."""
        if self.key is None or not messages or not connection.scalar(select(exists(select(tombstones)))):
            return set()
        sources = self.sources.by_name
        said = {
            one: named_in_raw(sources[one.source], _raw(one), _proof(one)) for one in messages if one.source in sources
        }
        return erased_among(connection, self.key, said)


def count(connection: Connection, turned_away: Iterable[tuple[str, datetime]]) -> None:
    """Notes messages that were turned away, by their source and the time of their arrival."""
    for (source, day), rows in sorted(Counter((source, at.date()) for source, at in turned_away).items()):
        note_left_out(connection, source, day, rows)


def _raw(one: Accepted | Refused) -> bytes:
    return one.item.encode() if isinstance(one, Accepted) else one.raw


def _proof(one: Accepted | Refused) -> Proof:
    return Proof(one.proof) if isinstance(one, Accepted) else Proof.NONE


def guard_of(settings: Settings, sources: Sources) -> Guard:
    """The guard of these settings; without a secret nobody was ever erased."""
    try:
        return Guard(reference_key(settings), sources)
    except NoKey:
        return Guard(None, sources)
