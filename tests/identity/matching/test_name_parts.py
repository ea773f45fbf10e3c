"""A name has the same parts however it is written, and what is no name has none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.names import fold
from identity.matching.name_parts import (
    NameFrequencies,
    NameParts,
    first_given,
    formal_names,
    given_names_compatible,
    mailbox_spellings,
    name_parts,
    of_several,
    sound,
)

ANY_TEXT = st.none() | st.text(max_size=20)
WORDS = st.none() | st.sampled_from(
    ["Anna", "Jean-Pierre", "d'Arc", "Le Roux", "Zoé", "E", "Mother", "Jr", "Jean et Marie"]
)
FOLDED = st.text("abelnrt", min_size=1, max_size=8)


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_parts_of_any_text_hold_no_blanks_and_agree_with_each_other(first, middle, last):
    parts = name_parts(first, middle, last)
    words = [parts.given, parts.initial, parts.family, parts.letter, *parts.middle, *parts.family_words]
    assert all(word and not any(c.isspace() for c in word) for word in words if word is not None)
    assert parts.given is None or (len(parts.given) > 1 and parts.given.startswith(parts.initial))
    if not of_several(first, last):
        assert parts.family is None or (len(parts.family) > 1 and parts.letter is None)


@given(WORDS, WORDS, WORDS)
def test_case_accents_hyphens_and_blanks_make_no_difference(first, middle, last):
    loudly = [f"  {fold(one).upper()} " if one else one for one in (first, middle, last)]
    assert name_parts(*loudly) == name_parts(first, middle, last)


def test_a_surname_of_single_letters_is_a_misread_order():
    assert name_parts("Gibson", "Lilia", "E") == NameParts("lilia", "l", ("e",), "gibson", ("gibson",))
    assert name_parts("Gibson", None, "E") == NameParts("gibson", "g", letter="e"), (
        "of one name it is all that is known"
    )


def test_digits_in_a_name_are_letters_that_a_scanner_misread():
    assert name_parts("R0bert", None, "Du8o1s") == name_parts("Robert", None, "Dubols")


@pytest.mark.parametrize(("family", "generation"), [("Roux Jr", "jr"), ("Roux II", "jr"), ("Roux Senior", "sr")])
def test_a_generation_stands_beside_the_name_and_is_none_of_its_words(family, generation):
    parts = name_parts("Paul", None, family)
    assert (parts.family, parts.family_words, parts.generation) == ("roux", ("roux",), generation)


def test_a_generation_alone_or_two_of_them_tell_nothing():
    assert name_parts("Junior", None, None) == NameParts("junior", "j")
    assert name_parts("Paul", None, "Roux Jr Sr").generation is None


@pytest.mark.parametrize(
    "said", [(None, None, None), ("", " ", "-"), ("Wife", None, "Unknown"), ("Dr", None, "No Name")]
)
def test_what_forms_hold_where_no_name_was_given_is_no_name(said):
    assert name_parts(*said) == NameParts()


@pytest.mark.parametrize("said", ["Jean et Marie", "MARIE & Jean", "Marie/Jean", "jean and marie"])
def test_two_holders_are_somebody_of_their_own_whoever_is_named_first(said):
    parts = name_parts(said, None, "Roux")
    assert (parts.given, parts.family) == (of_several(said, "Roux"), "roux") == ("&jean&marie", "roux")
    assert not any(given_names_compatible(parts.given, one) for one in ("jean", "marie", "j"))


def test_an_organisation_is_somebody_of_its_own_and_a_person_is_not():
    assert name_parts("Anna", None, "Roux SARL").given == of_several("Anna", "Roux SARL") == "&annarouxsarl"
    assert of_several("Anna", "Roux") is of_several(None, None) is None


def test_holders_are_told_apart_by_the_first_given_name_or_the_initial_that_is_known():
    marie = {"given_name": "Marie-Louise Anne", "family_name": "Roux"}
    assert first_given(marie, {"given": "marielouiseanne", "initial": "m"}) == "marie"
    assert first_given(marie, {"given": None, "initial": "m"}) == "m"
    assert first_given(marie, {"given": None, "initial": None}) is None


shares = st.dictionaries(st.sampled_from(["anna", "roux", "martin"]), st.sampled_from([1e-6, 1e-4, 1e-3, 0.1]))


@given(shares, shares, *[st.sampled_from([None, "Anna", "Roux", "Martin", "J"])] * 3)
def test_a_name_in_order_stays_so(given_share, family_share, first, middle, last):
    names = NameFrequencies(given_share, family_share)
    ordered = names.in_order(name_parts(first, middle, last))
    assert names.in_order(ordered) == ordered


def test_an_exchanged_name_takes_the_words_between_as_possible_surnames():
    names = NameFrequencies({"anna": 0.01}, {"roux": 0.01})
    exchanged = names.in_order(name_parts("Roux", "Petit", "Anna"))
    assert exchanged == NameParts("anna", "a", ("petit",), "roux", ("petit", "roux"))
    assert names.of("roux") == 0.01 and names.of("petit") is names.of(None) is None


@given(FOLDED, FOLDED)
def test_whether_two_given_names_may_be_one_persons_has_no_direction(one, other):
    assert given_names_compatible(one, one)
    assert given_names_compatible(one, other) == given_names_compatible(other, one)


@pytest.mark.parametrize(
    ("one", "other", "may_be"),
    [("roberrt", "robert", True), ("jon", "john", True), ("marie", "marine", False), ("paul", "paula", False)],
)
def test_a_misspelt_name_is_the_same_and_another_name_in_use_is_not(one, other, may_be):
    assert given_names_compatible(one, other) is may_be


def test_a_name_sounds_by_its_first_letters_at_most_and_in_another_script_as_it_is_written():
    assert sound("catherine") == sound("katherine") and len(sound("maximilienne")) == 5
    assert sound("екатерина") == "екате"
    assert set(formal_names("bob")) & set(formal_names("robert")) >= {"robert"} and formal_names("xyz") == ("xyz",)


def test_a_mailbox_spells_a_whole_name_in_six_ways_and_half_a_name_in_none():
    assert set(mailbox_spellings("ana", "roux")) == {"anaroux", "rouxana", "aroux", "rouxa", "anar", "rana"}
    assert mailbox_spellings("ana", None) == mailbox_spellings("", "roux") == ()
