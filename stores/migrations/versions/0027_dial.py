"""How customers want to be served: what they stated, by source record."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Creates the table. No statement is ever changed; the owner deletes them with their person."""
    op.create_table(
        "dial_statements",
        sa.Column("statement_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("record_id", sa.Text, nullable=False, index=True),
        sa.Column("topic", sa.Text),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("stated_at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("stated_through", sa.Text, nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
    )
    op.execute(
        "create trigger append_only before update or truncate on dial_statements "
        "for each statement execute function refuse_change()"
    )
    op.execute("alter table dial_statements enable always trigger append_only")
