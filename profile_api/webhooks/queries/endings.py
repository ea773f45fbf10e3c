"""Tells of consents that ended by themselves: nothing happens at that moment, and yet their use ends with it."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, and_, func, or_, select, text

from consent.current import ends_at
from consent.durations import before
from consent.ledger import read
from consent.model import ConsentEvent, Purpose
from consent.purposes import published_purposes
from contracts.identifiers import Identifier
from read_model.outbox.consent_changes import tell_decisions
from stores.schema import consent_events, publish_progress

TOLD = "told/ended"
"""The row of `publish_progress` that says up to which second, since 1970, subscribers were told of ended consents."""
SLACK = timedelta(days=3)
"""More than the days by which months differ: what is found so is asked exactly when it ends."""

_NOTE = text(
    "INSERT INTO publish_progress VALUES (:name, :at) ON CONFLICT (table_name) DO UPDATE SET delta_version = :at"
)


def tell_ended(engine: Engine, now: datetime) -> int:
    """Notes `consent.changed` for every consent that ended since this was last asked; how many ended.

    The first time, only what ends from then on is told.
    """
    with engine.begin() as connection:
        at = select(publish_progress.c.delta_version).where(publish_progress.c.table_name == TOLD).with_for_update()
        told = connection.scalar(at)
        connection.execute(_NOTE, {"name": TOLD, "at": int(now.timestamp())})
        if told is None:
            return 0
        since = datetime.fromtimestamp(told, now.tzinfo)
        ended = [
            (event.identifier, purpose.id)
            for purpose in published_purposes().values()
            for event in _ending(connection, purpose, since, now)
        ]
        tell_decisions(connection, ended, now)
        return len(ended)


def _ending(connection: Connection, purpose: Purpose, since: datetime, now: datetime) -> list[ConsentEvent]:
    of = consent_events.c
    near = [and_(of.expires_at > since, of.expires_at <= now)]
    if purpose.validity is not None:
        begun = func.least(of.decided_at, of.received_at)
        first, last = before(since, purpose.validity) - SLACK, before(now, purpose.validity) + SLACK
        near.append(and_(begun > first, begun <= last))
    query = select(of.identifier_kind, of.identifier).where(of.purpose == purpose.id, or_(*near)).distinct()
    known = read(connection, [Identifier(*row) for row in connection.execute(query)])
    yes = [event for event in known if event.purpose == purpose.id and event.state.permits]
    return [event for event in yes if (end := ends_at(event, purpose)) is not None and since < end <= now]
