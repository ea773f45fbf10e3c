"""What rows say of a person is collected whole; searched for is only what is unlike anybody's words and numbers."""

from datetime import UTC, datetime
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.channel import Channel
from contracts.identifiers import Identifier, normalise
from erasure.people.personal_values import PersonalValues, full_names, leaves, phone_spellings, tells
from tests.spark_jobs.silver import person_channel

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MAIL, PHONE = Identifier("email", "zoe@inbox.example"), Identifier("phone", "+33612345678")
CARD, WORD = Identifier("loyalty_card", "card4711"), Identifier("user_id", "timeline")
WHOLE = {"id": {"is": "key"}, "name": {"is": "full_name"}}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("a \n", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)
ids = st.text("abc019-@. ", max_size=26)


def by_row(contract: Channel | None, **row: Any) -> PersonalValues:
    found = PersonalValues()
    found.payload(contract, row, NOW)
    return found


@given(json_values)
def test_every_text_in_a_value_is_found_however_deep_and_nothing_else(value: Any) -> None:
    def texts(of: Any) -> list[str]:
        if isinstance(of, dict | list):
            return [text for one in (of.values() if isinstance(of, dict) else of) for text in texts(one)]
        return [of] if isinstance(of, str) and of.strip() else []

    assert list(leaves(value)) == texts(value)
    assert list(leaves([{"a": value}])) == texts(value)


@given(ids, ids)
def test_an_id_that_tells_its_person_does_so_in_a_longer_one(one: str, more: str) -> None:
    assert not tells(one) or tells(one + more)
    assert not tells(one) or len(one) >= 6


@pytest.mark.parametrize("word", ["abcdef", "12345678", "a1b2c", "abcdefghijklmnopqrstuvw", ""])
def test_a_word_a_number_and_whatever_is_short_tells_nobody(word: str) -> None:
    assert not tells(word)


@pytest.mark.parametrize("number", ["+33612345678", "+12065550123", "+442079460958", "+390612345678"])
def test_a_telephone_number_is_spelt_as_its_country_and_the_world_write_it(number: str) -> None:
    spelt = phone_spellings(number)
    region = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    assert {one.startswith("+") for one in spelt} == {True, False}
    assert {one.replace(" ", "") for one in spelt} <= spelt
    assert {normalise("phone", one, region).value for one in spelt} == {number}


def test_what_is_no_telephone_number_has_no_spellings() -> None:
    assert phone_spellings("") == phone_spellings("12") == phone_spellings("card") == set()


def test_only_ids_that_nobody_else_has_are_searched_for_in_every_spelling() -> None:
    said = PersonalValues()
    said.record({"identifiers": [{"kind": one.kind, "value": one.value} for one in (MAIL, PHONE, CARD)]})
    assert said.identifiers == {MAIL, PHONE, CARD}
    found = said.candidates({PHONE}, set(), set())
    assert found.values == phone_spellings(PHONE.value) >= {"06 12 34 56 78", "0612345678", "+33 6 12 34 56 78"}
    assert said.candidates({MAIL, CARD}, set(), set()).values == {MAIL.value, CARD.value}
    assert said.candidates(set(), set(), set()).values == set()


def test_ids_that_are_ordinary_words_are_plain_and_no_values_even_where_a_text_says_them() -> None:
    said = by_row(None, note="some thing", id="some thing")
    found = said.candidates(
        {WORD, Identifier("user_id", "some thing")}, {"crm:42", "crm:a-1234"}, {"website:7", "web:e-12345"}
    )
    assert found.plain == {"timeline", "some thing", "42", "7"}
    assert found.values == {"crm:42", "crm:a-1234", "a-1234", "web:e-12345", "e-12345"}


@pytest.mark.parametrize(
    ("text", "searched"),
    [
        ("12 rue des Lilas", True),
        ("one-customer", True),
        ("Birmingham", False),
        ("two one", False),
        ("123456789", False),
        ("2024-05-01T10:15:00Z", False),
        ("01/05/2024 10:15", False),
        ("not available", False),
    ],
)
def test_a_text_is_searched_for_unless_it_is_short_or_a_word_a_number_a_date_or_nothing(
    text: str, searched: bool
) -> None:
    for said in (by_row(None, note=text), by_row(person_channel(), id="1", more={"deep": [text]})):
        assert (text in said.candidates(set(), set(), set()).values) is searched


def test_a_record_says_its_address_attributes_and_claims_and_an_empty_one_nothing() -> None:
    said = PersonalValues()
    attributes, claims = {"plan": "gold for ever", "age": 41}, [{"value": "said@by.example"}]
    said.record({"street": "12 rue des Lilas", "unit": "apt 4, left", "attributes": attributes, "claims": claims})
    values = said.candidates(set(), set(), set()).values
    assert values == {"12 rue des Lilas", "apt 4, left", "gold for ever", "said@by.example"} and "41" in said.values
    empty = PersonalValues()
    empty.record({"given_name": None, "family_name": "", "identifiers": None, "attributes": None, "claims": None})
    assert empty.candidates(set(), set(), set()) == PersonalValues().candidates(set(), set(), set())


def test_names_are_searched_for_by_long_words_and_by_whole_names_in_either_order() -> None:
    said = PersonalValues()
    said.record({"given_name": "Zoé", "middle_name": "Li", "family_name": "Fontloup"})
    found = said.candidates(set(), set(), set())
    assert found.words == {"fontloup", "zoe fontloup", "fontloup zoe"} and not found.values
    assert found.whole == {one: {"zoe|fontloup"} for one in ("zoe fontloup", "fontloup zoe")}
    short = PersonalValues()
    short.record({"given_name": "Al", "family_name": "Roux"})
    assert short.candidates(set(), set(), set()).words == set(), "anybody's words"
    assert short.full_names == {"al|roux"}


def test_of_a_full_name_the_first_given_name_counts_and_the_family_name_whole() -> None:
    assert set(full_names("Jean-Pierre", "Le Roux")) == {"jean|le roux"}
    assert set(full_names("Zoé", "d'Arc")) == {"zoe|d arc", "zoe|darc"}
    assert list(full_names("", "Roux")) == list(full_names("Zoé", "-")) == []


def test_a_name_written_in_one_column_is_searched_for_as_it_is_written_and_in_its_parts() -> None:
    said = by_row(person_channel(columns=WHOLE), id="1", name="Mme FONTLOUP, Zoé")
    assert said.full_names == {"zoe|fontloup"}
    assert {"mme fontloup zoe", "zoe fontloup", "fontloup zoe"} <= said.candidates(set(), set(), set()).whole.keys()


def test_an_identifier_of_a_row_is_searched_for_as_the_row_spells_it_if_nobody_else_has_it() -> None:
    said = by_row(person_channel(), id="K-77777", phone="06.12.34.56.78", mail="Zoe@INBOX.example")
    assert {MAIL, PHONE} < said.identifiers
    key = {"K-77777": Identifier("customer_number", "k-77777")}
    assert said.spellings == {"06.12.34.56.78": PHONE, "Zoe@INBOX.example": MAIL} | key
    assert "06.12.34.56.78" in said.candidates({PHONE}, set(), set()).values
    assert "06.12.34.56.78" not in said.candidates({MAIL}, set(), set()).values


def test_a_value_of_a_needed_column_and_one_that_stands_twice_are_searched_for_as_they_are_spelt() -> None:
    content = person_channel().model_dump(mode="json", by_alias=True, exclude_unset=True)
    content["columns"] |= {"phone": {"is": "phone", "required": True}, "mobile": {"is": "phone"}}
    needed = Channel.model_validate(content)
    said = by_row(needed, id="K-77777", phone="06.12.34.56.78", mobile="+33 6 12 34 56 78")
    assert {"06.12.34.56.78", "+33 6 12 34 56 78"} <= said.spellings.keys()


@pytest.mark.parametrize(
    "row", [{"phone": "0612345678", "note": "of rue Nord"}, {"id": ["1", "2"], "note": "of rue Nord"}]
)
def test_of_a_row_that_its_contract_refuses_or_that_has_none_texts_alone_are_taken(row: dict[str, Any]) -> None:
    for said in (by_row(person_channel(), **row), by_row(None, **row)):
        assert "of rue Nord" in said.values
        assert not said.identifiers and not said.spellings and not said.names
