"""Source records by their id, their name or their profile, and the names that answers show."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from stores.schema import records

Rows = Sequence[Row[Any]]
"""Each with record_id, profile_id, number and document."""


def record_of(connection: Connection, record_id: str) -> Rows:
    """The record of this id."""
    return connection.execute(_columns().where(records.c.record_id == record_id)).all()


def record_numbered(connection: Connection, number: int) -> Rows:
    """The record of this number, by which answers name it."""
    return connection.execute(_columns().where(records.c.number == number)).all()


def records_in(connection: Connection, profile_id: str) -> Rows:
    """The records of a profile, by number."""
    return connection.execute(_columns().where(records.c.profile_id == profile_id).order_by(records.c.number)).all()


def records_among(connection: Connection, record_ids: Collection[str]) -> Rows:
    """Those of these records that are on file."""
    return connection.execute(_columns().where(records.c.record_id.in_(sorted(record_ids)))).all()


def names_of(connection: Connection, record_ids: Collection[str]) -> dict[str, str]:
    """The names under which answers show records, by id."""
    query = select(records.c.record_id, records.c.number).where(records.c.record_id.in_(sorted(record_ids)))
    return {record: f"rec_{number}" for record, number in connection.execute(query)}


def _columns() -> Select[Any]:
    return select(records.c.record_id, records.c.profile_id, records.c.number, records.c.document)
