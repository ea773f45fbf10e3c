"""The installation: by which key its ids are made."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table as it was at this version, whatever `stores.schema` says later."""
    op.create_table("installation", sa.Column("key_check", sa.Text, primary_key=True))
