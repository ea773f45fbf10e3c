"""Training tables that were handed out are known, and subscriptions that were ended are kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Creates the tables and the column as they were at this version, whatever `stores.schema` says later."""
    op.add_column("webhook_subscriptions", sa.Column("ended_at", INSTANT))
    op.create_table(
        "extracts",
        sa.Column("extract_id", sa.Text, primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("extracted_at", INSTANT, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("manifest", JSONB, nullable=False),
        sa.Column("ended_at", INSTANT),
    )
    op.create_table(
        "extract_members",
        sa.Column("extract_id", sa.Text, sa.ForeignKey("extracts.extract_id"), primary_key=True),
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("profile_id", sa.Text, nullable=False),
    )
    op.create_index("ix_extract_members_profile_id", "extract_members", ["profile_id"])
    op.create_table(
        "extract_recalls",
        sa.Column("extract_id", sa.Text, sa.ForeignKey("extracts.extract_id"), primary_key=True),
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
    )
