"""Ended subscriptions: their addresses and secrets are deleted once nobody is left about whom they received data.

Until then they are notified when one of these people is erased or restricted (read_model.outbox.emitting).
"""

from sqlalchemy import Connection, text

from read_model.outbox.kinds import REACHING

_TOLD = (
    "SELECT a.profile_id FROM audit AS a WHERE a.actor = 'webhook:' || s.subscription_id"
    " AND a.decision -> 'allowed' <> '[]'"
    " UNION ALL SELECT t.profile_id FROM webhook_told AS t WHERE t.subscription_id = s.subscription_id"
)
_DONE = (
    "s.ended_at IS NOT NULL AND s.secret <> '' AND NOT EXISTS (SELECT FROM webhook_deliveries AS d"
    " JOIN webhook_outbox AS o USING (sequence) WHERE d.subscription_id = s.subscription_id AND"
    " (d.state = 'pending' OR d.state = 'dead' AND o.kind = ANY(:reaching)))"
    f" AND NOT EXISTS (SELECT FROM ({_TOLD}) AS told WHERE EXISTS (SELECT FROM profiles AS p"
    " WHERE p.profile_id = told.profile_id) OR EXISTS (SELECT FROM redirects AS r WHERE r.old_id = told.profile_id))"
)
_COUNT = text(f"SELECT count(*) FROM webhook_subscriptions AS s WHERE {_DONE}")
_FORGET = text(f"UPDATE webhook_subscriptions AS s SET url = '', secret = '', former_secret = NULL WHERE {_DONE}")
_GIVEN = {"reaching": list(REACHING)}


def due(connection: Connection) -> int:
    """How many there are."""
    return int(connection.scalar(_COUNT, _GIVEN) or 0)


def forget(connection: Connection) -> int:
    """Deletes their address and secret; returns how many."""
    return connection.execute(_FORGET, _GIVEN).rowcount
