"""The finished steps of a retention run, so that a killed one can continue. Only numbers and names."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, cast, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB

from stores.schema import retention_runs


def taken_up(connection: Connection, now: datetime) -> tuple[str, datetime, dict[str, Any]]:
    """The unfinished run, or a new one: its id, its instant, the finished steps."""
    of = retention_runs.c
    open_ = select(retention_runs).where(of.certificate.is_(None)).order_by(of.as_of).limit(1)
    row = connection.execute(open_).first()
    if row is not None:
        return row.run_id, row.as_of.astimezone(UTC), dict(row.steps)
    run_id = f"t_{uuid4().hex}"
    connection.execute(insert(retention_runs).values(run_id=run_id, as_of=now, steps={}))
    return run_id, now, {}


def done(connection: Connection, run_id: str, step: str, found: Any) -> None:
    """Records a step with its result."""
    said = retention_runs.c.steps.op("||")(cast({step: found}, JSONB))
    connection.execute(update(retention_runs).where(retention_runs.c.run_id == run_id).values(steps=said))


def again(connection: Connection, run_id: str) -> None:
    """Resets the steps, since something due is left: the next start does every step again."""
    connection.execute(update(retention_runs).where(retention_runs.c.run_id == run_id).values(steps={}))


def steps(connection: Connection, run_id: str) -> dict[str, Any]:
    """The finished steps, with their results."""
    return dict(connection.scalar(select(retention_runs.c.steps).where(retention_runs.c.run_id == run_id)) or {})


def end(connection: Connection, run_id: str, document: dict[str, Any]) -> None:
    """The certificate stands."""
    connection.execute(update(retention_runs).where(retention_runs.c.run_id == run_id).values(certificate=document))
