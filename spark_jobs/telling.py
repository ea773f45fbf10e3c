"""Tells subscribers, through the outbox, of what a publication changed; where nobody subscribed it costs one query."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import Connection, text

from consent.model import Method
from read_model.outbox.consent_changes import CONCERNED
from read_model.outbox.emitting import emit_all
from read_model.outbox.kinds import CONSENT_CHANGED, PROFILE_MERGED, PROFILE_UNMERGED
from read_model.outbox.updates import tell_updates

CHUNK = 5_000
TOLD = "told/consents"
"""The row of `publish_progress` that says up to which decision of the ledger subscribers were told."""

# Decisions are published before the profiles that they concern, in a transaction of their own.
_DECIDED = text(
    "WITH decided AS (SELECT DISTINCT identifier_kind AS kind, identifier AS value, purpose FROM consent_events"
    f" WHERE sequence > :told AND sequence <= :until AND method = ANY(:methods)) {CONCERNED}"
)
OF_FILES = [Method.IMPORT.value, Method.NOT_UNDERSTOOD.value, Method.LOOKED_AT.value]
_NEWEST = text("SELECT coalesce(max(sequence), 0) FROM consent_events")
_SPLIT = text(
    "SELECT other_id AS left_behind, array_agg(DISTINCT profile_id ORDER BY profile_id) AS separated FROM"
    " changed_history WHERE actor = 'resolve' AND kind IN ('split', 'moved') GROUP BY other_id ORDER BY other_id"
)


def tell(connection: Connection, now: datetime) -> None:
    """Profiles that this publication changed at `now`, those that others became part of (`changed_redirects`) or that
    records left (`changed_history`), and what people decided."""
    told, until = _decisions_told(connection)
    if connection.execute(text("SELECT FROM webhook_subscriptions LIMIT 1")).first() is None:
        return
    became = defaultdict[str, list[str]](list)
    merged = "SELECT DISTINCT old_id, r.profile_id FROM changed_redirects JOIN redirects r USING (old_id)"
    for row in connection.execute(text(merged)):
        became[row.profile_id].append(row.old_id)
    emit_all(connection, PROFILE_MERGED, [(one, {"merged": sorted(old)}) for one, old in sorted(became.items())], now)
    parted = [(row.left_behind, {"separated": list(row.separated)}) for row in connection.execute(_SPLIT)]
    emit_all(connection, PROFILE_UNMERGED, parted, now)
    changed = text("SELECT profile_id FROM profiles WHERE updated_at = :now ORDER BY profile_id")
    tell_updates(connection, connection.scalars(changed, {"now": now}).all(), now)
    decided = connection.execute(_DECIDED, {"told": told, "until": until, "methods": OF_FILES}).all()
    for start in range(0, len(decided), CHUNK):
        events = [(row.profile_id, {"purpose": row.purpose}) for row in decided[start : start + CHUNK]]
        emit_all(connection, CONSENT_CHANGED, events, now)


def _decisions_told(connection: Connection) -> tuple[int, int]:
    """Up to which decision subscribers were told before this publication, and are after it."""
    of = {"name": TOLD}
    told = connection.scalar(text("SELECT delta_version FROM publish_progress WHERE table_name = :name"), of)
    until = int(connection.scalar(_NEWEST) or 0)
    written = "INSERT INTO publish_progress VALUES (:name, :until) ON CONFLICT (table_name) DO UPDATE"
    connection.execute(text(f"{written} SET delta_version = :until"), of | {"until": until})
    return int(told or 0), until
