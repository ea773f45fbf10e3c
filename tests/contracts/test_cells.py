"""One cell may hold several values, a boolean, a float or a word that means nothing: each is read as a person would."""

from typing import Any

import pytest

from contracts.channel import Channel
from contracts.identifiers import Identifier
from contracts.reading import RefusedRow, Row

COLUMNS: dict[str, Any] = {
    "id": {"is": "key"},
    "mail": {"is": "email"},
    "tel": {"is": "phone"},
    "reach": {"is": "contact"},
    "card": {"is": "external_id", "kind": "loyalty_card", "split": "|"},
    "emails.value": {"is": "email"},
    "family": {"is": "family_name"},
    "given": {"is": "given_name"},
    "country": {"is": "country"},
    "state": {"is": "state", "values": {"NC": "North Carolina"}},
    "ville": {"is": "city"},
    "member": {"is": "attribute", "name": "member", "category": "identity", "values": {"true": "yes", "Non": "no"}},
    "size": {"is": "attribute", "name": "size", "category": "identity", "keep": ["X"], "nothing": ["0"]},
}


def contract(columns: dict[str, Any] = COLUMNS, **more: Any) -> Channel:
    basis = {"channel": "shop", "files": "*", "format": "jsonl", "region": "FR", "holds": ["person"]}
    return Channel.model_validate(basis | {"columns": columns} | more)


def row(**cells: Any) -> Row:
    return Row(contract(), {"id": "1"} | {name.replace("__", "."): cell for name, cell in cells.items()})


def mails(**cells: Any) -> list[str]:
    return [one.value for one in row(**cells).identifiers() if one.kind == "email"]


@pytest.mark.parametrize(
    "cell",
    [
        ["a@x.example", "b@x.example"],
        "a@x.example;b@x.example",
        "a@x.example / b@x.example",
        "a@x.example, b@x.example",
        "a@x.example|b@x.example",
        "a@x.example b@x.example",
        "Ana Roux <a@x.example>, MAILTO:b@x.example",
        '"Roux, Ana" <A@X.example>; <b@x.example>',
        "mailto:a@x.example\nmailto:b@x.example",
    ],
)
def test_every_address_in_a_cell_is_read(cell: Any) -> None:
    assert mails(mail=cell) == mails(reach=cell) == ["a@x.example", "b@x.example"]
    assert row(mail=cell).issues == []


@pytest.mark.parametrize("cell", ["MAILTO:a@x.example", "Ana <a@x.example>", ["a@x.example"], "<a@x.example>"])
def test_one_address_is_read_however_it_is_wrapped(cell: Any) -> None:
    assert mails(mail=cell) == ["a@x.example"]


def test_what_is_no_address_beside_one_costs_only_itself() -> None:
    seen = row(mail="a@x.example; b@x@y.example")
    assert [one.value for one in seen.identifiers()] == ["a@x.example"]
    assert seen.issues == ["mail: email: expected local@domain, found something else"]


@pytest.mark.parametrize(
    "cell",
    [
        "06 98 76 54 32 / 01 70 00 00 00",
        "0698765432;0170000000",
        "06.98.76.54.32 ou 01.70.00.00.00",
        ["0698765432", "0170000000"],
        "0698765432/0170000000",
        "+33698765432, +33170000000",
    ],
)
def test_every_number_in_a_cell_is_read(cell: Any) -> None:
    seen = row(tel=cell)
    assert seen.identifiers() == [Identifier("phone", "+33170000000"), Identifier("phone", "+33698765432")]
    assert seen.issues == []


def test_a_stroke_within_a_number_is_part_of_it() -> None:
    berlin = Row(contract(region="DE"), {"id": "1", "tel": "030/12345678"})
    assert berlin.identifiers() == [Identifier("phone", "+493012345678")]


def test_a_column_may_say_what_parts_its_values() -> None:
    assert [one.value for one in row(card="c1 | c2|").identifiers()] == ["c1", "c2"]


def test_a_path_reaches_into_every_item_of_an_array() -> None:
    assert mails(emails=[{"value": "a@x.example"}, {"value": "b@x.example", "type": "home"}, {}]) == [
        "a@x.example",
        "b@x.example",
    ]


def test_an_object_where_a_value_should_be_is_told() -> None:
    assert row(mail=[{"value": "a@x.example"}]).issues == [
        "mail: expected a value, found an object; name what lies in it, with a dot between"
    ]


def test_two_values_where_one_should_be_are_told_and_two_keys_refused() -> None:
    seen = row(family=["Roux", "Petit"])
    assert seen.text("family_name") == "Roux"
    assert seen.issues == ["family: expected one value (family_name), found several"]
    with pytest.raises(RefusedRow, match=r"id: expected one value \(key\), found several"):
        Row(contract(), {"id": ["1", "2"]})


@pytest.mark.parametrize("surname", ["Null", "NA", "None", "Na", "Nil"])
def test_a_surname_may_look_like_nothing(surname: str) -> None:
    assert row(family=surname).text("family_name") == surname


@pytest.mark.parametrize("word", ["#N/A", "\\N", "undefined", "(null)", "#REF!", "NaN", "-", "n/a"])
@pytest.mark.parametrize("column", ["given", "mail", "country"])
def test_what_only_programs_write_is_nothing_anywhere(word: str, column: str) -> None:
    if (word, column) == ("NaN", "given"):
        return  # a given name in Thailand
    assert list(row(**{column: word}).identifiers()) == []
    assert row(**{column: word}).text({"mail": "email", "given": "given_name"}.get(column, column)) is None


def test_namibia_and_north_carolina_are_places() -> None:
    assert row(country="NA").text("country") == "NA"
    assert row(state="NC").text("state") == "North Carolina"
    assert row(state="NA").text("state") == "NA"


def test_values_come_before_what_is_nothing_and_a_column_has_words_of_its_own() -> None:
    said = row(member="NON", size="X").named("attribute")
    assert said == {"member": "no", "size": "X"}
    assert row(size="0").named("attribute") == {}


@pytest.mark.parametrize("said", [True, "TRUE", "True", "true"])
def test_a_boolean_is_the_word_for_it(said: Any) -> None:
    assert row(member=said).named("attribute") == {"member": "yes"}


def test_two_keys_of_values_that_differ_in_case_alone_are_told_apart_by_it() -> None:
    said = contract(COLUMNS | {"sex": {"is": "gender", "values": {"m": "male", "M": "married"}}})
    assert [Row(said, {"id": "1", "sex": one}).text("gender") for one in "mM"] == ["male", "married"]


@pytest.mark.parametrize(
    ("cell", "key"), [(12345.0, "12345"), ("12345.0", "12345"), (12345, "12345"), ("0012", "0012")]
)
def test_an_id_that_became_a_float_is_the_id(cell: Any, key: str) -> None:
    assert Row(contract(), {"id": cell}).text("key") == key


def test_an_id_that_a_spreadsheet_has_shortened_is_none() -> None:
    with pytest.raises(RefusedRow, match="id: expected an id, found one that a spreadsheet has shortened"):
        Row(contract(), {"id": "1.23457E+11"})


def test_an_error_of_a_cell_repeats_nothing_of_it() -> None:
    seen = row(mail="zqzq@@x", tel="zqzq", reach={"zqzq": "zqzq"}, card=[{"zqzq": 1}])
    seen.identifiers()
    assert len(seen.issues) >= 4 and "zqzq" not in " ".join(seen.issues)
