"""How values look to a reader."""

from typing import Any

import pytest

from profile_api.console.words import dated, day, label, shown


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (None, "–"),
        (True, "Yes"),
        (False, "No"),
        (0, "0"),
        (1234.5, "1,234.50"),
        ("web", "Web"),
        ("call_centre", "Call centre"),
        ("2021-02-09", "9 Feb 2021"),
        ("1970-05-06", "6 May 1970"),
        ("2021-02-09T10:00:00.000Z", "9 Feb 2021"),
        ('{"chat": 0.25, "web": 0.75}', "Web 75% · Chat 25%"),
        ('{"torn', '{"torn'),
        ("12 months", "12 months"),
    ],
)
def test_a_feature_is_shown_as_a_reader_would_write_it(value: Any, seen: str) -> None:
    assert shown(value) == seen


def test_a_name_becomes_a_label() -> None:
    assert [label(name) for name in ("given_name", "orders_30d", "device_id")] == [
        "Given name",
        "Orders (30 days)",
        "Device ID",
    ]


def test_only_whole_dates_are_rewritten() -> None:
    assert (dated("1984-12-01"), dated("1984-12"), dated("12 rue X"), day(None)) == (
        "1 Dec 1984",
        "1984-12",
        "12 rue X",
        "–",
    )


def test_a_text_that_only_looks_like_a_date_stays_as_it_is() -> None:
    assert dated("2020-99-99") == shown("2020-99-99") == "2020-99-99"
