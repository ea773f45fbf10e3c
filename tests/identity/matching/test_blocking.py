"""Records that may be one person's share a key: whatever is exchanged, misspelt or left out in one of them."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from identity.matching.blocking import (
    CAPS,
    blocking_keys,
    named_mailbox_keys,
    rule_of,
    several_values,
    single_values,
)
from identity.matching.comparison_columns import comparison_columns
from identity.matching.name_parts import mailbox_spellings
from identity.matching.rules import BLOCKING
from tests.spark_jobs.resolve.people import person

NAME = st.text("aekozv", min_size=2, max_size=8)  # of which no word of a form is made
AT_HOME = {"given_name": "Anna", "family_name": "Roux", "street": "12 rue des Lilas", "postcode": "69001"}


def keys(**said):
    return set(blocking_keys(comparison_columns(person("r", **said))))


def rules(found):
    return {rule_of(key) for key in found}


def test_every_rule_has_a_value_or_several_and_no_rule_has_both():
    columns = comparison_columns(person("r"))
    single, full = set(single_values(columns)), ("emails", "phones", "external_ids", "device_ids")
    several = {rule for rule, _ in several_values(columns | {column: ["x"] for column in full})}
    assert single | several == set(BLOCKING) == set(CAPS) and not single & several


@given(
    st.lists(st.sampled_from(["a@x.example", "b@x.example"]), max_size=4), st.lists(st.sampled_from("12"), max_size=4)
)
def test_numbers_and_addresses_are_each_a_key_once_and_all_keys_are_sorted(mails, cards):
    found = blocking_keys(comparison_columns(person("r", email=mails, loyalty_card=cards)))
    assert found == sorted(set(found))
    assert {key for key in found if rule_of(key) == "email"} == {f"email:{mail}" for mail in mails}
    assert {key for key in found if rule_of(key) == "external_id"} == {f"external_id:loyalty_card:{n}" for n in cards}


def test_a_rule_ends_at_the_first_colon_of_its_key():
    assert rule_of("external_id:loyalty_card:12") == "external_id" and rule_of("mailbox:a:b") == "mailbox"


@given(NAME, NAME)
def test_exchanged_names_share_a_key(one, other):
    written, exchanged = keys(given_name=one, family_name=other), keys(given_name=other, family_name=one)
    assert "name_sound" in rules(written & exchanged)


@given(NAME, NAME, st.data())
def test_a_nameless_mailbox_meets_whomever_it_spells_and_no_named_record_by_itself(first, last, data):
    named = comparison_columns(person("n", given_name=first, family_name=last))
    spelt = data.draw(st.sampled_from(mailbox_spellings(named["given"], named["family"])))
    assume(len(spelt) > 2)
    nameless = keys(email=[f"{spelt}7@post.example"])
    assert f"mailbox_name:{spelt}" in nameless & set(named_mailbox_keys(named))
    assert "mailbox_name" not in rules(keys(given_name=first, family_name=last, email=[f"{spelt}7@post.example"]))


@pytest.mark.parametrize("street", ["12 rue des Lylas", "12, RUE  des Lilas", "12 rue d Lilas", "12 ru des Lilas"])
def test_a_misspelt_street_is_the_same_place(street):
    assert {"street_family", "street_initial"} <= rules(keys(**AT_HOME) & keys(**AT_HOME | {"street": street}))


@pytest.mark.parametrize("street", ["14 rue des Lilas", "12 quai Nord"])
def test_another_house_is_another_place(street):
    assert not {"street", "street_family", "street_initial"} & rules(
        keys(**AT_HOME) & keys(**AT_HOME | {"street": street})
    )


def test_whose_name_has_two_words_is_not_found_by_the_whole_of_it_and_whose_has_three_is_in_any_order():
    for family in ("Roux", "Le Roux"):
        assert "whole_name" not in rules(keys(given_name="Lucy", family_name=family))
    told = [("Lucy", "Ana", "Roux"), ("Ana", "Lucy", "Roux"), ("Roux", None, "Lucy Ana")]
    found = [keys(given_name=given, middle_name=middle, family_name=family) for given, middle, family in told]
    assert "whole_name:ana|lucy|roux" in set.intersection(*found)


@pytest.mark.parametrize(
    ("number", "halves"), [("123457", set()), ("1234578", {"number_head:123/r", "number_tail:4578/r"})]
)
def test_a_number_has_halves_only_where_they_are_long_enough_and_beside_a_family_name(number, halves):
    def told(**said):
        return {key for key in keys(national_id=[number], **said) if rule_of(key).startswith("number_")}

    assert told(family_name="Roux") == halves and told() == set()


def test_a_mailbox_of_two_characters_and_an_initial_bring_nobody_together():
    assert not {"mailbox", "mailbox_letters", "given", "family"} & rules(
        keys(given_name="J", family_name="M", email=["jm@post.example"])
    )


def test_columns_that_are_not_there_are_an_error_and_no_record_without_keys():
    with pytest.raises(KeyError):
        blocking_keys({"given": "anna"})
