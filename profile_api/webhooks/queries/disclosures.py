"""What left for a subscription, as the audit says."""

from sqlalchemy import Connection, select

from stores.schema import audit


def was_given_data(connection: Connection, reader: str, profile_id: str) -> bool:
    """Whether any data of a person ever left for this reader."""
    of = audit.c
    left = select(of.audit_id).where(of.actor == reader, of.profile_id == profile_id)
    return connection.scalar(left.where(of.decision["allowed"] != []).limit(1)) is not None
