from hypothesis import given
from hypothesis import strategies as st

from identity.matching.blocking import CAPS, blocking_keys, named_mailbox_keys, rule_of
from identity.matching.comparison_columns import COLUMNS, comparison_columns
from identity.matching.comparisons import BY_NAME
from identity.matching.frequencies import counted_frequencies
from identity.matching.levels import gamma
from identity.matching.name_parts import NameFrequencies, first_given, given_names_compatible, name_parts
from tests.spark_jobs.resolve.people import person

TEXT = st.none() | st.text(max_size=20)


@given(TEXT, TEXT, TEXT, TEXT, TEXT)
def test_any_text_gives_every_column_and_keys_of_known_rules(given_name, family_name, street, unit, birth):
    record = person("r", given_name=given_name, family_name=family_name, street=street, unit=unit)
    columns = comparison_columns(record | {"birth_typed": birth})
    assert set(columns) == set(COLUMNS)
    assert {rule_of(key) for key in blocking_keys(columns)} <= set(CAPS)


def test_empty_records_have_no_keys():
    assert blocking_keys(comparison_columns(person("r", given_name="", family_name=" ", street=""))) == []


def test_names_in_another_script_keep_their_letters():
    columns = comparison_columns(person("r", given_name="مريم", family_name="😀 حداد"))
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
    columns = comparison_columns(person("r", given_name="Petit", family_name="Émilie"), names)
    assert (columns["given"], columns["family"]) == ("emilie", "petit")
    unsure = NameFrequencies({"martin": 0.01, "thomas": 0.01}, {"martin": 0.01, "thomas": 0.01})
    assert comparison_columns(person("r", given_name="Martin", family_name="Thomas"), unsure)["given"] == "martin"


def test_short_forms_and_initials_are_compatible_and_siblings_are_not():
    assert given_names_compatible("bob", "robert")
    assert given_names_compatible("r", "robert")
    assert not given_names_compatible("paul", "marie")


def test_a_mailbox_tells_letters_digits_and_a_birth_year():
    columns = comparison_columns(
        person("r", given_name="Don", family_name="Muldoon", email=["don.muldoon58@post.example"])
    )
    assert (columns["mailbox_letters"], columns["mailbox_digits"]) == ("donmuldoon", "58")
    assert columns["year_hint"] == "58"
    assert columns["mailbox_is_name"]


def test_a_nameless_mailbox_meets_the_person_whose_name_it_spells():
    nameless = comparison_columns(person("a", email=["griordan86@post.example"]))
    named = comparison_columns(person("b", given_name="Glenn", family_name="Riordan"))
    assert set(blocking_keys(nameless)) & set(named_mailbox_keys(named)) == {"mailbox_name:griordan"}


def test_role_mailboxes_bring_nobody_together():
    columns = comparison_columns(person("r", email=["info@shop.example"]))
    assert columns["emails"] is None


def test_without_a_street_the_postcode_brings_misspelt_names_together():
    one, other = (
        set(blocking_keys(comparison_columns(person("r", given_name=given, family_name=family, postcode="27318"))))
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


TOWN = NameFrequencies({"ana": 0.01, "kingsley": 0.01}, {"martinez": 0.01, "kingsley": 0.01})


def test_a_lone_name_that_is_used_as_a_surname_is_one_and_the_letter_beside_it_an_initial():
    columns = comparison_columns(person("r", given_name="Martinez", family_name="J"), TOWN)
    assert (columns["given"], columns["initial"], columns["family"]) == (None, "j", "martinez")
    assert comparison_columns(person("r", given_name="Ana"), TOWN)["given"] == "ana"
    assert comparison_columns(person("r", given_name="Kingsley"), TOWN)["given"] == "kingsley"


def test_an_initial_may_be_that_of_a_second_given_name():
    given = gamma(BY_NAME["given_name"])
    labels = BY_NAME["given_name"].labels[::-1]
    ana = comparison_columns(person("a", given_name="Ana", middle_name="J", family_name="Martinez"), TOWN)
    for letter, level in (("J", "initial"), ("A", "initial"), ("K", "another initial")):
        lone = comparison_columns(person("b", given_name="Martinez", family_name=letter), TOWN)
        assert labels[given(ana, lone)] == level


def test_what_stands_for_a_given_name_tells_no_holder_from_another():
    for said in ({"given_name": "Wife", "family_name": "Martinez"}, {"given_name": "Martinez"}):
        one = person("r", **said)
        assert first_given(one, comparison_columns(one, TOWN)) is None


def test_words_of_forms_are_no_names():
    assert name_parts("Lady", None, "In The Coulombe").family == "coulombe"
    assert name_parts("Ana", None, "Apellido").family is None
    assert name_parts("Ana", None, "No Last Name").family is None
    assert name_parts("Ana", None, "Last").family == "last"


def test_double_surnames_written_apart_bring_their_records_together():
    apart = comparison_columns(person("a", given_name="Lucy", middle_name="Martinez", family_name="Remedios"))
    together = comparison_columns(person("b", given_name="Lucy", family_name="Martinez Remedios"))
    assert "whole_name:lucy|martinez|remedios" in {*blocking_keys(apart)} & {*blocking_keys(together)}


def test_a_given_name_and_a_year_bring_together_whose_surname_is_misspelt_or_missing():
    named = comparison_columns(person("a", given_name="Erma", family_name="Dobis", birth_typed="1939-01-20"))
    misspelt = comparison_columns(person("b", given_name="Erma", family_name="Kobis", birth_year=1939))
    nameless = comparison_columns(person("c", birth_year=1939, email=["erma91@post.example"]))
    assert all("given_year:1939/ERM" in blocking_keys(one) for one in (named, misspelt, nameless))


def test_one_half_of_a_mistyped_number_is_as_it_was():
    one, other = (
        set(blocking_keys(comparison_columns(person("r", family_name="Roux", national_id=[number]))))
        for number in ("384127645", "384127946")
    )
    assert "number_head:3841/r" in one & other
    assert not any(key.startswith("number_tail") for key in one & other)


def test_of_one_persons_records_none_is_a_strangers():
    names = counted_frequencies([("Ana", None, "Rare", 5), ("Ana", None, "Roux", 2), ("Paul", None, "Roux", 3)])
    assert names.family["rare"] < names.family["roux"]
    assert "martinez" not in counted_frequencies([("Martinez", None, None, 3)]).given
