"""Keys that find a record for a caller, and tries to find out who is calling."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "record_keys",
        sa.Column("key", sa.Text(collation="C"), primary_key=True),
        sa.Column("record_id", sa.Text, primary_key=True, index=True),
    )
    op.create_table(
        "call_tries",
        sa.Column("actor", sa.Text, primary_key=True),
        sa.Column("window", sa.Text, primary_key=True),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.Column("salt", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
    )
    # A record that goes, by whatever way, is found no more. Cheaper than a foreign key, which would check each of
    # the many keys of every record that comes.
    op.execute(
        """
        create function remove_record_keys() returns trigger language plpgsql as $$
        begin
            delete from record_keys where record_id in (select record_id from gone);
            return null;
        end $$
        """
    )
    op.execute(
        "create trigger remove_keys after delete on records referencing old table as gone"
        " for each statement execute function remove_record_keys()"
    )
