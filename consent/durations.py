"""Durations as purposes.yml writes them: a number of years, months or days (ISO 8601)."""

import calendar
import re
from datetime import datetime, timedelta

DURATION = r"^P\d+[YMD]$"


def after(moment: datetime, duration: str) -> datetime:
    """The instant that lies a duration later; a day that a month does not have is its last one."""
    found = re.fullmatch(r"P(\d+)([YMD])", duration)
    if found is None:
        raise ValueError(f"expected a duration such as P3Y, P18M or P30D, found {duration!r}")
    number, unit = int(found[1]), found[2]
    if unit == "D":
        return moment + timedelta(days=number)
    months = moment.year * 12 + moment.month - 1 + number * (12 if unit == "Y" else 1)
    year, month = divmod(months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, calendar.monthrange(year, month + 1)[1]))
