"""Emits events about changed profiles, with the changed data categories: no system is notified of one that it may not
see."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select

from read_model.outbox.emitting import emit_all
from read_model.outbox.kinds import PROFILE_UPDATED
from stores.schema import profiles

AT_ONCE = 5_000


def tell_updates(connection: Connection, profile_ids: Collection[str], now: datetime) -> None:
    """Emits `profile.updated` for the profiles among these that changed at `now`, in the transaction of the change."""
    ids, of = sorted(profile_ids), profiles.c
    for start in range(0, len(ids), AT_ONCE):
        query = select(of.profile_id, of.changed).where(of.profile_id.in_(ids[start : start + AT_ONCE]))
        rows = connection.execute(query.where(of.updated_at == now).order_by(of.profile_id))
        emit_all(connection, PROFILE_UPDATED, [(row.profile_id, {"categories": row.changed}) for row in rows], now)
