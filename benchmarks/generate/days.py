"""Days as whole numbers since 2016-01-01, and how the files write them down: as they are, or so much later."""

from datetime import date, timedelta

from benchmarks.generate.draws import Draws

FIRST = date(2016, 1, 1)
LAST = date(2020, 12, 31)
DAYS = (LAST - FIRST).days + 1  # the simulation covers the days 0 to DAYS - 1


class Calendar:
    """Writes the simulation's days down so that the newest is `last`: birthdays and all that happens move alike."""

    def __init__(self, last: date = LAST) -> None:
        self._later = last - LAST
        dates = [self.moved(FIRST + timedelta(days=day)) for day in range(DAYS)]
        self.iso = [day.isoformat() for day in dates]
        self.french = [f"{day:%d/%m/%Y}" for day in dates]

    def moved(self, day: date) -> date:
        """How a calendar day of the simulation is written."""
        return day + self._later

    def instant(self, draws: Draws, day: int, at: tuple[int, int] = (0, 23)) -> str:
        """A moment of that day between two hours, as ISO 8601 in UTC."""
        return f"{self.iso[day]}T{draws.between(*at):02d}:{draws.below(60):02d}:{draws.below(60):02d}Z"


AS_SIMULATED = Calendar()


def day_of(when: date) -> int:
    """The number of a calendar day; negative before the simulation begins."""
    return (when - FIRST).days


def some_day_of(draws: Draws, year: int) -> date:
    """Any day of a year."""
    return date(year, 1, 1) + timedelta(days=draws.below(365))
