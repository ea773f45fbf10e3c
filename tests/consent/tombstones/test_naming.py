"""Whom a row, a message or a text names is found in every spelling; who is only mentioned beside an owner is not."""

import json
from typing import Any
from urllib.parse import quote

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.tombstones.naming import (
    DIGITS,
    TELLING,
    contacts,
    forms,
    named_in,
    named_in_message,
    named_in_raw,
    named_in_row,
    named_in_text,
)
from contracts.assurance import Proof
from contracts.identifiers import Identifier, normalise
from contracts.live_keys import claimant_key, later_visitor_key, visitor_key
from tests.read_model.live.collecting import APP
from tests.spark_jobs.silver import person_channel

MAIL, PHONE = Identifier("email", "zoe@inbox.example"), Identifier("phone", "+33612345678")
CRM = person_channel()
NUMBERS = {"+33612345678": "FR", "+442079460958": "GB", "+12065550123": "US", "+390612345678": "IT"}
ways = st.sampled_from(
    [
        phonenumbers.PhoneNumberFormat.E164,
        phonenumbers.PhoneNumberFormat.INTERNATIONAL,
        phonenumbers.PhoneNumberFormat.NATIONAL,
        phonenumbers.PhoneNumberFormat.RFC3966,
    ]
)
around = st.sampled_from(["{}", "call {} now", "<{}>", "a:{};b", '{{"t":"{}"}}', "{}, or", "line\n{}\nline"])
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
)


@given(st.sampled_from(sorted(NUMBERS)), ways, around, st.booleans(), st.booleans())
def test_a_number_names_its_holder_in_any_spelling_and_text_whether_its_country_is_known_or_not(
    number: str, way: int, text: str, is_known: bool, is_quoted: bool
) -> None:
    said = text.format(phonenumbers.format_number(phonenumbers.parse(number), way))
    found = set(contacts(quote(said, safe="") if is_quoted else said, NUMBERS[number] if is_known else None))
    assert found & forms(Identifier("phone", number))


@given(st.sampled_from(["Zoe@Inbox.example", "mailto:zoe@inbox.example", "ZOE@INBOX.EXAMPLE"]), around, st.booleans())
def test_an_address_names_its_holder_in_any_case_and_text(spelt: str, text: str, is_quoted: bool) -> None:
    said = text.format(spelt)
    assert set(contacts(quote(said, safe="") if is_quoted else said, None)) == {MAIL}


@pytest.mark.parametrize("text", ["", "12345", "a@b", "@", "v1.2.3.4.5.6.7", "x06123456789y", "1" * 30])
def test_what_is_no_address_and_no_number_names_nobody(text: str) -> None:
    assert set(contacts(text, "FR")) == set()


def test_the_forms_of_an_identifier_are_its_own_those_without_a_country_and_a_telling_id() -> None:
    digits = {Identifier(DIGITS, one) for one in ("33612345678", "0612345678", "612345678")}
    assert forms(PHONE) == {PHONE} | digits
    assert (
        forms(Identifier("phone", f"{PHONE.value};ext=12")) == {Identifier("phone", f"{PHONE.value};ext=12")} | digits
    )
    card = Identifier("loyalty_card", "c-79595990")
    assert forms(card) == {card, Identifier(TELLING, "c-79595990")}
    for one in (Identifier("user_id", "guest"), Identifier("device_id", "c-79595990"), MAIL):
        assert forms(one) == {one}, "anybody may write it, or a browser"


def test_an_unreadable_text_names_by_contacts_by_long_words_with_a_digit_and_by_its_first_word() -> None:
    found, records = named_in_text("Z1;Zoe Fontloup;K-77777;zoe@inbox.example;7", "crm", "FR")
    assert MAIL in found and normalise("customer_number", "K-77777") in found
    assert records >= {"crm:Z1", "crm:K-77777"}
    assert not {"crm:7", "crm:Zoe Fontloup"} & records
    assert not {one.value for one in found} & {"z1", "7", "zoefontloup"}


def test_a_value_names_under_the_name_of_a_kind_and_by_contacts_and_telling_ids_under_any() -> None:
    tree = {"loyaltyCard": ["AB 12"], "deep": [{"note": "of C-79595990"}], "zoe@inbox.example": None, "n": 42}
    telling = {Identifier(TELLING, one) for one in ("c-79595990", "79595990")}
    assert named_in(tree, "FR") == {Identifier("loyalty_card", "ab12"), MAIL} | telling
    assert named_in({"card": "AB 12", "loyalty_card": True}, "FR") == set()


def test_a_row_is_whose_its_columns_say_also_where_it_breaks_its_contract() -> None:
    row = {"id": "K-77777", "mail": "x; Zoe@Inbox.example", "phone": "06.12.34.56.78", "born": "never"}
    own = {Identifier("customer_number", "k-77777"), MAIL, PHONE}
    assert named_in_row(CRM, row) == (own, {"crm:K-77777"})
    assert named_in_row(CRM, {"phone": "06.12.34.56.78"}) == ({PHONE}, set())


def test_who_is_mentioned_in_a_row_owns_it_only_if_nothing_else_says_whose_it_is() -> None:
    note = {"note": "her mother is zoe@inbox.example"}
    assert named_in_row(CRM, {"id": "K-77777", **note})[0] == {Identifier("customer_number", "k-77777")}
    assert named_in_row(CRM, {"mail": "n/a", **note}) == ({MAIL}, set())


def test_a_device_says_whose_a_row_is_only_where_nothing_else_does() -> None:
    device = normalise("device_id", "dev-1")
    assert named_in_row(CRM, {"device": "dev-1", "phone": "0612345678"})[0] == {PHONE}
    assert named_in_row(CRM, {"device": "dev-1"})[0] == {device}
    unnumbered = person_channel(columns={"id": {"is": "key"}, "device": {"is": "device_id"}})
    assert named_in_row(unnumbered, {"id": "1", "device": "dev-1"}) == (set(), {"crm:1"})


def test_what_means_none_by_a_contract_names_nobody() -> None:
    row = {"tax": "absent", "phone": "0612345678"}
    assert named_in_row(person_channel(nothing=["Absent"]), row)[0] == {PHONE}
    assert named_in_row(CRM, row)[0] == {PHONE, Identifier("national_id", "absent")}


def test_a_claim_in_a_row_names_nobody_as_its_owner() -> None:
    claiming = {"id": {"is": "key", "kind": "customer_number"}, "mail": {"is": "email", "assurance": "claimed"}}
    contract = person_channel(columns=claiming)
    assert named_in_row(contract, {"id": "K-7", "mail": MAIL.value})[0] == {Identifier("customer_number", "k-7")}


@pytest.mark.parametrize("name", ["userId", "previousId", "anonymousId"])
def test_a_message_names_by_its_id_fields_the_user_and_unproven_the_browser_too(name: str) -> None:
    found, records = named_in_message(APP, {"type": "page", name: "u-42"})
    assert Identifier("user_id", "u-42") in found
    assert records >= {"app:u-42", f"app:{claimant_key('u-42')}"}
    visitors = {f"app:{visitor_key('u-42')}", f"app:{later_visitor_key('u-42')}"}
    assert (visitors <= records) is (name != "userId") is (Identifier("device_id", "u-42") in found)


@pytest.mark.parametrize("proof", [Proof.SIGNATURE, Proof.SERVER])
def test_a_proven_message_is_the_users_whoever_used_the_browser_before(proof: Proof) -> None:
    message = {"userId": "u-42", "anonymousId": "dev-1", "properties": {"deviceId": "dev-2"}}
    assert named_in_message(APP, message, proof) == ({Identifier("user_id", "u-42")}, {"app:u-42"})
    called = named_in_message(APP, message | {"anonymousId": "06 12 34 56 78"}, proof)
    assert called == ({Identifier("user_id", "u-42"), PHONE}, {"app:u-42"}), "but for an address or a number"


def test_a_message_names_by_contacts_anywhere_by_external_ids_and_by_a_long_group() -> None:
    listed = [{"type": "customerNumber", "id": 42}, {"type": 1, "id": "x"}, "x", {"id": "y"}]
    page = {"url": "https://x.example/?m=zoe%40inbox.example"}
    found, records = named_in_message(APP, {"context": {"externalIds": listed, "page": page}, "groupId": "g1"})
    assert (found, records) == ({Identifier("customer_number", "42"), MAIL}, set())
    assert named_in_message(APP, {"groupId": "group-77"})[1] >= {"app:group-77"}
    assert named_in_message(APP, {"groupId": "everybody"}) == (set(), set())


@given(json_values)
def test_any_json_names_the_same_raw_as_read_and_nothing_breaks_it(value: Any) -> None:
    message = {"type": value, "userId": value, "context": value, "properties": {"mail": MAIL.value, "more": value}}
    found, records = named_in_raw(APP, json.dumps(message).encode())
    assert (found, records) == named_in_message(APP, json.loads(json.dumps(message))) and MAIL in found
    named_in_raw(APP, json.dumps(value).encode())


def test_a_message_with_a_byte_of_another_encoding_is_a_message() -> None:
    assert named_in_raw(APP, b'{"userId": "u1", "x": "\xff"}') == named_in_message(APP, {"userId": "u1"})


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"[" * 100_000, b'{"userId": ', b"7"])
def test_what_is_no_message_is_read_as_a_text(raw: bytes) -> None:
    assert named_in_raw(APP, raw) == named_in_text(raw.decode("utf-8", "replace"), "app", "FR")
    assert MAIL in named_in_raw(APP, raw + b" zoe@inbox.example")[0]
