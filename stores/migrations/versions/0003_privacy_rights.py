"""Privacy requests with their steps, and what comes of them: rectified values, restrictions, erasures, tombstones."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
OPEN = sa.text("state NOT IN ('done', 'refused')")


def upgrade() -> None:
    """Creates the tables as they were at this version, whatever `stores.schema` says later."""
    op.create_table(
        "privacy_requests",
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("profile_id", sa.Text, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("details", JSONB, nullable=False),
    )
    op.create_index(
        "ix_privacy_requests_one_open", "privacy_requests", ["profile_id", "kind"], unique=True, postgresql_where=OPEN
    )
    op.create_index("ix_privacy_requests_due", "privacy_requests", ["due_on"], postgresql_where=OPEN)
    op.create_table(
        "privacy_request_events",
        sa.Column("event_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("request_id", sa.Text, sa.ForeignKey("privacy_requests.request_id"), nullable=False, index=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_table(
        "privacy_request_notes",
        sa.Column("event_id", sa.BigInteger, sa.ForeignKey("privacy_request_events.event_id"), primary_key=True),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "rectifications",
        sa.Column("record_id", sa.Text, primary_key=True),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
    )
    op.create_table(
        "restrictions",
        sa.Column("record_id", sa.Text, primary_key=True),
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("lifted_at", INSTANT),
    )
    op.create_table(
        "tombstones",
        sa.Column("tombstone", sa.Text, primary_key=True),
        sa.Column("erasure_id", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
    )
    op.create_table(
        "erasures",
        sa.Column("erasure_id", sa.Text, primary_key=True),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("requests", JSONB, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("certificate", JSONB),
    )
    op.create_table(
        "erasure_steps",
        sa.Column("erasure_id", sa.Text, sa.ForeignKey("erasures.erasure_id"), primary_key=True),
        sa.Column("step", sa.Text, primary_key=True),
        sa.Column("done_at", INSTANT, nullable=False),
        sa.Column("found", JSONB, nullable=False),
    )
    op.execute(
        "create trigger append_only before update or delete or truncate on privacy_request_events "
        "for each statement execute function refuse_change()"
    )
    op.execute("alter table privacy_request_events enable always trigger append_only")
