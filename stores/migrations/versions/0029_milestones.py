"""Milestones that an advisor has seen, under the record or event that each rests on."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table; milestones themselves are computed at every read."""
    op.create_table(
        "milestones_seen",
        sa.Column("seen_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("record_id", sa.Text, index=True),
        sa.Column("event_id", sa.Text, index=True),
        sa.Column("milestone", sa.Text, nullable=False),
        sa.Column("years", sa.Integer),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_by", sa.Text, nullable=False),
    )
