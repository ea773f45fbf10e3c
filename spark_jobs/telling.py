"""Tells subscribers, through the outbox, of what a publication changed; where nobody subscribed it costs one query."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import Connection, text

from profile_api.webhooks.kinds import PROFILE_MERGED, PROFILE_UPDATED
from profile_api.webhooks.outbox import emit_all

CHUNK = 5_000


def tell(connection: Connection, now: datetime) -> None:
    """Profiles that this publication changed at `now`, and those that others became part of (`changed_redirects`)."""
    if connection.execute(text("SELECT FROM webhook_subscriptions LIMIT 1")).first() is None:
        return
    became = defaultdict[str, list[str]](list)
    for row in connection.execute(text("SELECT old_id, profile_id FROM changed_redirects")):
        became[row.profile_id].append(row.old_id)
    emit_all(connection, PROFILE_MERGED, [(one, {"merged": sorted(old)}) for one, old in sorted(became.items())], now)
    changed = text("SELECT profile_id FROM profiles WHERE updated_at = :now ORDER BY profile_id")
    ids = connection.scalars(changed, {"now": now}).all()
    for start in range(0, len(ids), CHUNK):
        emit_all(connection, PROFILE_UPDATED, [(one, {}) for one in ids[start : start + CHUNK]], now)
