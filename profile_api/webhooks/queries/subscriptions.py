"""Who is told what, and for which purpose; the secret is shown once."""

import base64
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from read_model.outbox.kinds import REACHING

COLUMNS = "s.subscription_id, s.url, s.kinds, s.purpose, s.role, s.created_by, s.created_at, s.ended_at"

_LIST = text(
    f"SELECT {COLUMNS}, count(*) FILTER (WHERE d.state = 'pending') AS pending,"
    " count(*) FILTER (WHERE d.state = 'delivered') AS delivered, count(*) FILTER (WHERE d.state = 'dead') AS dead,"
    " count(*) FILTER (WHERE d.state = 'dead' AND o.kind = ANY(:reaching)) AS unreached"
    " FROM webhook_subscriptions AS s LEFT JOIN webhook_deliveries AS d USING (subscription_id)"
    " LEFT JOIN webhook_outbox AS o USING (sequence)"
    " GROUP BY s.subscription_id ORDER BY s.created_at, s.subscription_id"
)
_CREATE = text(
    "INSERT INTO webhook_subscriptions AS s"
    " (subscription_id, url, kinds, purpose, role, secret, created_by, created_at)"
    " VALUES (:subscription_id, :url, :kinds, :purpose, :role, :secret, :created_by, :created_at)"
    f" RETURNING {COLUMNS}, s.secret"
)
_ROTATE = text(
    "UPDATE webhook_subscriptions AS s SET secret = :secret, former_secret = secret, former_until = :until"
    f" WHERE subscription_id = :id AND secret <> '' RETURNING {COLUMNS}, s.secret"
)


def create(
    connection: Connection, *, url: str, kinds: list[str], purpose: str, role: str, by: str, now: datetime
) -> dict[str, Any]:
    """A new subscription, with the secret that its deliveries are signed with."""
    given: dict[str, Any] = {"subscription_id": f"sub_{secrets.token_hex(10)}", "url": url, "kinds": sorted(set(kinds))}
    given |= {"purpose": purpose, "role": role, "created_by": by, "created_at": now}
    return dict(connection.execute(_CREATE, {**given, "secret": _new_secret()}).mappings().one())


def rotate(connection: Connection, subscription_id: str, until: datetime) -> dict[str, Any] | None:
    """A new secret for a subscription, beside which the present one signs `until` then; None where there is none."""
    given = {"id": subscription_id, "secret": _new_secret(), "until": until}
    found = connection.execute(_ROTATE, given).mappings().one_or_none()
    return dict(found) if found else None


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def listed(connection: Connection) -> list[dict[str, Any]]:
    """Every subscription with the state of its deliveries, and without its secret."""
    return [dict(row) for row in connection.execute(_LIST, {"reaching": list(REACHING)}).mappings()]


def end(connection: Connection, subscription_id: str, now: datetime) -> bool:
    """Ends a subscription; whether there was one.

    Its address and secret stay: whom it was told of it has to hear of once more when they are erased or restricted.
    """
    ended = text("UPDATE webhook_subscriptions SET ended_at = :now WHERE subscription_id = :id AND ended_at IS NULL")
    done = connection.execute(ended, {"id": subscription_id, "now": now}).rowcount > 0
    if done:
        rest = text(
            "DELETE FROM webhook_deliveries AS d USING webhook_outbox AS o WHERE d.subscription_id = :id AND"
            " o.sequence = d.sequence AND d.state = 'pending' AND o.kind <> ALL(:reaching)"
        )
        connection.execute(rest, {"id": subscription_id, "reaching": list(REACHING)})
    return done


def exists(connection: Connection, subscription_id: str) -> bool:
    """Whether there is a subscription of this id."""
    found = text("SELECT 1 FROM webhook_subscriptions WHERE subscription_id = :id")
    return connection.execute(found, {"id": subscription_id}).first() is not None
