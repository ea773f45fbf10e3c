"""What a request brings about, in the transaction of the step that does it."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert, update

from profile_api.errors import Problem
from stores.schema import restrictions


def restrict(connection: Connection, request_id: str, records: Iterable[str], now: datetime) -> None:
    """From now on these records, and whatever profile holds one of them, are kept and not used."""
    rows = [{"record_id": record, "request_id": request_id, "since": now} for record in records]
    if rows:
        connection.execute(insert(restrictions), rows)


def lift(connection: Connection, request_id: str, now: datetime) -> None:
    """Ends the restriction that a request brought about; another request's stays."""
    standing = (restrictions.c.request_id == request_id, restrictions.c.lifted_at.is_(None))
    if not connection.execute(update(restrictions).where(*standing).values(lifted_at=now)).rowcount:
        detail = "Expected a request whose restriction stands, found none such; nothing is to be lifted."
        raise Problem(409, "step-not-possible", detail)
