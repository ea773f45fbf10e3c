"""A contract is consistent in itself, and labels everything that its rows can say."""

from typing import Any

import pytest
from pydantic import ValidationError

from contracts.channel import Channel


def contract(added: dict[str, dict[str, Any]], /, **more: Any) -> Channel:
    basis = {"channel": "shop", "files": "shop.csv", "format": "csv", "holds": ["person"]}
    return Channel.model_validate(basis | {"columns": {"id": {"is": "key"}} | added} | more)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"is": "birth_date"}, "expected a `format` for birth_date"),
        ({"is": "external_id"}, "expected a `kind` for external_id"),
        ({"is": "email", "kind": "email"}, "expected `kind` only beside external_id or key"),
        ({"is": "attribute", "category": "identity"}, "expected a `name` for attribute and property"),
        ({"is": "email", "name": "mail"}, "expected a `name` for attribute and property, and for nothing else"),
        ({"is": "attribute", "name": "hobby"}, "expected a `category` for attribute hobby"),
        ({"is": "attribute", "name": "city", "category": "identity"}, "expected an attribute of a name of its own"),
        ({"is": "attribute", "name": "email", "category": "identity"}, "expected an attribute of a name of its own"),
        ({"is": "email", "verified": True}, "expected `verified` only beside birth_date, external_id or a key"),
        ({"is": "given_name", "region": "fr"}, "String should match pattern"),
        ({"is": "first_name"}, "Input should be"),
        ({"is": "key", "kind": "account_number"}, "expected `kind` beside a key of one column"),
    ],
)
def test_an_inconsistent_column_is_refused(column: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        contract({"column": column})


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"holds": ["event"]}, "expected a column that is `event_time` in a channel that holds event"),
        ({"holds": ["consent"]}, "expected a column that is `decided_at` in a channel that holds consent"),
        ({"holds": []}, "at least 1 item"),
        ({"holds": ["customers"]}, "Input should be"),
        ({"trust": 101}, "less than or equal to 100"),
        ({"trust_in": {"email": -1}}, "greater than or equal to 0"),
        ({"channel": "Shop 1"}, "String should match pattern"),
        ({"format": "docx"}, "Input should be"),
        ({"delimiter": ";;"}, "String should match pattern"),
        ({"delimiter": '"'}, "String should match pattern"),
        ({"delimiter": "\n"}, "String should match pattern"),
        ({"encoding": "latin-99"}, "expected a text encoding that contains ASCII"),
        ({"encoding": "utf-16"}, "expected a text encoding that contains ASCII"),
        ({"encoding": "hex"}, "expected a text encoding that contains ASCII"),
        ({"columns": {}}, "at least 1 item"),
        ({"columns": {"name": {"is": "full_name"}}}, "expected a column that is `key`"),
    ],
)
def test_an_inconsistent_contract_is_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        contract({}, **more)


def test_an_event_channel_says_what_type_its_events_are() -> None:
    when = {"at": {"is": "event_time", "format": "iso"}}
    with pytest.raises(ValidationError, match=r"expected `event: \{type: \.\.\.\}` or a column that is `event_type`"):
        contract(when, holds=["event"])
    assert contract(when, holds=["event"], event={"type": "visit"}).event.type == "visit"


def test_an_event_channel_needs_something_to_tell_its_events_apart() -> None:
    when = {"at": {"is": "event_time", "format": "iso"}}
    with pytest.raises(ValidationError, match="expected a column that is `event_id` or `key`"):
        contract({}, columns=when, holds=["event"], event={"type": "visit"})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1"])
def test_encodings_that_contain_ascii_can_be_read(encoding: str) -> None:
    assert contract({}, encoding=encoding).encoding == encoding


def test_everything_that_a_row_can_say_carries_a_category() -> None:
    shop = contract(
        {
            "card": {"is": "external_id", "kind": "loyalty_card"},
            "contact": {"is": "contact"},
            "iban": {"is": "external_id", "kind": "national_id"},
            "diet": {"is": "attribute", "name": "diet", "category": "sensitive"},
            "address": {"is": "address"},
        }
    )
    assert shop.categories["identifier.email"] == shop.categories["identifier.phone"] == "contact"
    assert shop.categories["identifier.loyalty_card"] == "identity"
    assert shop.categories["identifier.national_id"] == "sensitive"
    assert shop.categories["attribute.diet"] == "sensitive"
    assert shop.categories["city"] == shop.categories["street"] == "contact"
    assert shop.categories["given_name"] == "identity"


def test_a_field_of_several_columns_inherits_the_strictest_category() -> None:
    shop = contract(
        {"mail": {"is": "email"}, "private_mail": {"is": "email", "category": "sensitive"}, "age": {"is": "birth_year"}}
    )
    assert shop.categories["identifier.email"] == "sensitive"
    assert shop.categories["birth_date"] == "identity"


def test_a_stated_category_never_loosens_that_of_the_identifier_kind() -> None:
    shop = contract({"ssn": {"is": "external_id", "kind": "national_id", "category": "identity"}})
    assert shop.categories["identifier.national_id"] == "sensitive"


def test_a_column_is_found_by_what_it_is() -> None:
    shop = contract({"prenom": {"is": "given_name"}})
    assert shop.column_of("given_name") == "prenom"
    assert shop.column_of("family_name") is None
