"""Days as whole numbers since 2016-01-01, in the spellings that the files use."""

from datetime import date, timedelta

from benchmarks.generate.draws import Draws

FIRST = date(2016, 1, 1)
LAST = date(2020, 12, 31)
DAYS = (LAST - FIRST).days + 1  # the simulation covers the days 0 to DAYS - 1

_DATES = [FIRST + timedelta(days=day) for day in range(DAYS)]
ISO = [day.isoformat() for day in _DATES]
FRENCH = [f"{day:%d/%m/%Y}" for day in _DATES]
YEAR = [day.year for day in _DATES]


def instant(draws: Draws, day: int, at: tuple[int, int] = (0, 23)) -> str:
    """A moment of that day between two hours, as ISO 8601 in UTC."""
    return f"{ISO[day]}T{draws.between(*at):02d}:{draws.below(60):02d}:{draws.below(60):02d}Z"


def day_of(when: date) -> int:
    """The number of a calendar day; negative before the simulation begins."""
    return (when - FIRST).days


def some_day_of(draws: Draws, year: int) -> date:
    """Any day of a year."""
    return date(year, 1, 1) + timedelta(days=draws.below(365))
