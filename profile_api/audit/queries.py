"""The rows of the audit and of alerts, one query each."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, Select, or_, select, update

from stores.schema import audit, reading_alerts, redirects


def reads_of(connection: Connection, profile_id: str, before: int | None, most: int) -> Sequence[Row[Any]]:
    """Who read a person, under this id or one that was merged into it; newest first, those before one row."""
    merged = select(redirects.c.old_id).where(redirects.c.profile_id == profile_id)
    of = or_(audit.c.profile_id == profile_id, audit.c.profile_id.in_(merged))
    return _newest(connection, select(audit).where(of), before, most)


def reads_by(connection: Connection, reader: str, before: int | None, most: int) -> Sequence[Row[Any]]:
    """What one reader asked for, newest first, those before one row."""
    return _newest(connection, select(audit).where(audit.c.actor == reader), before, most)


def alerts_of_days(connection: Connection, columns: Iterable[str]) -> Sequence[RowMapping]:
    """These columns of the alerts, newest first, 200 at most."""
    of = reading_alerts.c
    query = select(*[of[name] for name in columns]).order_by(of.at.desc(), of.rule, of.actor).limit(200)
    return connection.execute(query).mappings().all()


def review_alert(
    connection: Connection, rule: str, actor: str, day: date, review: Mapping[str, Any], columns: Iterable[str]
) -> RowMapping | None:
    """Writes an officer's word on an alert; these columns of it, None where there is no such alert."""
    of = reading_alerts.c
    kept = update(reading_alerts).where(of.rule == rule, of.actor == actor, of.day == day).values(review)
    return connection.execute(kept.returning(*[of[name] for name in columns])).mappings().first()


def _newest(connection: Connection, query: Select[Any], before: int | None, most: int) -> Sequence[Row[Any]]:
    if before is not None:
        query = query.where(audit.c.audit_id < before)
    return connection.execute(query.order_by(audit.c.audit_id.desc()).limit(most)).all()
