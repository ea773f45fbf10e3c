"""The same street written in two ways gives the same tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.addresses import _WORDS, split_address_line, street_tokens

lines = st.one_of(st.text(), st.lists(st.sampled_from([*_WORDS, "12", "#", "bis", "Élysées"])).map(" ".join))


@given(lines)
def test_tokens_of_tokens_are_themselves(line: str) -> None:
    assert street_tokens(street_tokens(line)) == street_tokens(line)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 boulevard de la République", "12, BD DE LA REPUBLIQUE"),
        ("3 avenue Foch", "3 Av. Foch"),
        ("32 South Dakota Avenue Northeast", "32 s dakota ave ne"),
        ("400 Tomlinson Drive #5L", "400 tomlinson dr apt 5l"),
        ("8 rue du Faubourg Saint-Martin", "8 rue du fbg st martin"),
    ],
)
def test_two_spellings_of_one_street_are_equal(one: str, other: str) -> None:
    assert street_tokens(one) == street_tokens(other)


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("12 rue des Lilas, 75011 Paris", ("12 rue des Lilas", "75011", "Paris")),
        ("12 rue des Lilas 75011 Saint-Ouen", ("12 rue des Lilas", "75011", "Saint-Ouen")),
        ("12 Main St, Anytown, WA 98101-1234", ("12 Main St", "98101", "Anytown")),
        ("12 Main St, Anytown, 98101", ("12 Main St", "98101", "Anytown")),
        ("13106 wellfleet ave", ("13106 wellfleet ave", None, None)),
        ("", ("", None, None)),
    ],
)
def test_an_address_in_one_line_is_split_where_that_is_clear(
    line: str, parts: tuple[str, str | None, str | None]
) -> None:
    assert split_address_line(line) == parts


@given(lines, st.sampled_from([", 75011 Paris", " 98101-1234 Anytown", ", Anytown, WA 98101", ""]))
def test_the_parts_of_an_address_are_cut_from_the_line(start: str, end: str) -> None:
    street, postcode, city = split_address_line(start + end)
    assert all(part is None or part in start + end for part in (street, postcode, city))
    assert (postcode is None) == (city is None)


@pytest.mark.parametrize("line", ["," * 200_000, "12345" + "," * 200_000 + "1", " " * 200_000 + "x"])
def test_a_row_of_nothing_but_commas_ends(line: str) -> None:
    assert split_address_line(line)[1:] == (None, None)
