"""What staff wrote loses everything of the person and nothing else, however names and addresses lie in each other."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.identifiers import Identifier
from erasure.people.redaction import ERASED, Redaction
from erasure.people.search import TextSearch
from erasure.people.subject import Subject

THEIRS = Subject(
    values={"beatrice.chantet@messagerie.example", "+33612345678", "06 12 34 56 78", "14 rue des Lilas", "crm:K-77"},
    words={"beatrice", "chantet", "beatrice chantet", "chantet beatrice"},
    full_names={"beatrice|chantet"},
)
SHARED = Subject(  # others hold the address as well, and other people are called either
    values={"crm:K-77"}, words={"chantet beatrice"}, common_words={"beatrice", "chantet", "beatrice chantet"},
    common_values={"beatrice.chantet@messagerie.example"}, full_names={"beatrice|chantet"},
)  # fmt: skip
SEARCH = TextSearch(THEIRS.values, THEIRS.words)

OWN = [*sorted(THEIRS.values), "B\u00e9atrice", "CHANTET", "Be\u0301atrice Chantet", "b.chantet@work.example"]
OTHERS = ["lawsuit", "24/1", "against", "Chanteton", "ana@inbox.example", "x.ana@inbox.example", "f\u00eate", "06 12"]
BETWEEN = [" ", " (", ") ", ", ", "; ", " <", "> ", ": ", "\n", " / "]


@pytest.mark.parametrize("subject", [THEIRS, SHARED], ids=["theirs alone", "shared address"])
def test_a_name_before_an_address_does_not_tear_it(subject: Subject) -> None:
    said = "lawsuit 24/1 against B\u00e9atrice Chantet (beatrice.chantet@messagerie.example)"
    assert Redaction(subject)(said) == f"lawsuit 24/1 against {ERASED} ({ERASED})"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("mail=beatrice.chantet@messagerie.example!", f"{ERASED}!"),
        ("x.beatrice.chantet@messagerie.example.", f"{ERASED}."),
        ("write to beatrice.chantet%40messagerie.example", f"write to {ERASED}%40messagerie.example"),
        ("Chantet, ana.chantet@inbox.example, Ana", f"{ERASED}, {ERASED}, Ana"),
        ("Chantet Beatrice Chantet", ERASED),
        ("ana@inbox.example and Ana", "ana@inbox.example and Ana"),
    ],
)
def test_whatever_touches_an_address_takes_it_whole(said: str, left: str) -> None:
    assert Redaction(THEIRS)(said) == left


def test_a_value_that_is_left_in_another_form_takes_the_whole_text() -> None:
    nameless = Subject(values={"k9@messagerie.example"})
    assert Redaction(nameless)("write to k9%40messagerie.example") == ERASED
    assert Redaction(nameless)("write to K9@Messagerie.example") == f"write to {ERASED}"


def test_an_identifier_that_only_they_have_goes_whoever_else_says_it() -> None:
    own = {Identifier("email", "kz1003@neuf.example"), Identifier("phone", "+33612345678")}
    said_by_others = Subject(identifiers=own, common_values={"kz1003@neuf.example", "+33612345678"})
    redaction = Redaction(said_by_others)
    said = "asked kz1003@neuf.example and 06 12 34 56 78 (or 0612345678): says no to +33 6 12 34 56 78"
    assert redaction(said) == f"asked {ERASED} and {ERASED} (or {ERASED}): says no to +{ERASED}"
    shared = Subject(shared=own, common_values={"kz1003@neuf.example"})
    assert Redaction(shared)(said) == said, "a household's address is the others' too"


REDACTION = Redaction(THEIRS)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(OWN + OTHERS), st.sampled_from(BETWEEN)), max_size=8))
@example([("Be\u0301atrice Chantet", " ("), ("beatrice.chantet@messagerie.example", ") ")])
def test_nothing_of_theirs_is_left_and_nothing_else_is_cut(parts: list[tuple[str, str]]) -> None:
    said = "".join(text + between for text, between in parts)
    left = REDACTION(said)
    assert not SEARCH.clear(left.encode()) and "chantet" not in left.replace("Chanteton", "").lower()
    others = [text for text, _ in parts if text in OTHERS]
    words = [one for one in re.split(r"[\s(),;<>:]+", left.replace(ERASED, " ")) if one not in ("", "/", "+")]
    assert " ".join(words) == " ".join(others)
