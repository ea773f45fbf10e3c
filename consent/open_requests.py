"""Privacy requests that wait for an answer, and how many are overdue."""

from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

from consent.requests import RequestState
from stores.schema import privacy_requests

OPEN = privacy_requests.c.state.not_in([state.value for state in RequestState if not state.open])


def overdue_requests(connection: Connection, now: datetime) -> int:
    """How many requests are overdue; for the metric of that name."""
    late = select(func.count()).where(OPEN, privacy_requests.c.due_on < now.astimezone(UTC).date())
    return int(connection.execute(late.select_from(privacy_requests)).scalar_one())
