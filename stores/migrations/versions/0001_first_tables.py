"""First tables; consent_events and audit refuse every change of what they hold."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Creates the tables as they were at this version, whatever `stores.schema` says later."""
    op.create_table(
        "profiles",
        sa.Column("profile_id", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
    )
    op.create_table(
        "redirects",
        sa.Column("old_id", sa.Text, primary_key=True),
        sa.Column("profile_id", sa.Text, nullable=False, index=True),
    )
    op.create_table(
        "identifiers",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, primary_key=True),
        sa.Column("profile_id", sa.Text, primary_key=True, index=True),
    )
    op.create_table(
        "timeline",
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("profile_id", sa.Text, nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("document", JSONB, nullable=False),
    )
    op.create_index("ix_timeline_newest_first", "timeline", ["profile_id", sa.text("occurred_at DESC"), "event_id"])
    op.create_table(
        "consent_events",
        sa.Column("consent_id", sa.Text, primary_key=True),
        sa.Column("identifier_kind", sa.Text, nullable=False),
        sa.Column("identifier", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("decided_through", sa.Text, nullable=False),
        sa.Column("notice", sa.Text),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Index("ix_consent_events_identifier", "identifier_kind", "identifier"),
    )
    op.create_table(
        "audit",
        sa.Column("audit_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("profile_id", sa.Text, index=True),
        sa.Column("decision", JSONB, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Index("ix_audit_actor", "actor", "at"),
    )
    op.create_table(
        "publish_progress",
        sa.Column("table_name", sa.Text, primary_key=True),
        sa.Column("delta_version", sa.BigInteger, nullable=False),
    )
    op.execute(
        """
        create function refuse_change() returns trigger language plpgsql as $$
        begin
            raise exception 'expected only INSERT on the append-only table %, found %', tg_table_name, tg_op
                using errcode = 'insufficient_privilege', hint = 'append a new row that corrects the old one';
        end $$
        """
    )
    for table in ("consent_events", "audit"):
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )
        # ALWAYS: a session in the role of a replica does not get round it either.
        op.execute(f"alter table {table} enable always trigger append_only")
