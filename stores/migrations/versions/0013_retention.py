"""Legal holds, and the runs of retention with their certificates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "legal_holds",
        sa.Column("hold_id", sa.Text, primary_key=True),
        sa.Column("record_id", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("placed_by", sa.Text, nullable=False),
        sa.Column("placed_at", instant, nullable=False),
        sa.Column("lifted_at", instant),
        sa.Column("lifted_by", sa.Text),
        sa.Column("lifted_because", sa.Text),
    )
    op.create_index(
        "ix_legal_holds_standing", "legal_holds", ["record_id"], postgresql_where=sa.text("lifted_at IS NULL")
    )
    op.create_table(
        "retention_runs",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("as_of", instant, nullable=False),
        sa.Column("steps", JSONB, nullable=False),
        sa.Column("certificate", JSONB),
    )
