"""Who each record belongs to and why, as the lake published it and as people and live events changed it since."""

from sqlalchemy import BigInteger, Column, Double, Identity, Index, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from stores.schema.base import Instant, metadata

# document = a row of silver/records as JSON. `profile_id` is the truth of the moment: the lake's, or a live change's.
# `number` names a record whose id may not be shown.
records = Table(
    "records",
    metadata,
    Column("record_id", Text, primary_key=True),
    Column("profile_id", Text, nullable=False, index=True),
    Column("document", JSONB, nullable=False),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
)

# Evidence that two records are one person. `weight` is in bits; evidence = the comparison vector, or the identifier's
# kind and how many share it.
edges = Table(
    "edges",
    metadata,
    Column("left_id", Text, primary_key=True),
    Column("right_id", Text, primary_key=True, index=True),
    Column("rule", Text, primary_key=True),
    Column("tier", Text, nullable=False),
    Column("weight", Double, nullable=False),
    Column("evidence", JSONB),
)

# Uncertain pairs that wait for a decision, by `number`: an order by weight would tell of evidence that is withheld.
reviews = Table(
    "reviews",
    metadata,
    Column("left_id", Text, primary_key=True),
    Column("right_id", Text, primary_key=True, index=True),
    Column("weight", Double, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", JSONB),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
)

models = Table(
    "models",
    metadata,
    Column("version", Text, primary_key=True),
    Column("trained_at", Instant, nullable=False),
    Column("parameters", JSONB, nullable=False),
    Column("names", JSONB, nullable=False),
)

# A person's word that two records are the `same` person or `different` ones; it wins over every rule. One decision may
# take several pairs; `revoked_in` is the decision that took a pair's word back.
overrides = Table(
    "overrides",
    metadata,
    Column("override_id", BigInteger, Identity(always=True), primary_key=True),
    Column("left_id", Text, nullable=False),
    Column("right_id", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("revoked_at", Instant),
    Column("decision_id", Text, nullable=False, index=True),
    Column("revoked_in", Text, index=True),
)
Index(
    "ix_overrides_one_in_force",
    overrides.c.left_id,
    overrides.c.right_id,
    unique=True,
    postgresql_where=overrides.c.revoked_at.is_(None),
)

# Assignments that were made live and that the lake does not know yet.
live_assignments = Table(
    "live_assignments",
    metadata,
    Column("record_id", Text, primary_key=True),
    Column("profile_id", Text, nullable=False, index=True),
    Column("at", Instant, nullable=False),
)

# What happened to profiles: kind created, merged, split or moved. Append-only, but that erasure may blank what names
# records: `records` and `evidence`.
identity_history = Table(
    "identity_history",
    metadata,
    Column("history_id", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("profile_id", Text, nullable=False, index=True),
    Column("other_id", Text, index=True),
    Column("records", JSONB, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("evidence", JSONB),
)
Index(
    "ix_identity_history_decision_id",
    identity_history.c.evidence["decision_id"].astext,
    postgresql_where=identity_history.c.evidence.is_not(None),
)

# trust = {field: weight}, field "" for the channel's own default: what survivorship weighs sources by.
channel_trust = Table(
    "channel_trust",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("trust", JSONB, nullable=False),
)
