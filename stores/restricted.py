"""Which records are kept and not used (GDPR art. 18): whatever computes on people leaves theirs out."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from stores.schema import restrictions


def restricted_records(connection: Connection) -> set[str]:
    """The ids of all records whose use is restricted now."""
    return set(connection.scalars(select(restrictions.c.record_id).where(restrictions.c.lifted_at.is_(None))))


def restricted_among(connection: Connection, record_ids: Collection[str]) -> set[str]:
    """Those of these records whose use is restricted now."""
    of = restrictions.c
    query = select(of.record_id).where(of.record_id.in_(sorted(record_ids)), of.lifted_at.is_(None))
    return set(connection.scalars(query)) if record_ids else set()
