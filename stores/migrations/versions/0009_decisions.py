"""Decisions of several pairs that can be taken back; numbers for records and pairs whose ids may not be shown."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_reviews_likeliest_first", "reviews")
    for table in ("records", "reviews"):
        op.add_column(table, sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False, unique=True))
    op.add_column("overrides", sa.Column("decision_id", sa.Text, nullable=False))
    op.add_column("overrides", sa.Column("revoked_in", sa.Text))
    op.create_index("ix_overrides_decision_id", "overrides", ["decision_id"])
    op.create_index("ix_overrides_revoked_in", "overrides", ["revoked_in"])
    op.create_index(
        "ix_identity_history_decision_id",
        "identity_history",
        [sa.text("(evidence ->> 'decision_id')")],
        postgresql_where=sa.text("evidence IS NOT NULL"),
    )
