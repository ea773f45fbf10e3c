"""Updates profiles' online features as soon as the store changes.

A profile is due by a row of `features_due`, written with the change. The row goes once the features are written: a
process that ends between the two, or an online store that does not answer, only makes them late.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, func, select, text

from feature_repo.computed import Rows, computed
from stores.restricted import restricted_among
from stores.schema import features_due, profiles, timeline

AT_ONCE = 200

# Not rows that were added meanwhile: their profiles are due again.
_DONE = text(
    "DELETE FROM features_due d USING unnest(CAST(:ids AS text[]), CAST(:upto AS bigint[])) AS done(id, upto)"
    " WHERE d.profile_id = done.id AND d.due_id <= done.upto"
)


class FeatureWriter(Protocol):
    """The part of the online store that this needs."""

    def write_many(self, rows: Sequence[tuple[str, Rows, datetime]]) -> None: ...

    def forget(self, profile_id: str) -> bool: ...


def write_due(engine: Engine, features: FeatureWriter, clock: Callable[[], datetime]) -> int:
    """Computes and writes due features; returns for how many profiles."""
    with engine.begin() as connection:
        due = features_due.c
        waiting = connection.execute(
            select(due.profile_id, func.max(due.due_id).label("upto"))
            .group_by(due.profile_id)
            .order_by(func.min(due.due_id))
            .limit(AT_ONCE)
        ).all()
        if not waiting:
            return 0
        now = clock()
        ids = [row.profile_id for row in waiting]
        rows = computed_rows(connection, ids, now)
        features.write_many([(one, rows[one], now) for one in ids if one in rows])
        for one in ids:
            if one not in rows:
                features.forget(one)
        connection.execute(_DONE, {"ids": ids, "upto": [row.upto for row in waiting]})
    return len(ids)


def computed_rows(connection: Connection, profile_ids: Sequence[str], now: datetime) -> dict[str, Rows]:
    """The features of these profiles at `now`, from the store; nothing for a deleted or restricted one."""
    of = profiles.c
    query = select(of.profile_id, of.document).where(of.profile_id.in_(list(profile_ids)))
    documents = {row.profile_id: row.document for row in connection.execute(query)}
    restricted = restricted_among(
        connection, {one for document in documents.values() for one in document.get("records") or []}
    )
    documents = {
        one: document for one, document in documents.items() if restricted.isdisjoint(document.get("records") or [])
    }
    events: dict[str, list[dict[str, Any]]] = {one: [] for one in documents}
    event = timeline.c
    happened = select(event.profile_id, event.event_id, event.occurred_at, event.document)
    for row in connection.execute(happened.where(event.profile_id.in_(sorted(documents)))):
        events[row.profile_id].append({"event_id": row.event_id, "occurred_at": row.occurred_at, **row.document})
    return {one: computed(document, events[one], now) for one, document in documents.items()}
