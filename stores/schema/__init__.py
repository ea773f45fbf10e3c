"""The tables of the operational store, as SQLAlchemy Core.

The migrations in `stores/migrations` create them; a test holds the two equal.
"""

from stores.schema.base import metadata
from stores.schema.consent import audit, consent_events
from stores.schema.serving import identifiers, profiles, publish_progress, redirects, timeline
from stores.schema.webhooks import webhook_deliveries, webhook_outbox, webhook_subscriptions

__all__ = [
    "audit",
    "consent_events",
    "identifiers",
    "metadata",
    "profiles",
    "publish_progress",
    "redirects",
    "timeline",
    "webhook_deliveries",
    "webhook_outbox",
    "webhook_subscriptions",
]
