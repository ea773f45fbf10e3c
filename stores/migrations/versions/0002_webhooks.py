"""Webhooks: subscriptions, the outbox, deliveries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Creates the tables as they were at this version, whatever `stores.schema` says later."""
    op.create_table(
        "webhook_subscriptions",
        sa.Column("subscription_id", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("kinds", ARRAY(sa.Text), nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
    )
    op.create_table(
        "webhook_outbox",
        sa.Column("sequence", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("profile_id", sa.Text, nullable=False, index=True),
        sa.Column("at", INSTANT, nullable=False, index=True),
        sa.Column("data", JSONB, nullable=False),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column(
            "subscription_id",
            sa.Text,
            sa.ForeignKey("webhook_subscriptions.subscription_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "sequence", sa.BigInteger, sa.ForeignKey("webhook_outbox.sequence", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("last_result", sa.Text),
    )
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["subscription_id", "due_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index("ix_webhook_deliveries_sequence", "webhook_deliveries", ["sequence"])
