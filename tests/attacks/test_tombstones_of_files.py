"""Attacks on "Erasure": an erased person is said in every column of a file, and nobody else is taken for her."""

import json

import pytest

from consent.tombstones.digests import Tombstones, tombstones_of
from tests.attacks.erased_eve import CRM, EVE, HER_RECORDS, MAILS, PHONES

BOB = {"id": "C-1", "given": "Bob", "born": "01/02/1980", "mail": "bob@inbox.example"}


@pytest.fixture(scope="module")
def known() -> Tombstones:
    return Tombstones(b"key", frozenset(tombstones_of(b"key", EVE, HER_RECORDS)))


@pytest.mark.parametrize(
    "said",
    [
        *[{"mail": one} for one in MAILS],
        *[{"tel": one} for one in PHONES],
        *[{"reach": one} for one in (MAILS[1], PHONES[2])],
        *[{name: MAILS[0]} for name in ("card", "login", "tax", "tel")],
        {"login": PHONES[1]},
        {"id": "c-70001"},
        {"id": " C-70001 "},
        {"card": "LC-70002"},
        {"login": " u-eve-7 "},
        {"tax": "2 81 03 75 123 456 78"},
        {"tel": PHONES[2], "born": "no date"},
        {"mail": MAILS[1], "id": ""},
    ],
    ids=json.dumps,
)
def test_every_column_of_a_file_that_identifies_says_who_was_erased(known: Tombstones, said: dict[str, str]) -> None:
    assert known.cover_row(CRM, BOB | said)


def test_a_row_that_says_of_nobody_else_is_hers_by_any_of_its_texts(known: Tombstones) -> None:
    nobody = {"id": "", "given": "Eve", "mail": "", "note": "reach her at 06 12 34 50 98"}
    assert known.cover_row(CRM, nobody)
    assert known.cover_row(CRM, nobody | {"note": "", "a column of no contract": MAILS[3]})
    assert known.cover_row(CRM, None, f'C-2,"Eve,{MAILS[1]}'.encode())
    assert known.cover_row(CRM, None, b"C-70001,Eve")


def test_nobody_else_is_kept_out(known: Tombstones) -> None:
    assert not known.cover_row(CRM, BOB)
    assert not known.cover_row(CRM, BOB | {"note": f"his wife is {MAILS[0]}"}), "she is named, and it is his row"
    assert not known.cover_row(CRM, BOB | {"card": "C-70001"}), "a card of her customer number is another's card"
    assert not known.cover_row(CRM, BOB | {"login": "U-Eve-7"}), "user ids are exact: another case is another person"
    assert not known.cover_row(CRM.model_copy(update={"region": "DE"}), BOB | {"tel": PHONES[2]})
    assert not known.cover_row(CRM, None, b"C-7000,612345,281037")


def test_a_device_says_whose_a_row_is_where_nothing_else_does(known: Tombstones) -> None:
    assert not known.cover_row(CRM, BOB | {"device": "her-browser-1"}), "he uses her tablet"
    assert not known.cover_row(CRM, {"id": "C-1", "device": "her-browser-1"})
    assert not known.cover_row(CRM, {"mail": BOB["mail"], "device": "her-browser-1"})
    assert known.cover_row(CRM, {"id": "", "device": "her-browser-1"})
    assert known.cover_row(CRM, {"id": "C-70001", "device": "his-browser-1"})
