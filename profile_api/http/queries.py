"""What the service asks its store when it starts; no request is answered by any of it."""

from sqlalchemy import Connection, func, select, text

from contracts.identifiers import Identifier
from stores.schema import identifiers, profiles


def most_connections(connection: Connection) -> int:
    """How many connections PostgreSQL allows in all."""
    return int(connection.scalar(text("select setting from pg_settings where name = 'max_connections'")) or 0)


def somebody_alone(connection: Connection) -> Identifier | None:
    """An e-mail address that finds one person alone, with about four records: enough for sources to differ.

    Of those the one who was seen last: nothing is withheld of them because its time has passed.
    """
    alone = (
        select(identifiers.c.value, func.min(identifiers.c.profile_id).label("profile_id"))
        .where(identifiers.c.kind == "email")
        .group_by(identifiers.c.value)
        .having(func.count() == 1)
        .subquery()
    )
    seen = profiles.c.document["last_seen"].astext
    query = (
        select(alone.c.value)
        .join(profiles, profiles.c.profile_id == alone.c.profile_id)
        .order_by(
            func.abs(func.jsonb_array_length(profiles.c.document["records"]) - 4),
            seen.desc().nulls_last(),
            alone.c.value,
        )
        .limit(1)
    )
    value = connection.scalar(query)
    return Identifier("email", value) if value else None


def profile_of(connection: Connection, identifier: Identifier) -> str:
    """The profile that carries an identifier alone."""
    of = identifiers.c
    query = select(of.profile_id).where(of.kind == identifier.kind, of.value == identifier.value)
    return str(connection.execute(query).scalar_one())
