"""However a name is written where it lies, it folds to one text."""

import json
import unicodedata
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erasure.people.folding import fold_bytes, folded, spellings
from erasure.people.search import Search
from erasure.people.search_patterns import folded_forms

NAME = "Zoé Fontloup"
WRITTEN = {
    "as it is": NAME,
    "upper case": NAME.upper(),
    "decomposed": unicodedata.normalize("NFD", NAME),
    "without accents": "zoe fontloup",
    "JSON": json.dumps({"said": NAME}),
    "JSON in JSON": json.dumps(json.dumps({"said": NAME})),
    "JSON with a line break before it": json.dumps("said\n" + NAME),
    "HTML entities": "zo&eacute; fontloup",
    "HTML numbers": "Zo&#233; Fontloup",
    "full width": "Ｚｏｅ Ｆｏｎｔｌｏｕｐ",
    "mathematical": "𝐙𝐨𝐞 𝐅𝐨𝐧𝐭𝐥𝐨𝐮𝐩",
    "Cyrillic": "Зое Фонтлоуп",
    "a hyphen": "Zoé-Fontloup",
    "a soft hyphen": "Zoé Font\u00adloup",
    "a dash": "Zoé–Fontloup",
    "a possessive": "Zoé Fontloup's",
    "a zero-width blank": "Zoé Font\u200bloup",
    "right to left marks": "\u202bZoé Fontloup\u202c",
}


@pytest.mark.parametrize("how", WRITTEN)
def test_every_way_of_writing_is_found(how: str) -> None:
    said = fold_bytes(f"x {WRITTEN[how]} y".encode())
    assert [clear for _, clear in Search([NAME], folded_forms).hits(said)] == [True], said


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16-le", "utf-16-be"])
def test_so_is_every_encoding_of_a_refused_row(encoding: str) -> None:
    said = fold_bytes(f"1;{NAME};".encode(encoding))
    assert [clear for _, clear in Search([NAME], folded_forms).hits(said)] == [True], said


def test_an_apostrophe_parts_words_or_stands_inside_one() -> None:
    assert spellings("O'Fontloup") == {"o fontloup", "ofontloup"}
    for said in ("O'FONTLOUP", "Ofontloup", "O’Fontloup", escape("O'Fontloup")):
        assert list(Search(["O'Fontloup"], folded_forms).hits(fold_bytes(said.encode()))), said


def test_a_name_inside_a_longer_one_is_another_name() -> None:
    assert not [one for one, clear in Search([NAME], folded_forms).hits(fold_bytes(b"Zoe Fontloupier")) if clear]


@given(st.text())
def test_what_is_folded_folds_to_itself_and_says_nothing_but_words(text: str) -> None:
    once = folded(text)
    assert folded(once) == once and once == " ".join(once.split())
