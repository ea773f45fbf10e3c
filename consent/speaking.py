"""The identifiers under which a person's decision is filed, so that it does not bind people who share an address."""

from collections.abc import Mapping

from sqlalchemy import Connection, func, select, tuple_

from consent.model import RecordIdentifiers
from contracts.categories import Category
from contracts.identifiers import Identifier, kind_of
from stores.schema import identifiers


def speaking_for(connection: Connection, parts: Mapping[str, RecordIdentifiers]) -> list[Identifier]:
    """The identifiers that only this person has, and a record itself if it has none of these.

    `parts` are the identifiers of each of the person's records.
    """
    carried = {one for part in parts.values() for one in part if one.kind != "record"}
    named = [one for one in carried if kind_of(one.kind).category is not Category.SENSITIVE]
    columns = identifiers.c
    query = (
        select(columns.kind, columns.value)
        .where(tuple_(columns.kind, columns.value).in_([(one.kind, one.value) for one in named]))
        .group_by(columns.kind, columns.value)
        .having(func.count() == 1)
    )
    sole = {Identifier(*row) for row in connection.execute(query)} if named else set()
    bare = {Identifier("record", record_id) for record_id, part in parts.items() if not part & sole}
    return sorted(sole | bare)
