"""A refused message is stored without its user's signature, and with whether that was right.

Messages of before keep theirs until they are read again, or until their time has passed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "inbox_quarantine", sa.Column("is_signed", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
