"""The start of a timeline page, as text that names no event."""

import base64
import json
from datetime import UTC, datetime

from profile_api.responses.errors import Problem

PageStart = tuple[datetime, int]
"""An instant, and how many events of that instant were already given."""


def cursor_of(given: list[datetime], start: PageStart | None) -> str:
    """The cursor after a page whose events occurred at these times, and which itself began at `start`."""
    last = given[-1]
    count = given.count(last)
    if start and start[0] == last:
        count += start[1]
    text = json.dumps([last.astimezone(UTC).isoformat(), count])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position_of(cursor: str) -> PageStart:
    """The position of a cursor; a 400 if the text is not one."""
    try:
        instant, count = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(instant)
        if moment.tzinfo is None or type(count) is not int or not 0 <= count < 1_000_000:
            raise ValueError("not a position")
        return moment.astimezone(UTC), count
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Problem(400, "invalid-cursor", "Expected a cursor from `next_cursor`, found something else.") from error
