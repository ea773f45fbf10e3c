"""A subscription's secret is replaced with both valid for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("webhook_subscriptions", sa.Column("former_secret", sa.Text))
    op.add_column("webhook_subscriptions", sa.Column("former_until", sa.DateTime(timezone=True)))
