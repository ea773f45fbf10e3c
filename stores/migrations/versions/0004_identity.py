"""Records, evidence, decisions and history of identities; what an event's owner is found by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "records",
        sa.Column("record_id", sa.Text, primary_key=True),
        sa.Column("profile_id", sa.Text, nullable=False, index=True),
        sa.Column("document", JSONB, nullable=False),
    )
    op.create_table(
        "edges",
        sa.Column("left_id", sa.Text, primary_key=True),
        sa.Column("right_id", sa.Text, primary_key=True, index=True),
        sa.Column("rule", sa.Text, primary_key=True),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("weight", sa.Double, nullable=False),
        sa.Column("evidence", JSONB),
    )
    op.create_table(
        "reviews",
        sa.Column("left_id", sa.Text, primary_key=True),
        sa.Column("right_id", sa.Text, primary_key=True, index=True),
        sa.Column("weight", sa.Double, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("evidence", JSONB),
    )
    op.create_index("ix_reviews_likeliest_first", "reviews", [sa.text("weight DESC"), "left_id", "right_id"])
    op.create_table(
        "models",
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("trained_at", INSTANT, nullable=False),
        sa.Column("parameters", JSONB, nullable=False),
        sa.Column("names", JSONB, nullable=False),
    )
    op.create_table(
        "overrides",
        sa.Column("override_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("left_id", sa.Text, nullable=False),
        sa.Column("right_id", sa.Text, nullable=False, index=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("revoked_at", INSTANT),
    )
    op.create_index(
        "ix_overrides_one_in_force",
        "overrides",
        ["left_id", "right_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "live_assignments",
        sa.Column("record_id", sa.Text, primary_key=True),
        sa.Column("profile_id", sa.Text, nullable=False, index=True),
        sa.Column("at", INSTANT, nullable=False),
    )
    op.create_table(
        "identity_history",
        sa.Column("history_id", sa.Text, primary_key=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("profile_id", sa.Text, nullable=False, index=True),
        sa.Column("other_id", sa.Text, index=True),
        sa.Column("records", JSONB, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("evidence", JSONB),
    )
    op.create_table(
        "channel_trust",
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("trust", JSONB, nullable=False),
    )
    op.alter_column("timeline", "profile_id", nullable=True)
    op.add_column("timeline", sa.Column("record_id", sa.Text))
    op.add_column("timeline", sa.Column("identifiers", JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")))
    op.create_index(
        "ix_timeline_identifiers",
        "timeline",
        ["identifiers"],
        postgresql_using="gin",
        postgresql_ops={"identifiers": "jsonb_path_ops"},
        postgresql_where=sa.text("record_id IS NULL"),
    )
    # What was published before has neither: publishing it again fills them.
    op.execute("delete from publish_progress where table_name like 'gold/timeline@%'")
    op.execute(
        """
        create function refuse_rewriting_history() returns trigger language plpgsql as $$
        begin
            if (new.history_id, new.at, new.kind, new.profile_id, new.other_id, new.reason, new.actor)
                is distinct from (old.history_id, old.at, old.kind, old.profile_id, old.other_id, old.reason, old.actor)
            then
                raise exception 'expected history to be kept as it was, found a change of it'
                    using errcode = 'insufficient_privilege', hint = 'append a new row that corrects the old one';
            end if;
            return new;
        end $$
        """
    )
    op.execute(
        "create trigger append_only before delete or truncate on identity_history "
        "for each statement execute function refuse_change()"
    )
    op.execute(
        "create trigger only_erasure before update on identity_history "
        "for each row execute function refuse_rewriting_history()"
    )
    for trigger in ("append_only", "only_erasure"):
        op.execute(f"alter table identity_history enable always trigger {trigger}")
