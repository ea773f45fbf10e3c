"""What people ask who are known by no profile yet."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "intakes",
        sa.Column("intake_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("contact_kind", sa.Text),
        sa.Column("contact", sa.Text),
        sa.Column("said", sa.Text),
        sa.Column("request_id", sa.Text, index=True),
        sa.Column("recorded_by", sa.Text, nullable=False),
    )
