import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.spoken.dates import PartialDate, spoken_dates
from contracts.spoken.numbers import in_digits
from contracts.spoken.spelling import spelt, spoken_digits, spoken_email, spoken_number


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("zero six twelve thirty-four fifty six", "0 6 12 34 56"),
        ("zéro six soixante douze quatre-vingt-dix-neuf", "0 6 72 99"),
        ("nineteen eighty-four", "19 84"),
        ("mille neuf cent quatre-vingt-quatre", "1984"),
        ("two thousand and four", "2004"),
        ("vingt et un", "21"),
        ("the twenty first of June", "the 21 of june"),
        ("12 rue", "12 rue"),
        ("seventy five thousand eleven", "75011"),
        ("dix-neuf cent deux", "1902"),
    ],
)
def test_number_words_become_digits(said: str, digits: str) -> None:
    assert in_digits(said) == digits


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("D as in David, U, R, A, N, D", "Durand"),
        ("D comme David U R A N D", "Durand"),
        ("B as in David, U, R, A, N, D", "Durand"),
        ("D-U-R-A-N-D", "Durand"),
        ("Durand: D, U, R, A, N, D", "Durand"),
        ("Delta Uniform Romeo Alfa November Delta", "Durand"),
        ("L E double F E B V R E", "Leffebvre"),
        ("M A deux L E T", "Mallet"),
        ("W I L double v", "Wilw"),
        ("L E tiret G A L L", "Le-Gall"),
        ("L, é accent aigu, A", "Lea"),
        ("Durand", None),
        ("Jean Luc", None),
        ("J, R", None),
        ("Anne as in Marie", None),
    ],
)
def test_spelt_names_become_words(said: str, word: str | None) -> None:
    assert spelt(said) == word


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("1984-03-12", [PartialDate(1984, 3, 12)]),
        ("12 March 1984", [PartialDate(1984, 3, 12)]),
        ("March 12th, 1984", [PartialDate(1984, 3, 12)]),
        ("the twelfth of March nineteen eighty-four", [PartialDate(1984, 3, 12)]),
        ("le douze mars quatre-vingt-quatre", [PartialDate(1984, 3, 12)]),
        ("12/03/1984", [PartialDate(1984, 3, 12), PartialDate(1984, 12, 3)]),
        ("12031984", [PartialDate(1984, 3, 12), PartialDate(1984, 12, 3)]),
        ("25/03/84", [PartialDate(1984, 3, 25)]),
        ("mars 1984", [PartialDate(1984, 3)]),
        ("1er juin", [PartialDate(None, 6, 1)]),
        ("juillet", [PartialDate(None, 7)]),
        ("25 mars", [PartialDate(None, 3, 25), PartialDate(1925, 3), PartialDate(2025, 3)]),
        ("nineteen eighty-four", [PartialDate(1984)]),
        ("nineteen oh four", []),
        ("March twenty oh four", [PartialDate(2004, 3)]),
        ("31/02/1984", []),
        ("tomorrow", []),
        ("9999-99-99", []),
    ],
)
def test_birth_dates_are_understood_whole_or_in_part(said: str, meant: list[PartialDate]) -> None:
    assert spoken_dates(said, 2026) == meant


def test_a_date_in_american_order_is_the_likelier_one_where_the_caller_is_american() -> None:
    assert spoken_dates("03/12/1984", 2026, day_first=False)[0] == PartialDate(1984, 3, 12)


def test_a_partial_date_may_be_many_days() -> None:
    assert len(PartialDate(1984, 2).days(2026)) == 29
    assert PartialDate(None, 2, 29).days(2026)[0] == "1916-02-29"
    assert PartialDate(1984).days(2026) == []


def test_addresses_and_numbers_are_said_with_their_signs() -> None:
    assert spoken_email("ana dot durand at inbox dot example") == "ana.durand@inbox.example"
    assert spoken_email("Ana tiret durand arobase inbox point example") == "ana-durand@inbox.example"
    assert spoken_email("ana.durand@inbox.example") == "ana.durand@inbox.example"
    assert "l-204816" in spoken_number("L, two zero four eight one six")
    assert spoken_digits("zero one seventy zero zero zero zero zero zero") == "0170000000"


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_anything_may_be_said_without_harm(said: str) -> None:
    for understood in (in_digits, spelt, spoken_email, spoken_number):
        understood(said)
    for meant in spoken_dates(said, 2026):
        meant.days(2026)
