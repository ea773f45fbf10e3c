"""When advisors are at work, so that nobody waits for somebody who comes tomorrow."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

import yaml
from holidays import HolidayBase, country_holidays, list_supported_countries
from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator

PUBLISHED = Path(__file__).parent / "opening_hours.yml"
LOOKED_AHEAD = 30
"""Days; who opens later than that is taken to be closed for good."""

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Day, ...] = get_args(Day)
Spell = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$")]


class OpeningHours(BaseModel):
    """Hours by the day of the week, in a time zone; closed on the holidays of a country."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    time_zone: str
    holidays: str | None
    hours: dict[Day, list[Spell]]

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, given: str) -> str:
        if given not in available_timezones():
            raise ValueError("expected a time zone of the IANA database, such as Europe/Paris, found another")
        return given

    @field_validator("holidays")
    @classmethod
    def _known_country(cls, given: str | None) -> str | None:
        if given is not None and given not in list_supported_countries():
            raise ValueError("expected a country by its ISO 3166 code, such as FR, found another")
        return given

    @field_validator("hours")
    @classmethod
    def _forward(cls, given: dict[Day, list[str]]) -> dict[Day, list[str]]:
        for day, spells in given.items():
            for spell in spells:
                begin, _, end = spell.partition("-")
                if begin >= end:
                    raise ValueError(f"{day}: expected hours that end after they begin, found {spell}")
        return given

    def opens(self, at: datetime) -> datetime | None:
        """The instant from which somebody is at work: `at` itself within hours, None if it is not foreseen."""
        zone = ZoneInfo(self.time_zone)
        first = at.astimezone(zone).date()
        for number in range(LOOKED_AHEAD + 1):
            for begin, end in self._spells(first + timedelta(days=number), zone):
                if at < end:
                    return max(at, begin)
        return None

    def _spells(self, day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
        """The hours of a day as instants, earliest first."""
        if self._closed is not None and day in self._closed:
            return []
        found = []
        for spell in self.hours.get(DAYS[day.weekday()], []):
            begin, _, end = spell.partition("-")
            last = day + timedelta(days=1) if end == "24:00" else day
            found.append((_instant(day, begin, zone), _instant(last, "00:00" if end == "24:00" else end, zone)))
        return sorted(found)

    @cached_property
    def _closed(self) -> HolidayBase | None:
        return country_holidays(self.holidays) if self.holidays else None


@lru_cache
def published_hours() -> OpeningHours:
    """The hours of this installation."""
    return OpeningHours.model_validate(yaml.safe_load(PUBLISHED.read_text(encoding="utf-8")))


def _instant(day: date, clock: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)
