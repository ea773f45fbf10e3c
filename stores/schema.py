"""The tables of the operational store, as SQLAlchemy Core: what the gate reads and the publish job writes.

The migrations in `stores/migrations` create them; a test holds the two equal.
"""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
Instant = DateTime(timezone=True)

# document = {"fields": [{field, value, category, record_id, channel, observed_at, rule, losing: [...]}],
#             "identifiers": [{kind, value, category}], "records": [...], "first_seen", "last_seen"}
# Instants inside documents are ISO 8601 in UTC. `version` counts every change of the document, the timeline or the
# features: two answers of the same version are the same view.
profiles = Table(
    "profiles",
    metadata,
    Column("profile_id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

# Merged-away ids, each resolved to the surviving id when it is written.
redirects = Table(
    "redirects",
    metadata,
    Column("old_id", Text, primary_key=True),
    Column("profile_id", Text, nullable=False, index=True),
)

identifiers = Table(
    "identifiers",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("profile_id", Text, primary_key=True, index=True),
)

# document = {channel, type, intent, amount, properties: {name: text}, categories: {key: category}}
# with the category keys type, intent, amount and property.<name>.
timeline = Table(
    "timeline",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("profile_id", Text, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("document", JSONB, nullable=False),
)
Index("ix_timeline_newest_first", timeline.c.profile_id, timeline.c.occurred_at.desc(), timeline.c.event_id)

# What a person decided, by identifier. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE.
consent_events = Table(
    "consent_events",
    metadata,
    Column("consent_id", Text, primary_key=True),
    Column("identifier_kind", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("decided_through", Text, nullable=False),
    Column("notice", Text),
    Column("channel", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Index("ix_consent_events_identifier", "identifier_kind", "identifier"),
)

# Who read what, for which purpose, under which decision. Append-only; holds neither values nor identifiers.
audit = Table(
    "audit",
    metadata,
    Column("audit_id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("profile_id", Text, index=True),
    Column("decision", JSONB, nullable=False),
    Column("outcome", Text, nullable=False),
    Index("ix_audit_actor", "actor", "at"),
)

# Up to which version of a lake table the publish job has come.
publish_progress = Table(
    "publish_progress",
    metadata,
    Column("table_name", Text, primary_key=True),
    Column("delta_version", BigInteger, nullable=False),
)
