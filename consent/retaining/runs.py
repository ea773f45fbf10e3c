"""Which steps of a run of retention are done: what a killed one is taken up again from. Numbers and names alone."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, cast, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB

from stores.schema import retention_runs


def taken_up(connection: Connection, now: datetime) -> tuple[str, datetime, dict[str, Any]]:
    """The run that has not ended, or a new one: its id, the instant that it stands at, the steps that are done."""
    of = retention_runs.c
    open_ = select(retention_runs).where(of.certificate.is_(None)).order_by(of.as_of).limit(1)
    row = connection.execute(open_).first()
    if row is not None:
        return row.run_id, row.as_of.astimezone(UTC), dict(row.steps)
    run_id = f"t_{uuid4().hex}"
    connection.execute(insert(retention_runs).values(run_id=run_id, as_of=now, steps={}))
    return run_id, now, {}


def done(connection: Connection, run_id: str, step: str, found: Any) -> None:
    """Writes a step down with what it found."""
    said = retention_runs.c.steps.op("||")(cast({step: found}, JSONB))
    connection.execute(update(retention_runs).where(retention_runs.c.run_id == run_id).values(steps=said))


def again(connection: Connection, run_id: str) -> None:
    """Something that is due is left: the next start does every step again."""
    connection.execute(update(retention_runs).where(retention_runs.c.run_id == run_id).values(steps={}))


def steps(connection: Connection, run_id: str) -> dict[str, Any]:
    """The steps that are done, with what each found."""
    return dict(connection.scalar(select(retention_runs.c.steps).where(retention_runs.c.run_id == run_id)) or {})


def end(connection: Connection, run_id: str, document: dict[str, Any]) -> None:
    """The certificate stands."""
    connection.execute(update(retention_runs).where(retention_runs.c.run_id == run_id).values(certificate=document))
