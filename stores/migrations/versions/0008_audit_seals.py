"""The audit's chain of seals; the audit by person and by reader, newest first."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table as it was at this version, whatever `stores.schema` says later."""
    op.create_table(
        "audit_seals",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("audit_ids", ARRAY(sa.BigInteger), nullable=False),
        sa.Column("hashes", ARRAY(sa.Text), nullable=False),
        sa.Column("last_id", sa.BigInteger, nullable=False),
        sa.Column("previous_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("mac", sa.Text, nullable=False),
    )
    op.execute(
        "create trigger append_only before update or delete or truncate on audit_seals "
        "for each statement execute function refuse_change()"
    )
    op.execute("alter table audit_seals enable always trigger append_only")
    op.drop_index("ix_audit_profile_id", "audit")
    op.drop_index("ix_audit_actor", "audit")
    op.create_index("ix_audit_of_profile", "audit", ["profile_id", "audit_id"])
    op.create_index("ix_audit_of_actor", "audit", ["actor", "audit_id"])
