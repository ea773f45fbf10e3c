"""Stored determinations: by record, like restrictions, so that they follow it through merges and unmerges."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from consent.controller import published_controller
from consent.determinations import Circumstances, Determination, DeterminationKind, births_of
from stores.schema import determinations


def circumstances_of(
    document: Mapping[str, Any], determined: Iterable[Determination], restricted: bool = False
) -> Circumstances:
    """The circumstances of a published profile, under the law of this installation's controller."""
    return Circumstances(births_of(document), tuple(determined), published_controller().consent_age, restricted)


def determination_of(row: Mapping[str, Any]) -> Determination:
    """A determination from its row, or from the row's JSON."""
    at = row["decided_at"]
    decided_at = at if isinstance(at, datetime) else datetime.fromisoformat(at)
    return Determination(DeterminationKind(row["kind"]), row["record_id"], row["purpose"], decided_at)


def in_force(connection: Connection, records: Mapping[str, Collection[str]]) -> dict[str, list[Determination]]:
    """Those in force, by the profile of these records."""
    whose = {record_id: one for one, record_ids in records.items() for record_id in record_ids}
    of = determinations.c
    found: dict[str, list[Determination]] = {}
    for row in connection.execute(
        select(determinations).where(of.record_id.in_(whose), of.ended_at.is_(None))
    ).mappings():
        found.setdefault(whose[row["record_id"]], []).append(determination_of(dict(row)))
    return found


def as_of(connection: Connection, record_ids: Collection[str], at: datetime) -> list[dict[str, Any]]:
    """Those that were in force at `at`, a row for each record that they cover, the oldest first."""
    of = determinations.c
    then = (of.decided_at <= at) & (of.ended_at.is_(None) | (of.ended_at >= at))
    query = select(determinations).where(of.record_id.in_(record_ids), then).order_by(of.decided_at)
    return [dict(row) for row in connection.execute(query).mappings()]


def record(
    connection: Connection,
    kind: DeterminationKind,
    purpose: str,
    record_ids: Iterable[str],
    reason: str,
    by: str,
    now: datetime,
) -> str:
    """Stores a determination about the person of these records; returns its id."""
    determination_id = f"d_{uuid4().hex}"
    row: dict[str, Any] = {"determination_id": determination_id, "kind": kind.value, "purpose": purpose}
    row |= {"reason": reason, "decided_by": by, "decided_at": now}
    connection.execute(insert(determinations), [row | {"record_id": one} for one in sorted(record_ids)])
    return determination_id


def end(connection: Connection, determination_id: str, by: str, now: datetime) -> bool:
    """Ends one; False if none with this id is in force."""
    of = determinations.c
    standing = update(determinations).where(of.determination_id == determination_id, of.ended_at.is_(None))
    return bool(connection.execute(standing.values(ended_at=now, ended_by=by)).rowcount)


def about(connection: Connection, record_ids: Collection[str]) -> list[dict[str, Any]]:
    """All determinations about a person of these records, ended ones too, oldest first; each once."""
    of = determinations.c
    columns = of.determination_id, of.kind, of.purpose, of.reason, of.decided_by, of.decided_at, of.ended_at
    query = select(*columns).where(of.record_id.in_(record_ids)).distinct()
    return [dict(row) for row in connection.execute(query.order_by(of.decided_at, of.determination_id)).mappings()]
