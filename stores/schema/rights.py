"""What people asked for under their rights, what came of it, and how an erased person is kept from coming back."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Identity, Index, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from stores.schema.base import Instant, metadata

# Where each request stands. `details` is what the person asked for: fields and their right values, purposes, records.
# After an erasure `profile_id` is a keyed pseudonym, and `details` are empty.
privacy_requests = Table(
    "privacy_requests",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("profile_id", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("details", JSONB, nullable=False),
)
Index(
    "ix_privacy_requests_one_open",
    privacy_requests.c.profile_id,
    privacy_requests.c.kind,
    unique=True,
    postgresql_where=text("state NOT IN ('done', 'refused')"),
)
Index("ix_privacy_requests_due", privacy_requests.c.due_on, postgresql_where=text("state NOT IN ('done', 'refused')"))

# The steps of a request. Append-only; a customer is `customer` here, whoever that is.
privacy_request_events = Table(
    "privacy_request_events",
    metadata,
    Column("event_id", BigInteger, Identity(always=True), primary_key=True),
    Column("request_id", Text, ForeignKey("privacy_requests.request_id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("state", Text, nullable=False),
)

# What somebody asks who is known by no profile yet, as they said it: unverified, and kept apart from all identifiers.
# state: open, matched (to `request_id`) or closed.
intakes = Table(
    "intakes",
    metadata,
    Column("intake_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("name", Text),
    Column("contact_kind", Text),
    Column("contact", Text),
    Column("said", Text),
    Column("request_id", Text, index=True),
    Column("recorded_by", Text, nullable=False),
)

# What was written down with a step: free text, so it goes with the person.
privacy_request_notes = Table(
    "privacy_request_notes",
    metadata,
    Column("event_id", BigInteger, ForeignKey("privacy_request_events.event_id"), primary_key=True),
    Column("note", Text, nullable=False),
)

# Values that the person put right: they win over every source. Kept by record, like consent by identifier, so that they
# follow the record through merges and unmerges.
rectifications = Table(
    "rectifications",
    metadata,
    Column("record_id", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("request_id", Text, nullable=False),
)

# Records that are kept and not used, while `lifted_at` is null.
restrictions = Table(
    "restrictions",
    metadata,
    Column("record_id", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("lifted_at", Instant),
)

# What the privacy officer determined about a person for a purpose, while `ended_at` is null: of kind
# parental_authorisation or compelling_grounds. By record, a row for each that the person had. They read `reason`.
determinations = Table(
    "determinations",
    metadata,
    Column("record_id", Text, primary_key=True),
    Column("determination_id", Text, primary_key=True, index=True),
    Column("kind", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", Text),
)

# Keyed digests of the identifiers and record ids of erased people: who holds the key can tell that a value was erased,
# nobody can tell which values were.
tombstones = Table(
    "tombstones",
    metadata,
    Column("tombstone", Text, primary_key=True),
    Column("erasure_id", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

# An erasure of one or more people. `sealed` is what to look for, encrypted, until the certificate stands.
erasures = Table(
    "erasures",
    metadata,
    Column("erasure_id", Text, primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("requests", JSONB, nullable=False),
    Column("sealed", LargeBinary),
    Column("certificate", JSONB),
)

# Which steps of an erasure are done: a killed one goes on after the last.
erasure_steps = Table(
    "erasure_steps",
    metadata,
    Column("erasure_id", Text, ForeignKey("erasures.erasure_id"), primary_key=True),
    Column("step", Text, primary_key=True),
    Column("done_at", Instant, nullable=False),
    Column("found", JSONB, nullable=False),
)

# Tries to carry out an erasure: the step that each came to, when it ended, and what kept it from a certificate. `found`
# names the places in which something of the person still stands, never the values.
erasure_attempts = Table(
    "erasure_attempts",
    metadata,
    Column("attempt_id", BigInteger, Identity(always=True), primary_key=True),
    Column("requests", JSONB, nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("step", Text, nullable=False),
    Column("step_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", Text),
    Column("problem", Text),
    Column("found", JSONB),
)

# How many rows or messages of a channel were left out on a day, since they named somebody erased. Nothing of them.
left_out = Table(
    "left_out",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("rows", BigInteger, nullable=False),
)
