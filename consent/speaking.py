"""The identifiers under which a person's decision is filed, so that it binds nobody who shares an address or a profile.

A customer's word binds the records that their login reaches by identifiers that only this person has. Records that are
joined for other reasons may be somebody else's by mistake: when that is undone, they would keep the word.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, func, select, tuple_

from consent.model import RecordIdentifiers
from consent.parts import record_itself
from contracts.categories import Category
from contracts.identifiers import Identifier, kind_of
from stores.schema import identifiers


def speaking_for(
    connection: Connection, parts: Mapping[str, RecordIdentifiers], login: Identifier | None = None
) -> list[Identifier]:
    """The identifiers that only this person has, and a record itself if it has none of these.

    `parts` are the identifiers of each of the person's records. `login` is what the customer's own token is bound to;
    without one, staff have made sure of the whole person.
    """
    sole = _sole(connection, parts)
    spoken = reached(parts, login, sole)
    bare = {record_itself(record_id) for record_id in spoken if not parts[record_id] & sole}
    return sorted({one for record_id in spoken for one in parts[record_id] & sole} | bare)


def records_spoken_for(
    connection: Connection, parts: Mapping[str, RecordIdentifiers], login: Identifier | None = None
) -> list[str]:
    """The records that the person speaks for."""
    return sorted(parts if login is None else reached(parts, login, _sole(connection, parts)))


def reached(parts: Mapping[str, RecordIdentifiers], login: Identifier | None, sole: frozenset[Identifier]) -> set[str]:
    """The records that a login reaches, step by step, by identifiers of this person alone; without a login all."""
    found = {record_id for record_id, part in parts.items() if login is None or login in part}
    while more := {
        record_id
        for record_id, part in parts.items()
        if record_id not in found and any(not part.isdisjoint(parts[one] & sole) for one in found)
    }:
        found |= more
    return found


def _sole(connection: Connection, parts: Mapping[str, RecordIdentifiers]) -> frozenset[Identifier]:
    """Of these records' identifiers those that only one person has; none that is sensitive."""
    carried = {one for part in parts.values() for one in part}
    named = [one for one in carried if one.kind != "record" and kind_of(one.kind).category is not Category.SENSITIVE]
    columns = identifiers.c
    query = (
        select(columns.kind, columns.value)
        .where(tuple_(columns.kind, columns.value).in_([(one.kind, one.value) for one in named]))
        .group_by(columns.kind, columns.value)
        .having(func.count() == 1)
    )
    return frozenset(Identifier(*row) for row in connection.execute(query)) if named else frozenset()
