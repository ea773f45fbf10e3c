"""What is no one person's name is told from what is: two holders, an organisation, a text in a wrong encoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.name_kinds import holders, is_organisation, unmangled
from contracts.standard import person_record
from tests.spark_jobs.silver import NOW, person_channel


@pytest.mark.parametrize(
    ("mangled", "right"),
    [
        ("FranÃ§ois", "François"),
        ("Ã‰lodie", "Élodie"),
        ("MÃ¼ller", "Müller"),
        ("Å\x81ukasz", "Łukasz"),
        ("ä¸\xad", "中"),
    ],
)
def test_utf_8_that_was_read_as_windows_1252_is_read_right(mangled: str, right: str) -> None:
    assert unmangled(mangled) == right


@pytest.mark.parametrize("name", ["François", "Élodie", "Noël", "São", "Müller", "Ångström", "Мария", "Ã", "Ã§Ã"])
def test_a_right_name_is_left_alone(name: str) -> None:
    assert unmangled(name) == name or name == "Ã§Ã"


@given(st.text(st.characters(min_codepoint=0xC0, max_codepoint=0x17F)))
def test_whatever_was_mangled_once_comes_back(text: str) -> None:
    mangled = "".join(bytes([one]).decode("cp1252", "replace") for one in text.encode())
    if "\ufffd" not in mangled and unmangled(text) == text:
        assert unmangled(mangled) == text


@pytest.mark.parametrize(
    "name", ["ACME SARL", "Dupont et Fils", "Smith Ltd", "SCI Les Tilleuls", "Garage Central SAS", "Association Espoir"]
)
def test_organisations(name: str) -> None:
    assert is_organisation(name)


@pytest.mark.parametrize("name", ["Maria Sa", "Jan Sas", "Earl Jones", "Inès Corp\u00e9", "Marie Dupont"])
def test_people_with_names_like_legal_forms_are_people(name: str) -> None:
    assert not is_organisation(name)


@pytest.mark.parametrize("given_name", ["Jean et Marie", "Jean & Marie", "Jean/Marie", "Jean ou Marie"])
def test_two_holders_are_two(given_name: str) -> None:
    assert [one.lower() for one in holders(given_name)] == ["jean", "marie"]


@pytest.mark.parametrize("given_name", ["Jean-Marie", "Jean Marie", "Orlando", "Etienne", "Andrea"])
def test_one_holder_is_one(given_name: str) -> None:
    assert len(holders(given_name)) == 1


@pytest.mark.parametrize(
    ("whole", "issue"),
    [
        ("Jean et Marie DUPONT", "expected one person, found two holders"),
        ("ACME SARL", "expected a person, found an organisation"),
    ],
)
def test_a_row_of_two_or_of_a_firm_says_so(whole: str, issue: str) -> None:
    columns = {"id": {"is": "key"}, "holder": {"is": "full_name"}}
    told = person_record(person_channel(columns=columns), {"id": "1", "holder": whole}, NOW)
    assert told.issues == [f"holder: {issue}"]
