from hypothesis import given
from hypothesis import strategies as st

from identity.matching.comparables import COMPARABLE_COLUMNS, RULE_BITS, RULES, comparables, hashed
from identity.matching.name_parts import NameFrequencies
from tests.spark_jobs.resolve.people import person

NAMES = NameFrequencies()
TEXT = st.none() | st.text(max_size=20)
RULE_OF = {number: rule for rule, number in RULES.items()}


@given(TEXT, TEXT, TEXT, st.lists(st.emails(), max_size=3))
def test_any_record_has_every_column_and_keys_of_known_rules(given_name, family_name, street, mails):
    found = comparables(person("r", given_name=given_name, family_name=family_name, street=street, email=mails), NAMES)
    assert set(COMPARABLE_COLUMNS) - {"record_id"} <= set(found)
    assert {key & RULE_BITS for key in [*found["keys"], *found["named_keys"]]} <= set(RULE_OF)


def test_every_rule_has_a_number_that_fits_into_a_key():
    assert sorted(RULES.values()) == list(range(len(RULES))) and len(RULES) <= RULE_BITS + 1


@given(st.text(), st.sampled_from(sorted(RULES)), st.sampled_from(sorted(RULES)))
def test_a_value_has_another_key_under_another_rule(value, one, other):
    assert (hashed(one, value) == hashed(other, value)) is (one == other)


def test_the_same_record_has_the_same_digest_and_a_changed_one_another():
    anna = {"given_name": "Anna", "family_name": "Roux", "email": ["anna@mail.example"]}
    digests = {comparables(person("r", **anna | more), NAMES)["digest"] for more in ({}, {}, {"family_name": "Petit"})}
    assert len(digests) == 2


def test_a_number_is_among_the_keys_that_records_find_each_other_by():
    found = comparables(person("r", given_name="Anna", email=["anna@mail.example"]), NAMES)
    assert {one["key"] for one in found["numbers"]} <= set(found["keys"])
    assert found["contact"] == hashed("email", "anna@mail.example")
