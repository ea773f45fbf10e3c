"""Names: spellings of one name are equal, and titles are nobody's given name."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts import names
from contracts.names import Name, clean, fold, split_full_name, tidy_case


@given(st.text())
@example("𝐀")
@example("℠")
@example("A´")
def test_folding_a_folded_name_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_cleaning_a_clean_text_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text())
def test_tidying_a_tidy_name_changes_nothing(text: str) -> None:
    assert tidy_case(tidy_case(text)) == tidy_case(text)


@pytest.mark.parametrize(
    "spelling", ["Jean-François", "JEAN FRANCOIS", "jean  françois", "Jean‐François", "Jean-Franc\u0327ois"]
)
def test_spellings_of_one_name_are_equal(spelling: str) -> None:
    assert fold(spelling) == "jean francois"


@pytest.mark.parametrize("spelling", ["O'Neil", "O’Neil", "O`Neil", "O´Neil", "ONEIL"])
def test_every_apostrophe_is_one(spelling: str) -> None:
    assert fold(spelling) == "oneil"


def test_ligatures_and_letters_with_strokes_fold_to_plain_letters() -> None:
    assert fold("Œuvrard Łukasz Søren Weiß") == "oeuvrard lukasz soren weiss"


def test_names_in_other_scripts_are_kept() -> None:
    assert fold("Мария Гарсія") == fold("МАРИЯ ГАРСІЯ") != ""


def test_invisible_characters_are_no_part_of_a_name() -> None:
    assert clean("\u202eMar\u200btin\x00\x1b \u00a0 Paul\r\n") == "Martin Paul"


@pytest.mark.parametrize(
    ("written", "tidy"),
    [("MARTIN-DUPONT", "Martin-Dupont"), ("d'arc", "D'Arc"), ("McDonald", "McDonald"), ("élodie", "Élodie")],
)
def test_one_case_is_tidied_and_mixed_case_is_its_owners(written: str, tidy: str) -> None:
    assert tidy_case(written) == tidy


@pytest.mark.parametrize(
    "title",
    ["M.", "M", "Mme", "MME", "Mlle", "Monsieur", "Madame", "Mademoiselle", "Dr", "Docteur", "Mr.", "Mrs", "Me"],
)
def test_a_title_is_no_given_name(title: str) -> None:
    assert split_full_name(f"{title} Claude Martin") == Name("Claude", None, "Martin")


@pytest.mark.parametrize(
    "text", ["M. Martin", "Mme Martin", "M. et Mme Martin", "M. ou Mme Martin", "Mr. and Mrs. Martin"]
)
def test_a_title_before_a_family_name_leaves_no_given_name(text: str) -> None:
    assert split_full_name(text) == Name(None, None, "Martin")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("MARTIN, M. Paul", Name("Paul", None, "MARTIN")),
        ("Mme Dupont Claire", Name("Dupont", None, "Claire")),
        ("Martin, Paul", Name("Paul", None, "Martin")),
        ("Martin, Paul, Jr.", Name("Paul", None, "Martin Jr.")),
        ("Paul Martin Sr", Name("Paul", None, "Martin Sr")),
        ("GOASDOUE Fabrice", Name("Fabrice", None, "GOASDOUE")),
        ("Fabrice GOASDOUE", Name("Fabrice", None, "GOASDOUE")),
        ("DE LA TOUR Jean Marie", Name("Jean", "Marie", "DE LA TOUR")),
        ("Mme DUPONT-MARTIN Anne-Marie", Name("Anne-Marie", None, "DUPONT-MARTIN")),
        ("JP Martin", Name("JP", None, "Martin")),
        ("Marie DUPONT née MARTIN", Name("Marie", None, "DUPONT")),
        ("Mme Marie Dupont, née Martin", Name("Marie", None, "Dupont")),
        ("Jean et Marie DUPONT", Name("Jean et Marie", None, "DUPONT")),
        ("Jean Dupont et Marie Martin", Name("Jean Dupont et Marie", None, "Martin")),
        ("ACME SARL", Name(None, None, "ACME SARL")),
        ("Dupont & Fils SA", Name(None, None, "Dupont & Fils SA")),
        ("M. Bernard de La Fontaine", Name("Bernard", None, "de La Fontaine")),
        ("Mary Ann Smith", Name("Mary", "Ann", "Smith")),
        ("Paul", Name("Paul", None, None)),
        ("", Name(None, None, None)),
    ],
)
def test_a_name_in_one_column_is_split(text: str, name: Name) -> None:
    assert split_full_name(text) == name


@pytest.mark.parametrize(
    ("text", "given_name"), [("M Boyd", "M"), ("M H Boyd", "M"), ("M.J. Smith", "M.J."), ("Smith, M.", "M.")]
)
def test_an_initial_m_is_not_taken_for_monsieur(text: str, given_name: str) -> None:
    assert split_full_name(text).given == given_name


@pytest.mark.parametrize("given_name", ["Marquis", "Bishop", "King", "Dean", "Prince"])
def test_names_that_are_titles_elsewhere_stay_names(given_name: str) -> None:
    assert split_full_name(f"{given_name} Jones") == Name(given_name, None, "Jones")


def test_a_lone_title_is_someones_name_after_all() -> None:
    assert split_full_name("Doctor") == Name("Doctor", None, None)


word = st.text("abdeilmnorstuvxyzéç", min_size=3, max_size=8) | st.sampled_from(
    ["III", "VII", "viii", "von", "van", "née", "Mme", "the", "Abu", "PhD", "Esq", "and", "Mac", "XIV"]
)


@given(word, word)
def test_plain_names_are_split_as_the_parser_would(first: str, second: str) -> None:
    parsed = names._PARSER.parse(f"{first} {second}")
    if not (parsed.given or parsed.family):
        return
    generation = [parsed.suffix] if parsed.suffix.lower() in ("iii",) else []
    family = " ".join([parsed.family, *generation]) if parsed.family else None
    expected = Name(parsed.given or None, parsed.middle or None, family)
    assert split_full_name(f"{first} {second}") == expected


@given(st.text())
def test_any_text_can_be_split(text: str) -> None:
    name = split_full_name(text)
    assert not clean(text) or isinstance(name, Name)
