"""What people decided, and who read what of them: append-only."""

from sqlalchemy import BigInteger, Column, Date, Identity, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from stores.schema.base import Instant, metadata

# What a person decided, by identifier; the fields of ISO/IEC TS 27560. One chain, in the order of `sequence`: each
# event's `hash` covers its content and `previous_hash`. Written by the database function append_consent alone; triggers
# refuse everything else. The hash covers the id, the identifier and the contact point (null: the whole person) only
# through `commitment`, `principal` and `contact`, salted digests; pseudonymise_consents takes the values and the salt
# away and leaves the chain whole. `received_at` never goes back.
consent_events = Table(
    "consent_events",
    metadata,
    Column("consent_id", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False, unique=True),
    Column("schema_version", Text, nullable=False),
    Column("identifier_kind", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("contact_kind", Text),
    Column("contact_point", Text),
    Column("salt", Text),
    Column("commitment", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("contact", Text),
    Column("purpose", Text, nullable=False),
    Column("legal_basis", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("notice_version", Text),
    Column("notice_language", Text),
    Column("jurisdiction", Text, nullable=False),
    Column("controller", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("decided_through", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("notice_hash", Text),
    Index("ix_consent_events_identifier", "identifier_kind", "identifier"),
)

# This installation's signature on an event: on its appending, or on its becoming nobody's by an erasure. Append-only.
consent_macs = Table(
    "consent_macs",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("erasure_id", Text, primary_key=True, server_default=""),
    Column("mac", Text, nullable=False),
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
    Column("profile_id", Text),
    Column("decision", JSONB, nullable=False),
    Column("outcome", Text, nullable=False),
    Index("ix_audit_of_profile", "profile_id", "audit_id"),
    Index("ix_audit_of_actor", "actor", "audit_id"),
)

# Reading of staff that looked odd, once per rule, reader and day: how many people it was of, from when to when; once an
# officer has looked into it, who, when, and what came of it. Says nothing of whom.
reading_alerts = Table(
    "reading_alerts",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("actor", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("role", Text, nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Column("people", Integer, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("reviewed_at", Instant),
    Column("reviewed_by", Text),
    Column("outcome", Text),
)

# A batch of audit rows in a hash chain: `hashes` are those of the rows `audit_ids`, `last_id` is the highest id so far,
# `mac` is the service's. Append-only.
audit_seals = Table(
    "audit_seals",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("sealed_at", Instant, nullable=False, index=True),
    Column("audit_ids", ARRAY(BigInteger), nullable=False),
    Column("hashes", ARRAY(Text), nullable=False),
    Column("last_id", BigInteger, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("mac", Text, nullable=False),
)

# Retention took the seals up to `sequence`, which ended with `hash`, with their rows: the chain goes on from there.
# `until` is the instant up to which audit rows were past their period; `mac` is retention's. Append-only.
audit_cuts = Table(
    "audit_cuts",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", Text, nullable=False),
    Column("last_id", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("until", Instant, nullable=False),
    Column("removed_at", Instant, nullable=False),
    Column("mac", Text, nullable=False),
)
