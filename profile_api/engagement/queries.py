"""Stored statements of how customers want to be served: by identifier, added and never changed."""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, insert, select, tuple_

from contracts.identifiers import Identifier
from engagement.dial.statements import Statement
from stores.schema import dial_statements


def statements_of(connection: Connection, of: Collection[Identifier]) -> list[Statement]:
    """All statements under these identifiers."""
    if not of:
        return []
    columns = dial_statements.c
    pairs = [(one.kind, one.value) for one in of]
    query = select(dial_statements).where(tuple_(columns.identifier_kind, columns.identifier).in_(pairs))
    return [
        Statement(
            identifier=Identifier(row.identifier_kind, row.identifier),
            topic=row.topic,
            position=row.position,
            stated_at=row.stated_at,
            received_at=row.received_at,
            channel=row.channel,
            stated_through=row.stated_through,
        )
        for row in connection.execute(query)
    ]


def add(connection: Connection, statements: Iterable[Statement], recorded_by: str) -> None:
    """Adds these statements."""
    rows = [
        {
            "identifier_kind": one.identifier.kind,
            "identifier": one.identifier.value,
            "topic": one.topic,
            "position": one.position,
            "stated_at": one.stated_at,
            "received_at": one.received_at,
            "channel": one.channel,
            "stated_through": one.stated_through,
            "recorded_by": recorded_by,
        }
        for one in statements
    ]
    if rows:
        connection.execute(insert(dial_statements), rows)
