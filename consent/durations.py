"""Durations as purposes.yml writes them: a number of years, months or days (ISO 8601)."""

import re
from datetime import datetime, timedelta

from consent.model import Purpose
from contracts.dates import months_later

DURATION = r"^P\d+[YMD]$"
WORDS = {"Y": "year", "M": "month", "D": "day"}


def after(moment: datetime, duration: str) -> datetime:
    """The instant a duration later; a day that a month does not have becomes its last one.

    Results beyond the year 9999 become the last possible instant.
    """
    try:
        return _moved(moment, duration, 1)
    except (OverflowError, ValueError):
        _read(duration)
        return datetime.max.replace(tzinfo=moment.tzinfo)


def before(moment: datetime, duration: str) -> datetime:
    """The instant a duration earlier; a day that a month does not have becomes its last one."""
    return _moved(moment, duration, -1)


def in_words(duration: str) -> str:
    """A duration as people say it: `3 years`."""
    number, unit = _read(duration)
    return f"{number} {WORDS[unit]}{'' if number == 1 else 's'}"


def _moved(moment: datetime, duration: str, way: int) -> datetime:
    number, unit = _read(duration)
    if unit == "D":
        return moment + way * timedelta(days=number)
    return months_later(moment, way * number * (12 if unit == "Y" else 1))


def _read(duration: str) -> tuple[int, str]:
    found = re.fullmatch(r"P(\d+)([YMD])", duration)
    if found is None:
        raise ValueError(f"expected a duration such as P3Y, P18M or P30D, found {duration!r}")
    return int(found[1]), found[2]


def end_of_consent(purpose: Purpose, given_at: datetime, stated: datetime | None) -> datetime | None:
    """When a yes ends: after the purpose's validity, or sooner where it states an end itself; None: never."""
    if purpose.validity is None:
        return stated
    latest = after(given_at, purpose.validity)
    return latest if stated is None else min(latest, stated)
