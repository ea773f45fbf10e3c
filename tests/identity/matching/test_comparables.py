from hypothesis import given
from hypothesis import strategies as st

from identity.matching.blocking import CAPS, blocking_keys, named_mailbox_keys, rule_of
from identity.matching.comparables import COLUMNS, comparables
from identity.matching.name_parts import NameFrequencies, given_names_compatible, name_parts
from tests.spark_jobs.resolve.people import person

TEXT = st.none() | st.text(max_size=20)


@given(TEXT, TEXT, TEXT, TEXT, TEXT)
def test_any_text_gives_every_column_and_keys_of_known_rules(given_name, family_name, street, unit, birth):
    record = person("r", given_name=given_name, family_name=family_name, street=street, unit=unit)
    columns = comparables(record | {"birth_typed": birth})
    assert set(columns) == set(COLUMNS)
    assert {rule_of(key) for key in blocking_keys(columns)} <= set(CAPS)


def test_empty_records_have_no_keys():
    assert blocking_keys(comparables(person("r", given_name="", family_name=" ", street=""))) == []


def test_names_in_another_script_keep_their_letters():
    columns = comparables(person("r", given_name="مريم", family_name="😀 حداد"))
    assert columns["given"] == "مريم"
    assert columns["family"] == "حداد"


def test_a_surname_of_one_letter_is_a_misread_order():
    parts = name_parts("Garcia", "Velez Lilah", "E")
    assert (parts.given, parts.middle, parts.family) == ("lilah", ("e",), "garciavelez")


def test_role_words_are_no_given_names():
    assert name_parts("Mother", None, "Diallo").given is None
    assert name_parts("Fille", None, "Diallo").initial is None


def test_usage_puts_exchanged_names_in_order():
    names = NameFrequencies({"emilie": 0.01}, {"petit": 0.01})
    columns = comparables(person("r", given_name="Petit", family_name="Émilie"), names)
    assert (columns["given"], columns["family"]) == ("emilie", "petit")
    unsure = NameFrequencies({"martin": 0.01, "thomas": 0.01}, {"martin": 0.01, "thomas": 0.01})
    assert comparables(person("r", given_name="Martin", family_name="Thomas"), unsure)["given"] == "martin"


def test_short_forms_and_initials_are_compatible_and_siblings_are_not():
    assert given_names_compatible("bob", "robert")
    assert given_names_compatible("r", "robert")
    assert not given_names_compatible("paul", "marie")


def test_a_mailbox_tells_letters_digits_and_a_birth_year():
    columns = comparables(person("r", given_name="Don", family_name="Muldoon", email=["don.muldoon58@post.example"]))
    assert (columns["mailbox_letters"], columns["mailbox_digits"]) == ("donmuldoon", "58")
    assert columns["year_hint"] == "58"
    assert columns["mailbox_is_name"]


def test_a_nameless_mailbox_meets_the_person_whose_name_it_spells():
    nameless = comparables(person("a", email=["griordan86@post.example"]))
    named = comparables(person("b", given_name="Glenn", family_name="Riordan"))
    assert set(blocking_keys(nameless)) & set(named_mailbox_keys(named)) == {"mailbox_name:griordan"}


def test_role_mailboxes_bring_nobody_together():
    columns = comparables(person("r", email=["info@shop.example"]))
    assert columns["emails"] is None


def test_without_a_street_the_postcode_brings_misspelt_names_together():
    one, other = (
        set(blocking_keys(comparables(person("r", given_name=given, family_name=family, postcode="27318"))))
        for given, family in (("Kascy", "Hular"), ("Kasey", "Hulra"))
    )
    assert {key for key in one & other if "27318" in key} == {
        "street_initial:27318/k",
        "street_family:27318/HLR",
        "area_family:27318/HLR",
    }


WORDS = st.none() | st.sampled_from(["anna", "Roux", "li", "o", "Mother", "unknown", "jr", "Le Roux", "", "  "])


@given(WORDS, WORDS)
def test_names_of_a_word_each_have_the_parts_that_any_name_has(given_name, family_name):
    at_length = name_parts(given_name, " ", family_name)  # a middle name of which nothing is left
    assert name_parts(given_name, None, family_name) == at_length
