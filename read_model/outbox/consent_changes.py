"""Emits events about consent decisions: they belong to identifiers, and concern every profile that has one of them."""

import json
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, text

from contracts.identifiers import Identifier
from read_model.outbox.emitting import emit_all
from read_model.outbox.kinds import CONSENT_CHANGED
from read_model.outbox.recalls import recall_refused

CONCERNED = """
SELECT held.profile_id, d.purpose FROM decided d JOIN identifiers held USING (kind, value)
UNION SELECT of.profile_id, d.purpose FROM decided d JOIN records of ON d.kind = 'record' AND of.record_id = d.value
ORDER BY profile_id, purpose
"""
"""The profiles that `decided` (kind, value, purpose) is about; a decision may be a single record's."""

_OF_THESE = text(
    "WITH decided AS (SELECT * FROM jsonb_to_recordset(CAST(:decided AS jsonb)) AS one(kind text, value text,"
    f" purpose text)) {CONCERNED}"
)


def tell_decisions(connection: Connection, decided: Collection[tuple[Identifier, str]], now: datetime) -> None:
    """Emits `consent.changed` for these identifiers and purposes, in the transaction that wrote the decisions."""
    if decided:
        given = [{"kind": who.kind, "value": who.value, "purpose": purpose} for who, purpose in sorted(set(decided))]
        rows = connection.execute(_OF_THESE, {"decided": json.dumps(given)}).all()
        emit_all(connection, CONSENT_CHANGED, [(row.profile_id, {"purpose": row.purpose}) for row in rows], now)
        recall_refused(connection, now, {row.profile_id for row in rows})
