"""Whose a record is, and which ids a person had, as PostgreSQL has it."""

from collections.abc import Collection

from sqlalchemy import ARRAY, Connection, Text, cast, select

from stores.schema import profiles, records, redirects


def records_of(connection: Connection, profile_ids: Collection[str]) -> set[str]:
    """The source records that PostgreSQL counts to these profiles, live ones included."""
    query = select(records.c.record_id).where(records.c.profile_id.in_(profile_ids))
    documents = connection.scalars(select(profiles.c.document).where(profiles.c.profile_id.in_(profile_ids)))
    return {*connection.scalars(query), *(one for document in documents for one in document.get("records") or [])}


def owners_of(connection: Connection, record_ids: Collection[str]) -> set[str]:
    """The profiles that these records belong to now."""
    return set(connection.scalars(select(records.c.profile_id).where(records.c.record_id.in_(record_ids))))


def profiles_with(connection: Connection, record_ids: Collection[str]) -> set[str]:
    """The profiles that have any of these records, by the records or by the profiles' own lists."""
    if not record_ids:
        return set()
    named = profiles.c.document["records"].has_any(cast(sorted(record_ids), ARRAY(Text)))
    return owners_of(connection, record_ids) | {*connection.scalars(select(profiles.c.profile_id).where(named))}


def of_others(connection: Connection, record_ids: Collection[str], profile_ids: Collection[str]) -> set[str]:
    """Which of these records belong to other profiles than these by now."""
    elsewhere = records.c.record_id.in_(record_ids), records.c.profile_id.not_in(profile_ids)
    return set(connection.scalars(select(records.c.record_id).where(*elsewhere)))


def former_ids(connection: Connection, profile_ids: Collection[str]) -> set[str]:
    """The ids that became part of these profiles."""
    return set(connection.scalars(select(redirects.c.old_id).where(redirects.c.profile_id.in_(profile_ids))))
