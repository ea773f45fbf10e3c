"""When those were erased whom tombstones name: what they ask for afterwards is theirs to ask."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from consent.tombstones.digests import Tombstones
from contracts.identifiers import Identifier
from stores.schema import tombstones


@dataclass(frozen=True, repr=False)
class ErasureDates:
    """The tombstones, each with its date."""

    known: Tombstones
    dates: Mapping[str, datetime]

    @classmethod
    def of(cls, connection: Connection, known: Tombstones) -> "ErasureDates":
        rows = connection.execute(select(tombstones.c.tombstone, tombstones.c.at)).all()
        return cls(known, {row.tombstone: row.at for row in rows})

    @property
    def last(self) -> datetime | None:
        """When somebody was erased last."""
        return max(self.dates.values(), default=None)

    def erased_since(self, at: datetime, identifiers: Iterable[Identifier], record_ids: Iterable[str] = ()) -> bool:
        """Whether any of these was erased at that instant or after it."""
        return any(self.dates[one] >= at for one in self.known.covering(identifiers, record_ids) & self.dates.keys())
