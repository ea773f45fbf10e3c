"""A raw row is read by its contract; what can't be read is an issue or refuses the row, and never repeats a value."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.channel import Channel
from contracts.identifiers import Identifier
from contracts.reading import RefusedRow, Row

COLUMNS: dict[str, dict[str, Any]] = {
    "id": {"is": "key", "kind": "customer_number"},
    "prenom": {"is": "given_name"},
    "sexe": {"is": "gender", "values": {"Mme": "female"}},
    "ne_le": {"is": "birth_date", "format": "%d/%m/%Y"},
    "annee": {"is": "birth_year"},
    "mois": {"is": "birth_month"},
    "jour": {"is": "birth_day"},
    "mail": {"is": "email"},
    "joindre": {"is": "contact"},
    "tel": {"is": "phone"},
    "tel_us": {"is": "phone", "region": "US"},
    "app.device": {"is": "device_id"},
    "montant": {"is": "amount"},
    "loisir": {"is": "attribute", "name": "hobby", "category": "behaviour"},
    "maj": {"is": "version", "format": "iso"},
}


def contract(**changed: dict[str, Any]) -> Channel:
    basis = {
        "channel": "shop",
        "files": "*",
        "format": "jsonl",
        "holds": ["person"],
        "region": "FR",
        "nothing": ["Néant"],
    }
    return Channel.model_validate(basis | {"columns": COLUMNS | changed})


def row(**cells: Any) -> Row:
    return Row(contract(), {"id": "1", **cells})


@pytest.mark.parametrize("cells", [{}, {"id": None}, {"id": ""}, {"id": " N/A "}, {"id": "NEANT"}, {"id": []}])
def test_a_row_without_a_key_is_refused(cells: dict[str, Any]) -> None:
    with pytest.raises(RefusedRow, match=r"^id: expected a value \(key\), found none$"):
        Row(contract(), cells)


@pytest.mark.parametrize("value", ["néant", "NEANT", "null", "", None, "\u200b", float("nan")])
def test_null_like_values_are_gone(value: Any) -> None:
    assert row(prenom=value).text("given_name") is None


def test_source_values_are_translated_and_others_stay() -> None:
    assert row(sexe=" Mme ").text("gender") == "female"
    assert row(sexe="inter").text("gender") == "inter"


def test_dots_reach_into_json_and_a_column_of_that_name_comes_first() -> None:
    assert row(app={"device": "D-1"}).text("device_id") == "D-1"
    assert row(**{"app.device": "D-2", "app": {"device": "D-1"}}).text("device_id") == "D-2"
    assert row(app="D-3").text("device_id") is None


def test_an_unreadable_value_is_an_issue_that_does_not_repeat_it() -> None:
    seen = row(maj="yesterday", montant="many", mail="nowhere", tel="none of your business")
    assert seen.instant("version") is None
    assert seen.number("amount") is None
    assert [found.kind for found in seen.identifiers()] == ["customer_number"]
    assert [issue.partition(":")[0] for issue in seen.issues] == ["maj", "montant", "mail", "tel"]
    assert not any(word in issue for issue in seen.issues for word in ("yesterday", "many", "nowhere", "business"))


def test_an_unreadable_required_value_refuses_the_row() -> None:
    strict = contract(maj={"is": "version", "format": "iso", "required": True})
    with pytest.raises(RefusedRow, match=r"^maj: expected a value \(version\), found none"):
        Row(strict, {"id": "1"})
    with pytest.raises(RefusedRow, match=r"^maj: expected a date of the format 'iso'"):
        Row(strict, {"id": "1", "maj": "soon"}).instant("version")


@pytest.mark.parametrize(("text", "number"), [("12.50", 12.5), ("-3", -3.0), (7, 7.0), ("1e3", 1000.0)])
def test_numbers_are_read(text: Any, number: float) -> None:
    assert row(montant=text).number("amount") == number


@pytest.mark.parametrize("text", ["12,50", "inf", "-Infinity", "1e999", "1e15", "9" * 5000])
def test_what_is_no_amount_is_no_number(text: str) -> None:
    seen = row(montant=text)
    assert seen.number("amount") is None
    assert seen.issues == ["montant: expected a number, found something else"]


def test_a_birth_date_comes_from_one_column_from_parts_or_is_a_year_alone() -> None:
    born = date(1980, 5, 17)
    assert row(ne_le="17/05/1980").birth(2020) == (born, 1980, "1980-05-17")
    assert row(annee="1980", mois="5", jour="17").birth(2020) == (born, 1980, "1980-05-17")
    assert row(annee="1980").birth(2020) == (None, 1980, None)
    assert row().birth(2020) == (None, None, None)


def test_an_impossible_birth_date_is_an_issue_and_stays_as_typed() -> None:
    seen = row(ne_le="31/02/1980")
    assert seen.birth(2020) == (None, None, "1980-02-31")
    assert len(seen.issues) == 1
    seen = row(annee="1980", mois="2", jour="31")
    assert seen.birth(2020)[0] is None
    assert seen.issues == ["birth_day: expected a day of the calendar, found none such"]


@pytest.mark.parametrize("year", ["1874", "2021", "0000"])
def test_nobody_is_born_in_the_future_or_before_everyone_living(year: str) -> None:
    seen = row(annee=year)
    assert seen.birth(2020)[:2] == (None, None)
    assert seen.issues == ["birth_year: expected 1875 to 2020, found one beyond"]


@pytest.mark.parametrize("year", ["9" * 5, "9" * 30, "9" * 5000, "-1", "MCM"])
def test_a_year_of_any_length_is_only_an_issue(year: str) -> None:
    seen = row(annee=year, mois="1", jour="1")
    assert seen.birth(2020) == (None, None, None)
    assert seen.issues == ["annee: expected a whole number, found something else"]


def test_identifiers_are_normalised_once_and_in_order() -> None:
    seen = row(mail="A@Post.example", joindre="a@post.example", tel="06 23 45 67 81", tel_us="206 712 3949")
    assert seen.identifiers() == [
        Identifier("customer_number", "1"),
        Identifier("email", "a@post.example"),
        Identifier("phone", "+12067123949"),
        Identifier("phone", "+33623456781"),
    ]


def test_a_contact_is_an_address_or_a_phone() -> None:
    assert Identifier("phone", "+33623456781") in row(joindre="06 23 45 67 81").identifiers()


def test_attributes_go_by_their_names() -> None:
    assert row(loisir="voile").named("attribute") == {"hobby": "voile"}


cells = st.none() | st.text() | st.integers() | st.floats() | st.booleans() | st.lists(st.text(), max_size=1)


@given(
    st.fixed_dictionaries({}, optional={name: cells for name in COLUMNS} | {"app": st.dictionaries(st.text(), cells)})
)
def test_any_row_is_read_or_refused(payload: dict[str, Any]) -> None:
    try:
        seen = Row(contract(), payload)
    except RefusedRow:
        return
    seen.identifiers(), seen.birth(2020), seen.number("amount")
    moment = seen.instant("version")
    assert moment is None or moment.astimezone(UTC) == moment
    assert moment is None or isinstance(moment, datetime)
