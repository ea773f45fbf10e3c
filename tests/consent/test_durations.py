"""Years, months and days, by the calendar."""

from datetime import UTC, datetime

import pytest

from consent.durations import after


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        ("P3Y", "2027-02-28"),
        ("P18M", "2025-08-29"),
        ("P1M", "2024-03-29"),
        ("P10M", "2024-12-29"),
        ("P1D", "2024-03-01"),
    ],
)
def test_a_duration_after_the_29th_of_february(duration: str, expected: str) -> None:
    assert after(datetime(2024, 2, 29, tzinfo=UTC), duration).date().isoformat() == expected


def test_what_is_no_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="P3Y, P18M or P30D, found '3 years'"):
        after(datetime(2024, 2, 29, tzinfo=UTC), "3 years")
