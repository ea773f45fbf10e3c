"""Notes what happened in the very transaction in which it happened: undone with it, never lost without it."""

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from profile_api.webhooks.kinds import KINDS

# One statement, and no row of it where nobody subscribes to the kind.
_EMIT = text(
    "WITH interested AS (SELECT subscription_id FROM webhook_subscriptions WHERE :kind = ANY(kinds)), event AS ("
    " INSERT INTO webhook_outbox (event_id, kind, profile_id, at, data)"
    " SELECT one.event_id, :kind, one.profile_id, :now, one.data FROM jsonb_to_recordset(CAST(:events AS jsonb))"
    " AS one(event_id text, profile_id text, data jsonb) WHERE EXISTS (SELECT FROM interested) RETURNING sequence)"
    " INSERT INTO webhook_deliveries (subscription_id, sequence, state, attempts, due_at)"
    " SELECT subscription_id, sequence, 'pending', 0, :now FROM interested CROSS JOIN event"
)


def emit(connection: Connection, kind: str, profile_id: str, now: datetime, data: Mapping[str, Any]) -> None:
    """Notes one event about a profile; `data` holds ids and words of this project, never a value of a person."""
    emit_all(connection, kind, [(profile_id, data)], now)


def emit_all(connection: Connection, kind: str, events: Iterable[tuple[str, Mapping[str, Any]]], now: datetime) -> None:
    """Notes an event of one kind for each of several profiles."""
    if kind not in KINDS:
        raise ValueError(f"expected one of the kinds {sorted(KINDS)}, found {kind!r}; add it to webhooks/kinds.py")
    rows = [{"event_id": f"evt_{uuid.uuid4().hex}", "profile_id": one, "data": dict(data)} for one, data in events]
    if rows:
        connection.execute(_EMIT, {"kind": kind, "now": now, "events": json.dumps(rows)})
