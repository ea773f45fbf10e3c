"""Days of the calendar in a time zone: when one begins, and when it comes again."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from contracts.dates import months_later


@lru_cache
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_named(name: str | None) -> ZoneInfo | None:
    """The zone of an IANA name; None for any other text, since a customer's is what a source wrote."""
    return ZoneInfo(name) if name in _known_zones() else None


def begins(day: date, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, from which it is this day in the zone.

    Where clocks skip midnight, or the whole day, that is the first instant after it; where they repeat it, the first of
    the two. It is one instant, so a day that has begun does not end again when clocks are put back over midnight.
    """
    return datetime.combine(day, time(), zone).astimezone(UTC)


def anniversary(start: date, years: int, leap_day: Literal["february_28", "march_1"]) -> date:
    """The day so many years later; 29 February is another day in other years."""
    day = months_later(start, 12 * years)
    return day + timedelta(days=1) if day.day < start.day and leap_day == "march_1" else day
