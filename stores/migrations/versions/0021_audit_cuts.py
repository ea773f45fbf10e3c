"""Where the audit goes on after retention took its oldest rows, and whom these said that systems were told of."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# Takes out what a recorded cut names, and that alone: the cut is refused unless it ends with a seal that stands.
CUT = """
create function cut_audit(upto bigint) returns bigint language plpgsql as $$
declare
    gone bigint;
begin
    if not exists (select from audit_cuts join audit_seals using (sequence, hash) where sequence = upto) then
        raise exception 'expected a cut that ends with a seal of the audit, found none such'
            using errcode = 'insufficient_privilege', hint = 'write it into audit_cuts first';
    end if;
    delete from audit where audit_id in (select unnest(audit_ids) from audit_seals where sequence <= upto);
    get diagnostics gone = row_count;
    delete from audit_seals where sequence <= upto;
    return gone;
end $$
"""

# Who deletes is read from the call stack, as for the ledger.
GUARD = r"""
create function guard_audit() returns trigger language plpgsql as $$
declare
    stack text;
begin
    get diagnostics stack = pg_context;
    if tg_op = 'DELETE' and stack ~ ('^[^\n]*guard_audit\(\)[^\n]*\n[^\n]*delete from audit(_seals)? where [^\n]*'
        || 'sequence <= upto\)?\s?["»”“]\n[^\n]*cut_audit\(bigint\)') then
        return null;
    end if;
    raise exception 'expected only INSERT on the append-only table %, found %', tg_table_name, tg_op
        using errcode = 'insufficient_privilege', hint = 'append a new row that corrects the old one';
end $$
"""


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "audit_cuts",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("last_id", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("until", instant, nullable=False),
        sa.Column("removed_at", instant, nullable=False),
        sa.Column("mac", sa.Text, nullable=False),
    )
    op.create_table(
        "webhook_told",
        sa.Column("subscription_id", sa.Text, primary_key=True),
        sa.Column("profile_id", sa.Text, primary_key=True),
        sa.Index("ix_webhook_told_profile_id", "profile_id"),
    )
    op.execute(CUT)
    op.execute(GUARD)
    for table, function in (("audit", "guard_audit"), ("audit_seals", "guard_audit"), ("audit_cuts", "refuse_change")):
        op.execute(f"drop trigger if exists append_only on {table}")
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table} "
            f"for each statement execute function {function}()"
        )
        op.execute(f"alter table {table} enable always trigger append_only")
