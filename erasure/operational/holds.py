"""Legal holds: records that an officer keeps from being deleted, by retention and by erasure, until the hold is lifted.

Stored by record, so that a hold follows the record through merges and unmerges; a person with one record on hold is on
hold completely.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, select, update

from consent.tombstones.digests import Tombstones
from stores.schema import legal_holds


def place(connection: Connection, records: Iterable[str], reason: str, officer: str, now: datetime) -> str:
    """Holds these records; returns the id of the hold."""
    hold_id = f"h_{uuid4().hex}"
    rows = [
        {"hold_id": hold_id, "record_id": one, "reason": reason, "placed_by": officer, "placed_at": now}
        for one in sorted(set(records))
    ]
    connection.execute(insert(legal_holds), rows)
    return hold_id


def lift(connection: Connection, hold_id: str, reason: str, officer: str, now: datetime) -> bool:
    """Ends a hold; False if no hold with this id is in force."""
    in_force = legal_holds.c.hold_id == hold_id, legal_holds.c.lifted_at.is_(None)
    said = {"lifted_at": now, "lifted_by": officer, "lifted_because": reason}
    return bool(connection.execute(update(legal_holds).where(*in_force).values(said)).rowcount)


def in_force(connection: Connection, records: Collection[str] | None = None) -> dict[str, set[str]]:
    """The holds in force, each with its records; only those of the given records, if any."""
    query = select(legal_holds.c.hold_id, legal_holds.c.record_id).where(legal_holds.c.lifted_at.is_(None))
    if records is not None:
        query = query.where(legal_holds.c.record_id.in_(records))
    found: dict[str, set[str]] = {}
    for hold_id, record_id in connection.execute(query):
        found.setdefault(hold_id, set()).add(record_id)
    return found


def held_records(connection: Connection) -> set[str]:
    """All records under a hold in force."""
    return set[str]().union(*in_force(connection).values())


def forget(connection: Connection, records: Collection[str]) -> int:
    """Deletes the lifted holds of these records; one in force stays. Returns how many were deleted."""
    lifted = legal_holds.c.record_id.in_(records), legal_holds.c.lifted_at.is_not(None)
    return connection.execute(delete(legal_holds).where(*lifted)).rowcount


def end_of_erased(connection: Connection, tombstones: Tombstones) -> int:
    """Deletes the holds that a restored backup brought back of erased people's records, which ended before the erasure;
    returns how many."""
    named = connection.scalars(select(legal_holds.c.record_id).distinct())
    erased = {one for one in named if tombstones.cover([], [one])}
    return connection.execute(delete(legal_holds).where(legal_holds.c.record_id.in_(erased))).rowcount


def since(connection: Connection, records: Collection[str]) -> datetime | None:
    """Since when any of these records is on hold; None if none is."""
    of = legal_holds.c
    query = select(func.min(of.placed_at)).where(of.record_id.in_(records), of.lifted_at.is_(None))
    found: datetime | None = connection.scalar(query)
    return found


def listed(connection: Connection, *, lifted: bool) -> list[dict[str, Any]]:
    """All holds, the newest first, on request with lifted ones."""
    query = select(legal_holds).order_by(legal_holds.c.placed_at.desc(), legal_holds.c.hold_id, legal_holds.c.record_id)
    if not lifted:
        query = query.where(legal_holds.c.lifted_at.is_(None))
    found: dict[str, dict[str, Any]] = {}
    for row in connection.execute(query).mappings():
        one = found.setdefault(row["hold_id"], {**row, "records": []})
        one["records"].append(row["record_id"])
    return list(found.values())
