"""What the answers about decisions ask the store beside the ledger."""

from sqlalchemy import Connection, select

from stores.schema import records


def holders_of_record(connection: Connection, record_id: str) -> list[str]:
    """The profile that a record belongs to, if it is on file: a decision may be kept under a record alone."""
    query = select(records.c.profile_id).where(records.c.record_id == record_id)
    return list(connection.scalars(query))
