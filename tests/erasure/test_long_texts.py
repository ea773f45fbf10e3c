"""Texts that anybody may send are read in time of their length: what takes its square would not end here."""

import json
import re

import pytest

from consent.tombstones.contacts import contacts
from consent.tombstones.naming import named_in_raw
from contracts import remembered
from contracts.contacts import readings
from contracts.identifiers import Identifier
from contracts.names import LONGEST, clean, split_full_name
from contracts.settings import Settings
from contracts.sources import load_sources
from erasure.people.redaction import _ADDRESS
from erasure.people.refused import _CONTACT

MANY = 400_000
LONG = {
    "a local part": "a" * MANY + "@",
    "a local part and an address": "a" * MANY + "@ ana@inbox.example",
    "a domain": "@" + "a" * MANY,
    "dots": "a." * (MANY // 2) + "@",
    "signs": "%-+" * (MANY // 3) + "@",
    "ats": "a@" * (MANY // 2),
    "digits": "1" * MANY,
    "digits with strokes": "1-" * (MANY // 2),
    "brackets": "(" * MANY + "1",
    "signs of a query": "+" + "=" * MANY,
    "digits with blanks": "1 " * (MANY // 2),
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_a_long_text_names_whom_it_names(text: str) -> None:
    named = {Identifier("email", "ana@inbox.example")} if "ana@" in text else set()
    assert set(contacts(text, "FR")) == named
    (source, *_) = load_sources(Settings(demo=True)).by_name.values()
    message = {
        "type": "page",
        "anonymousId": "x",
        "properties": {"a": text, text: 1},
        "context": {"page": {"url": text}},
    }
    assert named_in_raw(source, json.dumps(message).encode())[0] & named == named


@pytest.mark.parametrize(
    "text", [*LONG.values(), "1" + " " * MANY + "2", "a, " * MANY], ids=[*LONG, "blanks", "commas"]
)
def test_a_long_cell_is_read_as_contacts_and_as_a_name(text: str) -> None:
    for kind in ("email", "phone", "contact"):
        found, _ = readings(kind, text, "FR")
        assert set(found) <= {Identifier("email", "ana@inbox.example")}
    whole = f"{text} {'x' * LONGEST}"
    assert split_full_name(whole).family == clean(whole)


@pytest.mark.parametrize("pattern", [_ADDRESS, _CONTACT], ids=["redaction", "refused rows"])
@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_a_long_note_is_searched_for_addresses(pattern: re.Pattern[str], text: str) -> None:
    assert any("ana@inbox.example" in found[0] for found in pattern.finditer(text)) == ("ana@" in text)


def test_long_texts_fill_no_memory() -> None:
    long = "a" * remembered.LONGEST + "@inbox.example"
    assert readings("email", long, None) is not readings("email", long, None)
    short = "ana@inbox.example"
    assert readings("email", short, None) is readings("email", short, None)
