"""Live events: the inbox, its quarantine, what live sources say of persons, and whose features are due."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Creates the tables as they were at this version."""
    op.create_table(
        "inbox",
        sa.Column("inbox_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("record_id", sa.Text, nullable=False, index=True),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("item", JSONB, nullable=False),
        sa.Column("gpc", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.BigInteger),
        sa.Column("problem", sa.Text),
    )
    op.create_index("ux_inbox_message", "inbox", ["source", "message_id"], unique=True)
    op.create_index("ix_inbox_waiting", "inbox", ["inbox_id"], postgresql_where=sa.text("sequence IS NULL"))
    op.create_index("ix_inbox_sequence", "inbox", ["sequence"], postgresql_where=sa.text("sequence IS NOT NULL"))
    op.execute("create sequence inbox_order")
    op.create_table(
        "inbox_quarantine",
        sa.Column("quarantine_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("call", sa.Text),
        sa.Column("sent_at", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("replayed_at", INSTANT),
    )
    op.create_table(
        "live_records",
        sa.Column("record_id", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("payload", JSONB, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "features_due",
        sa.Column("due_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("profile_id", sa.Text, nullable=False),
    )
