"""Opening hours: by the clocks of the place, through both changes of the clock, and not on holidays."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engagement.handoffs.opening_hours import DAYS, OpeningHours, published_hours

PARIS = ZoneInfo("Europe/Paris")
WEEK = {day: ["09:00-12:00", "14:00-18:00"] for day in DAYS[:5]}
HOURS = OpeningHours.model_validate({"time_zone": "Europe/Paris", "holidays": "FR", "hours": WEEK})


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2024-04-30T10:00", "2024-04-30T10:00"),
        ("2024-04-30T08:59", "2024-04-30T09:00"),
        ("2024-04-30T12:00", "2024-04-30T14:00"),
        ("2024-04-30T18:00", "2024-05-02T09:00"),  # the first of May is a holiday
        ("2024-05-03T18:00", "2024-05-06T09:00"),  # over the weekend
        ("2024-03-29T19:00", "2024-04-02T09:00"),  # Easter, and the clocks go forward
        ("2024-10-25T19:00", "2024-10-28T09:00"),  # the clocks go back
    ],
)
def test_it_opens_by_the_clocks_of_the_place_and_not_on_holidays(at: str, opens: str) -> None:
    assert HOURS.opens(paris(at)) == paris(opens)


@given(
    zone=st.sampled_from(sorted(available_timezones())),
    at=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
)
def test_in_every_zone_it_opens_at_once_or_later_within_hours_and_at_no_earlier_hour(zone: str, at: datetime) -> None:
    hours = OpeningHours.model_validate({"time_zone": zone, "holidays": None, "hours": WEEK})
    opens = hours.opens(at)
    assert opens is not None and opens >= at and hours.opens(opens) == opens
    before = [at + (opens - at) * part / 7 for part in range(7)]
    assert all(hours.opens(one) == opens for one in before)
    assert opens - at <= timedelta(days=4)


def test_who_never_opens_is_not_waited_for_and_midnight_ends_a_day() -> None:
    assert HOURS.model_copy(update={"hours": {}}).opens(paris("2024-04-30T10:00")) is None
    late = HOURS.model_copy(update={"hours": {"tuesday": ["22:00-24:00"]}})
    assert late.opens(paris("2024-04-30T23:59")) == paris("2024-04-30T23:59")
    assert late.opens(paris("2024-05-01T00:00")) == paris("2024-05-07T22:00")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"time_zone": "Paris"}, "expected a time zone"),
        ({"holidays": "France"}, "expected a country"),
        ({"hours": {"monday": ["18:00-09:00"]}}, "monday: expected hours that end after they begin"),
        ({"hours": {"someday": []}}, "someday"),
        ({"hours": {"monday": ["9-18"]}}, "pattern"),
    ],
)
def test_hours_that_cannot_be_are_refused_and_named(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        OpeningHours.model_validate({"time_zone": "Europe/Paris", "holidays": "FR", "hours": WEEK} | wrong)


def test_the_hours_of_this_installation_can_be_read() -> None:
    assert published_hours().opens(paris("2024-05-02T10:00")) == paris("2024-05-02T10:00")
