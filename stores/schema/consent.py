"""What people decided, and who read what of them: append-only."""

from sqlalchemy import BigInteger, Column, Identity, Index, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from stores.schema.base import Instant, metadata

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
