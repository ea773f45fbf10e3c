"""Who is told of changes, what there is to tell, and how far each of them has been told."""

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from stores.schema.base import Instant, metadata

# `purpose` and `role` decide what a delivery may hold; `secret` signs it, and so has to be kept as it is; beside it
# signs, until `former_until`, the one that it replaced. One that was
# ended, at `ended_at`, still hears of the erasure and restriction of people whom it was told of.
webhook_subscriptions = Table(
    "webhook_subscriptions",
    metadata,
    Column("subscription_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("kinds", ARRAY(Text), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("former_secret", Text),
    Column("former_until", Instant),
)

# What happened, written in the transaction in which it happened. `data` holds ids and words of this project alone.
webhook_outbox = Table(
    "webhook_outbox",
    metadata,
    Column("sequence", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("profile_id", Text, nullable=False, index=True),
    Column("at", Instant, nullable=False, index=True),
    Column("data", JSONB, nullable=False),
)

# Whom a system was told of, by audit rows that retention took: it has to hear of their erasure all the same.
webhook_told = Table(
    "webhook_told",
    metadata,
    Column("subscription_id", Text, primary_key=True),
    Column("profile_id", Text, primary_key=True, index=True),
)

# state: pending, delivered or dead. A pending delivery is tried once `due_at` has come.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column(
        "subscription_id",
        Text,
        ForeignKey("webhook_subscriptions.subscription_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("sequence", BigInteger, ForeignKey("webhook_outbox.sequence", ondelete="CASCADE"), primary_key=True),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("last_result", Text),
)
Index(
    "ix_webhook_deliveries_due",
    webhook_deliveries.c.subscription_id,
    webhook_deliveries.c.due_at,
    postgresql_where=webhook_deliveries.c.state == "pending",
)
Index("ix_webhook_deliveries_sequence", webhook_deliveries.c.sequence)
