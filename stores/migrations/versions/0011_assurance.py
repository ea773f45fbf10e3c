"""What a live message came with, and claims beside what is known of a live record.

Messages that were projected before had one key, which counted as the source's word.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inbox", sa.Column("proof", sa.Text(), server_default=sa.text("'none'"), nullable=False))
    op.add_column(
        "inbox_quarantine", sa.Column("is_server", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.execute("UPDATE inbox SET proof = 'server' WHERE sequence IS NOT NULL")
    op.execute(
        "UPDATE live_records SET payload = payload || jsonb_build_object('claims', '{}'::jsonb, 'proven', '{}'::jsonb,"
        " 'since', (payload -> 'since') || '{\"claims\": {}, \"proven\": {}}'::jsonb)"
    )
