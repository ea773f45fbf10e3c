"""Hand-offs: conversations, who holds them, what was said in them, and which advisors are at work."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
OPEN = sa.text("state NOT IN ('resolved', 'rescinded', 'abandoned', 'returned')")


def upgrade() -> None:
    """Creates the tables. No step of a hand-off is ever changed; the owner deletes them with their conversation."""
    op.create_table(
        "conversations",
        sa.Column("conversation_id", sa.Text, primary_key=True),
        sa.Column("record_id", sa.Text, nullable=False, index=True),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
    )
    op.create_table(
        "handoffs",
        sa.Column("handoff_id", sa.Text, primary_key=True),
        _of_conversation(),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("request_key", sa.Text, nullable=False),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("requested_through", sa.Text, nullable=False),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("skill", sa.Text),
        sa.Column("contact_kind", sa.Text),
        sa.Column("contact_point", sa.Text),
        sa.Column("zone", sa.Text),
        sa.Column("rule", sa.Text),
        sa.Column("verified_by", sa.Text, nullable=False),
        sa.Column("shown", ARRAY(sa.Text), nullable=False),
        sa.Column("profile_version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("holder", sa.Text),
        sa.Column("until", INSTANT),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Index("ix_handoffs_request", "conversation_id", "request_key", unique=True),
        sa.Index("ix_handoffs_one_open", "conversation_id", unique=True, postgresql_where=OPEN),
        sa.Index("ix_handoffs_waiting", "requested_at", postgresql_where=OPEN),
        sa.Index("ix_handoffs_until", "until", postgresql_where=sa.text("until IS NOT NULL")),
    )
    op.create_table(
        "handoff_events",
        sa.Column("event_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "handoff_id", sa.Text, sa.ForeignKey("handoffs.handoff_id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
    )
    op.create_table(
        "conversation_entries",
        sa.Column("entry_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        _of_conversation(),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("said_by", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("outcome", sa.Text),
        sa.Column("due_on", sa.Date),
        sa.Column("text", sa.Text),
    )
    op.create_table(
        "advisor_presence",
        sa.Column("actor", sa.Text, primary_key=True),
        sa.Column("languages", ARRAY(sa.Text), nullable=False),
        sa.Column("skills", ARRAY(sa.Text), nullable=False),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
    )
    op.execute(
        "create trigger append_only before update or truncate on handoff_events "
        "for each statement execute function refuse_change()"
    )
    op.execute("alter table handoff_events enable always trigger append_only")


def _of_conversation() -> sa.Column[str]:
    whole = sa.ForeignKey("conversations.conversation_id", ondelete="CASCADE")
    return sa.Column("conversation_id", sa.Text, whole, nullable=False, index=True)
