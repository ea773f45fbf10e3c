"""Addresses and numbers are found in a text whatever is written around them, and nobody else's are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.tombstones.contacts import contacts
from consent.tombstones.naming import forms, named_in
from contracts.contacts import readings
from contracts.identifiers import Identifier, normalise

MAIL, PHONE = "aurelie511@boite.example", "+33639982533"


def named(text: str, region: str | None = "FR") -> set[tuple[str, str]]:
    return {(one.kind, one.value) for one in contacts(text, region)}


@pytest.mark.parametrize(
    "spelt",
    [
        *(f"write to {MAIL}{mark}" for mark in (".", "!", "…", "**", "`", "_", "#", "-merci", "?", ");", ".\n", "...")),
        *(f"{mark}{MAIL}{mark} please" for mark in ("**", "`", "_", "~~", "<", "'", '"', "«", "#")),
        "aurelie511＠boite.example",
        "AURELIE511@Boite.Example",
        "aurelie511%40boite.example",
        "aurelie511%2540boite.example",
        "q=https%3A%2F%2Fx.example%2F%3Fmail%3Daurelie511%2540boite.example",
        "aurelie511&#64;boite.example",
        "aurelie511&commat;boite.example",
        "aurelie511\\u0040boite.example",
        "aure\u200blie511@boite.example",
        "mailto:aurelie511@boite.example",
    ],
)
def test_an_address_is_found(spelt: str) -> None:
    assert ("email", MAIL) in named(spelt)


@pytest.mark.parametrize("region", ["FR", None])
@pytest.mark.parametrize(
    "spelt",
    [
        "0639982533",
        "0639982533 0600000000",
        "0600000000 / 0639982533",
        "0639982533\t0600000000",
        "06,39,98,25,33",
        "06_39_98_25_33",
        "06.39.98.25.33",
        "0033639982533",
        "+33 (0)6 39 98 25 33",
        "+33639982533",
        "٠٦٣٩٩٨٢٥٣٣",
        "n°0639982533, merci",
        "0639982533 12/05/2024",
        "2024-05-01 06 39 98 25 33",
        "06 39 98 25 33 (01 99 00 01 23)",
        "https://x.example/?tel=06+39+98+25+33",
    ],
)
def test_a_number_is_found(spelt: str, region: str | None) -> None:
    found = named(spelt, region)
    assert {(one.kind, one.value) for one in forms(Identifier("phone", PHONE))} & found, found


@pytest.mark.parametrize("spelt", ["1 0639982533", "tel0639982533", "0639982533x"])
def test_a_number_beside_something_else_is_found_where_the_country_is_known(spelt: str) -> None:
    assert ("phone", PHONE) in named(spelt)


@pytest.mark.parametrize("spelt", ["+34 639 982 533", "00063998253300", "2026-06-39 98:25:33", "0639982534", "639.98"])
def test_somebody_elses_number_is_not(spelt: str) -> None:
    assert ("phone", PHONE) not in named(spelt)
    assert not {(one.kind, one.value) for one in forms(Identifier("phone", PHONE))} & named(spelt)


marks = st.text(st.sampled_from(" .,;:/|<>()'\"\\[]-_*\n\t"), max_size=4)
spelt_contacts = st.sampled_from(
    [MAIL, "Aurelie511@BOITE.example.", "0639982533", "06 39 98 25 33", PHONE, "<a@b.example>"]
)


@given(st.lists(st.tuples(marks, spelt_contacts), min_size=1, max_size=3), marks, st.sampled_from(["email", "phone"]))
def test_whatever_a_channel_reads_as_a_contact_is_found_in_the_same_field(
    said: list[tuple[str, str]], end: str, kind: str
) -> None:
    text = "".join(mark + one for mark, one in said) + end
    assert set(readings(kind, text, "FR")[0]) <= named_in({kind: text}, "FR")


def test_a_user_id_of_digits_alone_is_found_nowhere_but_as_a_user_id() -> None:
    """It may be somebody else's card or number: users choose their ids on some sites."""
    card = normalise("loyalty_card", "9250103464465")
    for chosen in ("9250103464465", "0639985114", "925-0103-464465"):
        buried = forms(Identifier("user_id", chosen))
        assert buried == {Identifier("user_id", chosen)}
    assert len(forms(card)) == 2
    assert len(forms(Identifier("user_id", "u-183264753"))) == 2
