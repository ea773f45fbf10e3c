"""An instant of a request, in UTC."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime


def _in_utc(given: datetime) -> datetime:
    try:
        return given.astimezone(UTC)
    except OverflowError:
        raise ValueError("expected an instant between the years 1 and 9999 in UTC, found one beyond") from None


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""With a time zone, as it is sent; what UTC has no date for is a 422."""
