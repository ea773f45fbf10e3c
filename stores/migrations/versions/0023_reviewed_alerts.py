"""Who looked into odd reading, when, and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reading_alerts", sa.Column("reviewed_at", sa.DateTime(timezone=True)))
    op.add_column("reading_alerts", sa.Column("reviewed_by", sa.Text))
    op.add_column("reading_alerts", sa.Column("outcome", sa.Text))
