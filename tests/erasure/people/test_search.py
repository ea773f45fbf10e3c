"""The scanner finds a value in every form, at every place, and nothing that is not there."""

import base64
import hashlib
import json
import random
from urllib.parse import quote

import pytest

from erasure.people.search import Search

EMAIL, NAME = "Zoé.Martin+1@inbox.example", "12 rue des Églantiers"
NOISE = random.Random(3).randbytes(100_000)


@pytest.mark.parametrize("value", [EMAIL, NAME])
@pytest.mark.parametrize("offset", range(3))
def test_every_form_is_found_wherever_it_lies(value: str, offset: int) -> None:
    search = Search([value, "somebody.else@inbox.example"])
    filler = b"\xfe" * offset
    for hidden in (
        value.encode(),
        value.lower().encode(),
        value.upper().encode(),
        value.encode("utf-16-le"),
        value.encode("utf-16-be"),
        json.dumps({"said": value}).encode(),
        quote(value).encode(),
        quote(value, safe="").lower().encode(),
        base64.b64encode(b"x" * offset + value.encode() + b"yy"),
        base64.urlsafe_b64encode(b"x" * offset + value.lower().encode() + b"y"),
        hashlib.sha256(value.encode()).hexdigest().encode(),
        hashlib.sha256(value.lower().encode()).digest(),
    ):
        assert list(search.hits(NOISE + filler + b" " + hidden + b" " + NOISE)), hidden
        assert list(search.hits(filler + b"\x00" + hidden)), hidden


def test_what_is_not_there_is_not_found() -> None:
    assert not list(Search([EMAIL, NAME]).hits(NOISE))
    assert not list(Search([]).hits(NOISE))
    assert not list(Search([EMAIL]).hits(b"Zoe"))


def test_a_value_inside_a_longer_one_is_another_value() -> None:
    search = Search(["crm:12345", "durand@inbox.example"])
    inside = list(search.hits(b'"crm:123456" and mariedurand@inbox.example'))
    assert inside == [("crm:12345", False), ("durand@inbox.example", False)]
    assert list(search.hits(b'"crm:12345" and')) == [("crm:12345", True)]
    assert list(search.hits(b"<durand@inbox.example>")) == [("durand@inbox.example", True)]


def test_of_values_that_differ_in_case_alone_each_is_found() -> None:
    both = ["39 QUAI DE SEINE", "39 Quai de Seine"]
    found = list(Search(both).hits(b"39 quai de seine"))
    assert sorted(found) == [(value, True) for value in both]
    assert list(Search(both).hits(b"|39 Quai de Seine|")) == [("39 Quai de Seine", True)]
