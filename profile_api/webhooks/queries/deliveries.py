"""Due deliveries and their results; each is leased to one worker at a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, text

from profile_api.webhooks.queries.stored import OutboxEvent, Subscription
from read_model.outbox.kinds import REACHING

BATCH = 10
LEASE = timedelta(minutes=4)
"""Longer than a batch of timeouts takes; a worker that dies with a lease delays its deliveries by this at most."""
KEPT = timedelta(days=30)

_DUE = text(
    "SELECT subscription_id, url, purpose, role, secret,"
    " CASE WHEN former_until > :now THEN former_secret END AS former_secret"
    " FROM webhook_subscriptions AS s WHERE EXISTS (SELECT FROM webhook_deliveries AS d"
    " WHERE d.subscription_id = s.subscription_id AND d.state = 'pending' AND d.due_at <= :now)"
)
_CLAIM = text(
    "WITH due AS (SELECT sequence FROM webhook_deliveries WHERE subscription_id = :subscription AND state = 'pending'"
    " AND due_at <= :now ORDER BY due_at, sequence LIMIT :batch FOR UPDATE SKIP LOCKED)"
    " UPDATE webhook_deliveries AS d SET due_at = :until FROM due JOIN webhook_outbox AS o USING (sequence)"
    " WHERE d.subscription_id = :subscription AND d.sequence = due.sequence"
    " RETURNING o.sequence, o.event_id, o.kind, o.profile_id, o.at, o.data, d.attempts"
)
_SETTLE = text(
    "UPDATE webhook_deliveries SET state = :state, attempts = :attempts, due_at = :due_at, last_result = :result"
    " WHERE subscription_id = :subscription AND sequence = :sequence"
)
_RELEASE = text(
    "UPDATE webhook_deliveries SET due_at = :due_at"
    " WHERE subscription_id = :subscription AND sequence = ANY(:sequences)"
)
# A subscriber that came late, or lost what it was given: everything since, told once more. One that was unsubscribed is
# told again only what did not reach it.
_REPLAY = text(
    "INSERT INTO webhook_deliveries (subscription_id, sequence, state, attempts, due_at)"
    " SELECT s.subscription_id, o.sequence, 'pending', 0, :now FROM webhook_subscriptions AS s"
    " JOIN webhook_outbox AS o ON o.at >= :since AND CASE WHEN s.ended_at IS NULL THEN o.kind = ANY(s.kinds) ELSE"
    " EXISTS (SELECT FROM webhook_deliveries AS d WHERE d.subscription_id = s.subscription_id"
    " AND d.sequence = o.sequence AND d.state = 'dead') END WHERE s.subscription_id = :subscription"
    " ON CONFLICT (subscription_id, sequence) DO UPDATE SET state = 'pending', attempts = 0, due_at = excluded.due_at"
)
_FORGET = text(
    "DELETE FROM webhook_outbox AS o WHERE o.at < :before AND NOT EXISTS (SELECT FROM webhook_deliveries AS d"
    " WHERE d.sequence = o.sequence AND (d.state = 'pending' OR d.state = 'dead' AND o.kind = ANY(:reaching)))"
)


def due_subscriptions(engine: Engine, now: datetime) -> list[Subscription]:
    """The subscriptions that wait for something."""
    with engine.connect() as connection:
        return [Subscription(**row) for row in connection.execute(_DUE, {"now": now}).mappings()]


def claim(engine: Engine, subscription_id: str, now: datetime) -> list[tuple[OutboxEvent, int]]:
    """The next events of a subscription, each with the attempts made so far; no other worker gets them meanwhile."""
    given = {"subscription": subscription_id, "now": now, "until": now + LEASE, "batch": BATCH}
    with engine.begin() as connection:
        rows = connection.execute(_CLAIM, given).mappings().all()
    return [_claimed(row) for row in sorted(rows, key=lambda row: row["sequence"])]


def settle(
    engine: Engine,
    subscription_id: str,
    event: OutboxEvent,
    *,
    state: str,
    attempts: int,
    due_at: datetime,
    result: str,
) -> None:
    """Writes down how an attempt ended."""
    given = {"state": state, "attempts": attempts, "due_at": due_at, "result": result}
    with engine.begin() as connection:
        connection.execute(_SETTLE, {**given, "subscription": subscription_id, "sequence": event.sequence})


def release(engine: Engine, subscription_id: str, events: Sequence[OutboxEvent], due_at: datetime) -> None:
    """Gives back what was claimed and not tried."""
    if events:
        given = {"subscription": subscription_id, "sequences": [one.sequence for one in events], "due_at": due_at}
        with engine.begin() as connection:
            connection.execute(_RELEASE, given)


def replay(connection: Connection, subscription_id: str, since: datetime, now: datetime) -> int:
    """Makes every event since an instant due again, delivered and dead ones too; how many."""
    return connection.execute(_REPLAY, {"subscription": subscription_id, "since": since, "now": now}).rowcount


def forget(engine: Engine, now: datetime) -> int:
    """Removes events that are older than thirty days and wait for nobody, nor are still to be told of; how many."""
    with engine.begin() as connection:
        return connection.execute(_FORGET, {"before": now - KEPT, "reaching": list(REACHING)}).rowcount


def _claimed(row: RowMapping) -> tuple[OutboxEvent, int]:
    given: dict[str, Any] = dict(row)
    attempts = int(given.pop("attempts"))
    return OutboxEvent(**given), attempts
