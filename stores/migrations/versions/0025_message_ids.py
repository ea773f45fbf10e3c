"""The ids of messages are kept by themselves, those of messages that were left out too."""

import sqlalchemy as sa
from alembic import op

from contracts.keyed import keyed

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table, with the ids of what the inbox holds."""
    table = op.create_table(
        "message_ids",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, index=True),
    )
    rows = op.get_bind().execute(sa.text("SELECT source, message_id, received_at FROM inbox"))
    for part in rows.partitions(10_000):
        known = [{"digest": keyed("message id", *row[:2], size=16), "received_at": row[2]} for row in part]
        op.bulk_insert(table, known)
