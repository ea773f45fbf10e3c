"""Dates are read by explicit formats only."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.dates import is_ahead, parse_date, parse_instant, typed_date

FORMATS = ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%m%d%Y", "%d.%m.%Y", "iso"]
four_digit_years = st.dates(min_value=date(1000, 1, 1))


@given(four_digit_years, st.sampled_from(FORMATS))
def test_a_date_is_read_back_in_the_format_it_was_written_in(day: date, fmt: str) -> None:
    written = day.isoformat() if fmt == "iso" else day.strftime(fmt)
    assert parse_date(f" {written} ", fmt) == day
    assert typed_date(written, fmt) == day.isoformat()


zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=zones))
def test_an_instant_is_the_same_in_every_zone(moment: datetime) -> None:
    assert parse_instant(moment.isoformat(), "iso") == moment
    assert parse_instant(moment.isoformat(), "iso").tzinfo is UTC


@given(st.dates(), zones)
def test_a_birthday_stays_that_day_whatever_the_zone_beside_it(day: date, zone: timezone) -> None:
    assert parse_date(datetime(day.year, day.month, day.day, tzinfo=zone).isoformat(), "iso") == day


def test_a_time_without_a_zone_is_utc() -> None:
    assert parse_instant("2020-05-29 11:31", "iso") == datetime(2020, 5, 29, 11, 31, tzinfo=UTC)


def test_milliseconds_since_the_epoch_are_an_instant() -> None:
    assert parse_instant("1590751865000", "epoch_ms") == datetime(2020, 5, 29, 11, 31, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "fmt"),
    [
        ("31/02/1980", "%d/%m/%Y"),
        ("12/31/1980", "%d/%m/%Y"),
        ("1980", "iso"),
        ("soon", "iso"),
        ("", "iso"),
        ("1e9", "epoch_ms"),
        ("9" * 30, "epoch_ms"),
        ("9" * 5000, "epoch_ms"),
    ],
)
def test_another_format_is_refused_without_repeating_the_value(text: str, fmt: str) -> None:
    with pytest.raises(ValueError, match="expected a date of the format") as refused:
        parse_instant(text, fmt)
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize("text", ["0001-01-01T00:00+05:00", "9999-12-31T23:59-05:00"])
def test_an_instant_beyond_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="between the years 1 and 9999"):
        parse_instant(text, "iso")


def test_misread_digits_of_a_date_are_kept_as_typed() -> None:
    assert typed_date("1968-|0-05", "iso") == "1968-|0-05"
    assert typed_date(" 12O42018 ", "%m%d%Y") == "2018-12-O4"


@pytest.mark.parametrize(
    ("text", "fmt"), [("1968-10", "iso"), ("1968-10-05", "%Y-%m"), ("1968-10-05 08:00", "iso"), ("x", "iso")]
)
def test_a_date_of_another_shape_was_not_typed_as_one(text: str, fmt: str) -> None:
    assert typed_date(text, fmt) is None


def test_the_first_instants_of_all_are_not_ahead() -> None:
    assert not is_ahead(datetime.min.replace(tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
