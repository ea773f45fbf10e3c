"""Tells of changed profiles, each with the data categories that changed: nobody hears of one that they may not see."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select

from profile_api.webhooks.kinds import PROFILE_UPDATED
from profile_api.webhooks.outbox import emit_all
from stores.schema import profiles

AT_ONCE = 5_000


def tell_updates(connection: Connection, profile_ids: Collection[str], now: datetime) -> None:
    """Notes `profile.updated` for those of these profiles that changed at `now`, in the transaction that did it."""
    ids, of = sorted(profile_ids), profiles.c
    for start in range(0, len(ids), AT_ONCE):
        query = select(of.profile_id, of.changed).where(of.profile_id.in_(ids[start : start + AT_ONCE]))
        rows = connection.execute(query.where(of.updated_at == now).order_by(of.profile_id))
        emit_all(connection, PROFILE_UPDATED, [(row.profile_id, {"categories": row.changed}) for row in rows], now)
