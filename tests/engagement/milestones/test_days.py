"""A day begins once in every zone that there is, also where clocks change, and 29 February has a day in other years."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.milestones.days import anniversary, begins, zone_named

ZONES = sorted(available_timezones())
A_MOMENT, A_DAY = timedelta(microseconds=1), timedelta(days=1)


def changes(zone: ZoneInfo, year: int) -> Iterator[date]:
    """The days of a year on which the zone's clocks change, in its own calendar."""
    noon = datetime(year, 1, 1, 12, tzinfo=UTC)
    for number in range(366):
        at = noon + number * A_DAY
        if at.astimezone(zone).utcoffset() != (at + A_DAY).astimezone(zone).utcoffset():
            yield from {at.astimezone(zone).date(), (at + A_DAY).astimezone(zone).date()}


def begins_once(day: date, zone: ZoneInfo) -> None:
    at = begins(day, zone)
    assert at.utcoffset() == timedelta(0)
    assert (at - A_MOMENT).astimezone(zone).date() < day, f"{zone.key} {day}: it began earlier"
    first = at.astimezone(zone).date()
    exists = (at + timedelta(hours=12)).astimezone(zone).date() == day
    assert first == day or (not exists and first == day + A_DAY), f"{zone.key} {day}: it begins later"


def test_every_day_begins_once_in_every_zone_around_both_clock_changes_of_a_year() -> None:
    tried = 0
    for name in ZONES:
        zone = ZoneInfo(name)
        for day in [date(2024, 1, 1), date(2024, 2, 29), date(2024, 12, 31), *changes(zone, 2024)]:
            for one in (day - A_DAY, day, day + A_DAY):
                begins_once(one, zone)
                tried += 1
    assert tried > 3 * 3 * len(ZONES), "some zones change their clocks"


@pytest.mark.parametrize(
    ("zone", "day", "at"),
    [
        # clocks skip midnight: the day begins at one
        ("Africa/Cairo", date(2024, 4, 26), datetime(2024, 4, 25, 22, tzinfo=UTC)),
        ("America/Asuncion", date(2023, 10, 1), datetime(2023, 10, 1, 4, tzinfo=UTC)),
        # clocks repeat midnight: it begins with the first
        ("America/Havana", date(2024, 11, 3), datetime(2024, 11, 3, 4, tzinfo=UTC)),
        # clocks are put back over midnight, a minute into the day
        ("America/St_Johns", date(2010, 11, 7), datetime(2010, 11, 7, 2, 30, tzinfo=UTC)),
        # the whole day is skipped: it is told on the next
        ("Pacific/Apia", date(2011, 12, 30), datetime(2011, 12, 30, 10, tzinfo=UTC)),
        # three quarters of an hour, and half an hour of daylight saving
        ("Asia/Kathmandu", date(2024, 6, 1), datetime(2024, 5, 31, 18, 15, tzinfo=UTC)),
        ("Australia/Lord_Howe", date(2024, 4, 7), datetime(2024, 4, 6, 13, tzinfo=UTC)),
        ("Pacific/Kiritimati", date(2024, 1, 1), datetime(2023, 12, 31, 10, tzinfo=UTC)),
    ],
)
def test_a_day_begins_when_the_zones_clocks_say_so(zone: str, day: date, at: datetime) -> None:
    assert begins(day, ZoneInfo(zone)) == at


@given(st.sampled_from(ZONES), st.dates(date(1975, 1, 1), date(2100, 1, 1)))
def test_days_begin_one_after_the_other(name: str, day: date) -> None:
    zone = ZoneInfo(name)
    assert begins(day, zone) <= begins(day + A_DAY, zone)
    assert begins(day - A_DAY, zone) < begins(day + A_DAY, zone)
    begins_once(day, zone)


@pytest.mark.parametrize(
    ("start", "years", "february_28", "march_1"),
    [
        (date(2020, 2, 29), 1, date(2021, 2, 28), date(2021, 3, 1)),
        (date(2020, 2, 29), 4, date(2024, 2, 29), date(2024, 2, 29)),
        (date(2000, 2, 29), 100, date(2100, 2, 28), date(2100, 3, 1)),
        (date(2020, 2, 28), 1, date(2021, 2, 28), date(2021, 2, 28)),
        (date(2019, 2, 28), 1, date(2020, 2, 28), date(2020, 2, 28)),
        (date(2019, 3, 1), 1, date(2020, 3, 1), date(2020, 3, 1)),
        (date(2020, 12, 31), 5, date(2025, 12, 31), date(2025, 12, 31)),
    ],
)
def test_29_february_is_the_day_in_other_years_that_the_rules_say(
    start: date, years: int, february_28: date, march_1: date
) -> None:
    assert anniversary(start, years, "february_28") == february_28
    assert anniversary(start, years, "march_1") == march_1


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(1, 120))
def test_an_anniversary_is_the_same_day_of_the_year_but_for_29_february(start: date, years: int) -> None:
    for rule in ("february_28", "march_1"):
        day = anniversary(start, years, rule)
        assert day.year == start.year + years
        assert (day.month, day.day) == (start.month, start.day) or (start.month, start.day) == (2, 29)


@pytest.mark.parametrize("name", [None, "", "Paris", "CEST", "../UTC", "Europe", "Europe/Paris\x00", "europe/paris"])
def test_what_names_no_zone_is_none(name: str | None) -> None:
    assert zone_named(name) is None


def test_every_zone_that_there_is_has_a_name() -> None:
    assert all((zone := zone_named(name)) and zone.key == name for name in ZONES)
