"""Whose records and identifiers are."""

from collections.abc import Sequence

from sqlalchemy import Connection, select, tuple_

from contracts.identifiers import Identifier
from stores.schema import determinations, identifiers, records


def holders_among(connection: Connection, named: Sequence[str], read: Sequence[Identifier]) -> set[str]:
    """The profiles that hold any of these records or identifiers."""
    of = identifiers.c
    pairs = [(one.kind, one.value) for one in read]
    found = set(connection.scalars(select(records.c.profile_id).where(records.c.record_id.in_(named))))
    if pairs:
        found |= set(connection.scalars(select(of.profile_id).where(tuple_(of.kind, of.value).in_(pairs))))
    return found


def whose_determination(connection: Connection, determination_id: str) -> str | None:
    """The person whom a determination is about, by the profile that one of its records is in now; None where nobody is
    on file any more."""
    of = determinations.c
    whose = select(records.c.profile_id).join(determinations, of.record_id == records.c.record_id)
    found: str | None = connection.scalar(whose.where(of.determination_id == determination_id).limit(1))
    return found
