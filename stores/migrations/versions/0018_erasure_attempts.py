"""Tries of an erasure, for the officer to read; erasure may take names out of a reason in the history."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "erasure_attempts",
        sa.Column("attempt_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("requests", JSONB, nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("step_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("outcome", sa.Text),
        sa.Column("problem", sa.Text),
        sa.Column("found", JSONB),
    )
    op.execute(
        """
        create or replace function refuse_rewriting_history() returns trigger language plpgsql as $$
        begin
            if (new.history_id, new.at, new.kind, new.profile_id, new.other_id, new.actor)
                is distinct from (old.history_id, old.at, old.kind, old.profile_id, old.other_id, old.actor)
                or (new.reason is distinct from old.reason and position('[erased]' in new.reason) = 0)
            then
                raise exception 'expected history to be kept as it was, found a change of it'
                    using errcode = 'insufficient_privilege', hint = 'append a new row that corrects the old one';
            end if;
            return new;
        end $$
        """
    )
