"""Writes events in the transaction in which they happen: rolled back with it, never lost without it."""

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from read_model.outbox.kinds import KINDS, REACHING

# One statement, and no row if nobody is to be notified: subscribers of the kind and, for events that reach all who
# were told, whomever anything of this person ever left for.
_EMIT = text(
    "WITH told AS (SELECT one.event_id, s.subscription_id FROM webhook_subscriptions AS s CROSS JOIN"
    " jsonb_to_recordset(CAST(:events AS jsonb)) AS one(event_id text, profile_id text)"
    " WHERE (s.ended_at IS NULL AND :kind = ANY(s.kinds)) OR (:reaching AND EXISTS (SELECT FROM audit AS a WHERE"
    " a.actor = 'webhook:' || s.subscription_id AND a.profile_id = one.profile_id AND a.decision->'allowed' <> '[]')"
    " OR :reaching AND EXISTS (SELECT FROM webhook_told AS t WHERE t.subscription_id = s.subscription_id"
    " AND t.profile_id = one.profile_id))"
    "), event AS (INSERT INTO webhook_outbox (event_id, kind, profile_id, at, data)"
    " SELECT one.event_id, :kind, one.profile_id, :now, one.data FROM jsonb_to_recordset(CAST(:events AS jsonb))"
    " AS one(event_id text, profile_id text, data jsonb) WHERE event_id IN (SELECT event_id FROM told)"
    " RETURNING event_id, sequence)"
    " INSERT INTO webhook_deliveries (subscription_id, sequence, state, attempts, due_at)"
    " SELECT subscription_id, sequence, 'pending', 0, :now FROM told JOIN event USING (event_id)"
)
_KNOWN_AS = text(
    "SELECT unnest(CAST(:ids AS text[])) AS id UNION SELECT old_id FROM redirects WHERE profile_id = ANY(:ids)"
)


def emit(connection: Connection, kind: str, profile_id: str, now: datetime, data: Mapping[str, Any]) -> None:
    """Emits one event about a profile; `data` holds ids and terms of this project, never a person's values."""
    emit_all(connection, kind, [(profile_id, data)], now)


def emit_all(connection: Connection, kind: str, events: Iterable[tuple[str, Mapping[str, Any]]], now: datetime) -> None:
    """Emits an event of one kind for each of several profiles."""
    if kind not in KINDS:
        raise ValueError(f"expected one of the kinds {sorted(KINDS)}, found {kind!r}; see read_model/outbox/kinds.py")
    rows = [{"event_id": f"evt_{uuid.uuid4().hex}", "profile_id": one, "data": dict(data)} for one, data in events]
    if rows:
        given = {"kind": kind, "now": now, "events": json.dumps(rows), "reaching": kind in REACHING}
        connection.execute(_EMIT, given)


def known_as(connection: Connection, profile_ids: Collection[str]) -> list[str]:
    """These ids and those that were merged into them: a system may know the person by any of them."""
    return sorted(connection.scalars(_KNOWN_AS, {"ids": sorted(profile_ids)}))
