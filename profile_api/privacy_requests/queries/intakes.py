"""Intakes as they are kept."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from profile_api.responses.errors import Problem
from stores.schema import intakes


def add_intake(connection: Connection, row: Mapping[str, Any]) -> None:
    """Keeps a new one."""
    connection.execute(insert(intakes).values(row))


def listed_intakes(connection: Connection, state: str | None) -> list[dict[str, Any]]:
    """All of them, or those of a state; the soonest due first, 200 at most."""
    query = select(intakes).order_by(intakes.c.due_on, intakes.c.intake_id).limit(200)
    if state:
        query = query.where(intakes.c.state == state)
    return [dict(row) for row in connection.execute(query).mappings()]


def waiting_intakes(connection: Connection) -> Sequence[Row[Any]]:
    """Those that wait to be matched."""
    return connection.execute(
        select(intakes).where(intakes.c.state == "open").order_by(intakes.c.due_on).limit(200)
    ).all()


def change_intake(connection: Connection, intake_id: str, changed: Mapping[str, Any]) -> None:
    """Writes what became of one."""
    connection.execute(update(intakes).where(intakes.c.intake_id == intake_id).values(changed))


def find_intake(connection: Connection, intake_id: str) -> dict[str, Any]:
    """The one of this id; else a 404."""
    row = connection.execute(select(intakes).where(intakes.c.intake_id == intake_id)).mappings().first()
    if row is None or "\x00" in intake_id:
        raise Problem(404, "intake-not-found", "Expected the id of an intake, found none; list them.")
    return {str(name): value for name, value in row.items()}


def open_intake(connection: Connection, intake_id: str) -> dict[str, Any]:
    """The one of this id, if it is open; else a 404 or a 409."""
    found = find_intake(connection, intake_id)
    if found["state"] != "open":
        raise Problem(409, "step-not-possible", f"Expected an intake that is open, found one that is {found['state']}.")
    return found
