"""Deletes audit rows that are past their period, with their seals; a signed cut says where the chain continues."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, insert, select, text

from consent.cuts import Cut
from consent.seals import LOCK, verify_audit
from stores.schema import audit_cuts, audit_seals

CUT = text("SELECT cut_audit(:upto)")
TOLD = text(
    "INSERT INTO webhook_told SELECT DISTINCT substring(actor FROM 9), profile_id FROM audit"
    " WHERE audit_id IN (SELECT unnest(audit_ids) FROM audit_seals WHERE sequence <= :upto) AND starts_with(actor,"
    " 'webhook:') AND profile_id IS NOT NULL AND decision -> 'allowed' <> '[]' ON CONFLICT DO NOTHING"
)
"""Which systems received data about whom, since they must be notified of an erasure."""


def due(connection: Connection, start: datetime) -> int:
    """How many sealed rows in an unbroken run are older than `start`."""
    cardinality = func.coalesce(func.sum(func.cardinality(audit_seals.c.audit_ids)), 0)
    return int(connection.scalar(select(cardinality).where(_past(start))) or 0)


def forget(connection: Connection, start: datetime, now: datetime, key: bytes) -> int:
    """Deletes them; returns how many.

    Deletes nothing while the audit has errors, to keep the evidence of tampering.
    """
    connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    rows = due(connection, start)
    if not rows or not verify_audit(connection, key).whole:
        return 0
    of = audit_seals.c
    last = connection.execute(
        select(of.sequence, of.hash, of.last_id).where(_past(start)).order_by(of.sequence.desc()).limit(1)
    ).one()
    cut = Cut(last.sequence, last.hash, last.last_id, rows, start, now)
    signed = replace(cut, mac=cut.signature(key))
    connection.execute(insert(audit_cuts).values(**vars(signed)))
    connection.execute(TOLD, {"upto": cut.sequence})
    return int(connection.scalar(CUT, {"upto": cut.sequence}) or 0)


def _past(start: datetime) -> ColumnElement[bool]:
    of = audit_seals.c
    younger = select(func.min(of.sequence)).where(of.sealed_at > start).scalar_subquery()
    return (of.sealed_at <= start) & (func.coalesce(of.sequence < younger, True))
