"""What tells this installation from another one."""

from sqlalchemy import Column, Table, Text

from stores.schema.base import metadata

# One row: a digest by which a start finds out that it has the key that this database's ids and MACs were made with. It
# says nothing of the key.
installation = Table("installation", metadata, Column("key_check", Text, primary_key=True))
