"""What became of suggestions: by source record of whom they were about."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table. No feedback is ever changed; the owner deletes it with its person."""
    op.create_table(
        "suggestion_feedback",
        sa.Column("feedback_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("record_id", sa.Text, nullable=False, index=True),
        sa.Column("suggestion", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("given_on", sa.Date, nullable=False),
    )
    op.execute(
        "create trigger append_only before update or truncate on suggestion_feedback "
        "for each statement execute function refuse_change()"
    )
    op.execute("alter table suggestion_feedback enable always trigger append_only")
