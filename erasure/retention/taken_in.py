"""When people came in whose data has no date: their periods count from it, so a run that changes their profile puts it
back."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ARRAY, Connection, Text, any_, cast, select, text

from stores.schema import profiles

_BACK = text(
    "UPDATE profiles SET updated_at = former.at FROM unnest(CAST(:ids AS text[]), CAST(:at AS timestamptz[]))"
    " AS former(id, at) WHERE profile_id = former.id"
)


def updated_at(connection: Connection, ids: Collection[str]) -> dict[str, datetime]:
    """When each of these profiles last changed."""
    theirs = profiles.c.profile_id == any_(cast(sorted(ids), ARRAY(Text)))
    rows = connection.execute(select(profiles.c.profile_id, profiles.c.updated_at).where(theirs))
    return {row.profile_id: row.updated_at for row in rows}


def came_at(connection: Connection, at: Mapping[str, datetime]) -> None:
    """Puts these instants back."""
    if at:
        connection.execute(_BACK, {"ids": list(at), "at": list(at.values())})
