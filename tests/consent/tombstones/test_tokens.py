"""Which ids are found in any text, and which could be anybody's words."""

import pytest

from consent.tombstones.tokens import token_of, tokens

TELLING = [
    "9250569525106",
    "C79595990",
    "c-79595990",
    "u-183264753",
    "E-7000001",
    "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "01hf8z3k4q7m2w9x",
]
ANYBODYS = [
    *(
        "42",
        "guest",
        "0",
        "u-1",
        "c-70001",
        "windows10",
        "windowsnt10",
        "blackfriday2026",
        "iphone15promax",
        "messageId",
    ),
    *("20261129", "29112026", "20261129101500", "2026-11-29", "2026-11-29t10:15:00", "192.168.100.254"),
    *("120.0.6099.109", "00000000", "1111111111", "two words 1234567", "mobile15e148"),
]


@pytest.mark.parametrize("spelt", TELLING)
def test_a_telling_id_is_found_in_any_text_as_a_whole_token_alone(spelt: str) -> None:
    token = token_of(spelt)
    assert token
    for text in (
        spelt,
        f"carte {spelt.upper()} svp",
        f"({spelt})",
        f"https://x.example/{spelt}?a=1",
        f"id={spelt};",
        f"web:{spelt}",
    ):
        assert token in set(tokens(text)), text
    for text in (f"{spelt}7", f"7{spelt}", f"a{spelt}", f"{spelt}z"):
        assert token not in set(tokens(text)), text


@pytest.mark.parametrize("word", ANYBODYS)
def test_what_anybody_may_write_is_no_telling_id(word: str) -> None:
    assert token_of(word) is None


@pytest.mark.parametrize(
    "spelt",
    ["9250 5695 2510 6", "9250-5695-2510-6", "carte 9250 5695 25106.", "９２５０５６９５２５１０６", "%39250569525106"],
)
def test_a_number_is_found_in_groups_and_other_digits_too(spelt: str) -> None:
    assert "9250569525106" in set(tokens(spelt))
