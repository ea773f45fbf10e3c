"""The tables of the operational store, as SQLAlchemy Core.

The migrations in `stores/migrations` create them; a test holds the two equal.
"""

from stores.schema.base import metadata
from stores.schema.callers import call_tries, record_keys
from stores.schema.consent import audit, audit_cuts, audit_seals, consent_events, consent_macs, reading_alerts
from stores.schema.engagement import (
    advisor_presence,
    conversation_entries,
    conversations,
    dial_statements,
    handoff_events,
    handoffs,
    milestones_seen,
    suggestion_feedback,
)
from stores.schema.extracts import extract_members, extract_recalls, extracts
from stores.schema.identity import (
    channel_trust,
    edges,
    identity_history,
    live_assignments,
    models,
    overrides,
    records,
    reviews,
)
from stores.schema.installation import installation
from stores.schema.live import features_due, inbox, inbox_quarantine, live_records, message_ids
from stores.schema.retention import legal_holds, retention_runs
from stores.schema.rights import (
    determinations,
    erasure_attempts,
    erasure_steps,
    erasures,
    intakes,
    left_out,
    privacy_request_events,
    privacy_request_notes,
    privacy_requests,
    rectifications,
    restrictions,
    tombstones,
)
from stores.schema.serving import identifiers, profiles, publish_progress, redirects, timeline
from stores.schema.webhooks import webhook_deliveries, webhook_outbox, webhook_subscriptions, webhook_told

__all__ = [
    "advisor_presence",
    "audit",
    "audit_cuts",
    "audit_seals",
    "call_tries",
    "channel_trust",
    "consent_events",
    "consent_macs",
    "conversation_entries",
    "conversations",
    "determinations",
    "dial_statements",
    "edges",
    "erasure_attempts",
    "erasure_steps",
    "erasures",
    "extract_members",
    "extract_recalls",
    "extracts",
    "features_due",
    "handoff_events",
    "handoffs",
    "identifiers",
    "identity_history",
    "inbox",
    "inbox_quarantine",
    "installation",
    "intakes",
    "left_out",
    "legal_holds",
    "live_assignments",
    "live_records",
    "message_ids",
    "metadata",
    "milestones_seen",
    "models",
    "overrides",
    "privacy_request_events",
    "privacy_request_notes",
    "privacy_requests",
    "profiles",
    "publish_progress",
    "reading_alerts",
    "record_keys",
    "records",
    "rectifications",
    "redirects",
    "restrictions",
    "retention_runs",
    "reviews",
    "suggestion_feedback",
    "timeline",
    "tombstones",
    "webhook_deliveries",
    "webhook_outbox",
    "webhook_subscriptions",
    "webhook_told",
]
