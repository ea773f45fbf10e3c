"""Intakes of erased people, from before their profile was known."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, or_, select, tuple_

from contracts.identifiers import Identifier
from stores.schema import intakes, privacy_requests


def forget(
    connection: Connection, profiles: Collection[str], request_ids: Collection[str], identifiers: Collection[Identifier]
) -> int:
    """Deletes the intakes of their requests, and those that came from an address of theirs; says how many."""
    theirs = select(privacy_requests.c.request_id).where(
        or_(privacy_requests.c.profile_id.in_(profiles), privacy_requests.c.request_id.in_(request_ids))
    )
    contact = tuple_(intakes.c.contact_kind, intakes.c.contact)
    known = [(one.kind, one.value) for one in identifiers]
    of = intakes.c.request_id.in_(theirs)
    return connection.execute(delete(intakes).where(or_(of, contact.in_(known)) if known else of)).rowcount
