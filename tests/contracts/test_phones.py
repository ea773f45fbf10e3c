"""Telephone numbers: one line is one number, whenever and wherever it was written, and nobody else's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.phones import UnreadablePhone, normal_phone


@pytest.mark.parametrize(
    ("raw", "region"), [("555-0134", "US"), ("496 0958", "GB"), ("12-34-56", "DE"), ("3949", "FR")]
)
def test_a_number_that_is_only_local_is_none(raw: str, region: str) -> None:
    with pytest.raises(UnreadablePhone, match="expected"):
        normal_phone(raw, region)


@pytest.mark.parametrize("written", ["206-555-0100 x123", "(206) 555-0100 ext. 123", "+1 206 555 0100;ext=123"])
def test_an_extension_is_part_of_the_number(written: str) -> None:
    assert normal_phone(written, "US") == "+12065550100;ext=123"
    assert normal_phone("206-555-0100 x124", "US") != normal_phone(written, "US") != normal_phone("206-555-0100", "US")


@pytest.mark.parametrize(
    ("one", "other", "region"),
    [
        ("0692 12 34 56", "+262 692 12 34 56", "FR"),  # Réunion, dialled as in mainland France
        ("0262 12 34 56", "+262 262 12 34 56", "FR"),
        ("0639 69 34 56", "+262 639 69 34 56", "FR"),  # Mayotte
        ("0690 00 12 34", "+590 690 00 12 34", "FR"),
        ("0694 20 12 34", "+594 694 20 12 34", "FR"),
        ("0696 20 12 34", "+596 696 20 12 34", "FR"),
        ("+33 692 12 34 56", "+262 692 12 34 56", None),
        ("+54 9 11 2345-6789", "+54 11 2345-6789", None),
        ("011 15-2345-6789", "+54 9 11 2345-6789", "AR"),
        ("+55 11 8765-4321", "+55 11 98765-4321", None),
        ("+52 1 55 1234 5678", "+52 55 1234 5678", None),
        ("+225 07 12 34 56", "+225 07 07 12 34 56", None),
        ("+225 45 12 34 56", "+225 05 45 12 34 56", None),
        ("+225 02 12 34 56", "+225 01 02 12 34 56", None),
        ("+225 22 41 23 45", "+225 27 22 41 23 45", None),
        ("+229 97 12 34 56", "+229 01 97 12 34 56", None),
    ],
)
def test_a_number_of_an_earlier_plan_is_todays(one: str, other: str, region: str | None) -> None:
    assert normal_phone(one, region) == normal_phone(other, None)


def test_a_number_of_mainland_france_stays_there() -> None:
    assert normal_phone("06 39 98 00 01", "FR") == "+33639980001"
    assert normal_phone("06 98 76 54 32", "FR") == "+33698765432"
    assert normal_phone("01 70 00 00 00", "FR") == "+33170000000"


@pytest.mark.parametrize("landline", ["+55 11 3765-4321", "+52 55 1234 5678", "+225 07 07 12 34 56"])
def test_what_the_plan_did_not_change_stays_as_it_is(landline: str) -> None:
    assert normal_phone(landline, None) == landline.replace(" ", "").replace("-", "")


@given(st.text("+0123456789 -x/", max_size=20), st.sampled_from([None, "FR", "US", "AR", "BR", "MX", "CI", "BJ"]))
def test_the_normal_form_of_a_normal_form_is_itself(raw: str, region: str | None) -> None:
    try:
        once = normal_phone(raw, region)
    except UnreadablePhone:
        return
    assert normal_phone(once, None) == once == normal_phone(once, region)


def test_a_number_whose_zero_a_spreadsheet_took_is_read_though_nobody_has_it() -> None:
    # The ranges that the French regulator keeps for films are no numbers of the plan.
    assert normal_phone("639980001", "FR") == normal_phone("06 39 98 00 01", "FR") == "+33639980001"
    with pytest.raises(UnreadablePhone, match="only local"):
        normal_phone("496 0958", "GB")
