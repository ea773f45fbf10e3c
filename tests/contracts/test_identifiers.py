"""Identifiers have one normal form, and placeholders join nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.categories import Category
from contracts.identifiers import (
    KINDS,
    NULL_LIKE,
    OTHER_EXTERNAL_ID,
    InvalidIdentifier,
    is_blocklisted,
    is_nothing,
    kind_of,
    normalise,
    nothing_key,
)

raw_values = st.one_of(
    st.text(),
    st.emails(),
    st.text("0123456789+-. ()/", max_size=18),
    st.builds(
        "{}@{}".format, st.text("ab.+İß<", min_size=1, max_size=6), st.sampled_from(["X.Example", "münchen.example"])
    ),
)


@given(st.sampled_from([*KINDS, "library_card"]), raw_values, st.sampled_from([None, "FR", "US"]))
def test_normalising_a_normalised_identifier_gives_itself(kind: str, raw: str, region: str | None) -> None:
    try:
        once = normalise(kind, raw, region)
    except InvalidIdentifier:
        return
    assert normalise(kind, once.value, region) == once
    assert normalise(kind, once.value, None) == once


@given(
    st.sampled_from(["customer_number", "loyalty_card"]),
    st.text("AbcÉ0123-_", min_size=1),
    st.sampled_from([" ", "\t", " "]),
)
def test_case_and_blanks_do_not_tell_two_numbers_apart(kind: str, raw: str, blank: str) -> None:
    spelt = f"{blank}{raw.upper()}{blank}", blank.join(raw.lower())
    assert len({_normal(kind, one) for one in spelt}) == 1


def _normal(kind: str, raw: str) -> str | None:
    try:
        return normalise(kind, raw).value
    except InvalidIdentifier:  # nobody's, however it is spelt
        return None


@given(st.sampled_from(["email", "phone"]), st.text("abc@. ", max_size=9))
def test_an_error_never_repeats_the_value(kind: str, raw: str) -> None:
    with pytest.raises(InvalidIdentifier) as refused:
        normalise(kind, f"zq zq{raw}", "FR")
    assert "zq" not in str(refused.value)


@pytest.mark.parametrize(
    ("raw", "region"),
    [
        ("06 23 45 67 81", "FR"),
        ("+33 6 23 45 67 81", None),
        ("0033-6-23-45-67-81", "US"),
        ("+33 (0)6.23.45.67.81", "FR"),
        ("０６２３４５６７８１", "FR"),
    ],
)
def test_ways_to_write_one_phone_number_are_equal(raw: str, region: str | None) -> None:
    assert normalise("phone", raw, region).value == "+33623456781"


@pytest.mark.parametrize("raw", ["", "call me", "06 23", "0623456781" * 3])
def test_what_is_no_phone_number_is_refused(raw: str) -> None:
    with pytest.raises(InvalidIdentifier, match="phone: expected"):
        normalise("phone", raw, "FR")


def test_a_phone_without_country_code_needs_a_region() -> None:
    with pytest.raises(InvalidIdentifier, match="phone: expected"):
        normalise("phone", "0623456781", None)


@pytest.mark.parametrize(
    "raw", [" Claire.Martin@Post.Example ", "mailto:claire.martin@post.example", "<CLAIRE.MARTIN@post.example>"]
)
def test_ways_to_write_one_address_are_equal(raw: str) -> None:
    assert normalise("email", raw).value == "claire.martin@post.example"


def test_dots_at_the_ends_of_a_local_part_are_kept() -> None:
    assert normalise("email", "claire.@post.example").value == "claire.@post.example"


@pytest.mark.parametrize(
    "raw", ["", "claire", "claire@", "@post.example", "a b@post.example", "claire@post", "x" * 5000 + "@post.example"]
)
def test_what_is_no_email_address_is_refused(raw: str) -> None:
    with pytest.raises(InvalidIdentifier, match="email: expected"):
        normalise("email", raw)


def test_punctuation_does_not_tell_two_national_ids_apart() -> None:
    assert normalise("national_id", "444-20-4950") == normalise("national_id", "444 20 4950")


@pytest.mark.parametrize("kind", ["national_id", "loyalty_card"])
def test_a_blank_identifier_is_refused(kind: str) -> None:
    with pytest.raises(InvalidIdentifier, match=f"{kind}: expected a value"):
        normalise(kind, " \t ")


@pytest.mark.parametrize("word", sorted(NULL_LIKE))
def test_null_like_values_mean_nothing_in_any_case(word: str) -> None:
    assert is_nothing(f"  {word.upper()} ")
    assert is_blocklisted("customer_number", word)


def test_a_contract_may_add_its_own_nothings_in_any_accents() -> None:
    assert is_nothing("NEANT", frozenset([nothing_key("Néant")]))
    assert not is_nothing("Néant")


@given(st.text())
def test_the_key_of_a_null_like_key_is_itself(text: str) -> None:
    assert nothing_key(nothing_key(text)) == nothing_key(text)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "info@shop.example"),
        ("email", "noreply@shop.example"),
        ("phone", "+33612345678"),
        ("phone", "+33666666666"),
        ("phone", "+33600000000"),
        ("phone", "+12065550000000"),
        ("phone", "+12061234567"),
        ("phone", "+19999999999"),
        ("national_id", "000000000"),
        ("national_id", "1234"),
        ("loyalty_card", "0000"),
        ("device_id", "unknown"),
    ],
)
def test_placeholders_join_nobody(kind: str, value: str) -> None:
    assert is_blocklisted(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "claire.martin@post.example"),
        ("email", "informatique@post.example"),
        ("phone", "+33623456781"),
        ("phone", "+33651234567"),
        ("phone", "+33622222220"),
        ("phone", "+12062222222"),
        ("phone", "+33140000000"[:-1] + "1"),
        ("national_id", "444204950"),
        ("loyalty_card", "1000"),
    ],
)
def test_a_number_that_only_looks_simple_still_joins(kind: str, value: str) -> None:
    assert not is_blocklisted(kind, value)


def test_a_kind_that_only_a_contract_names_is_one_persons() -> None:
    assert kind_of("library_card") == OTHER_EXTERNAL_ID
    assert kind_of("library_card").cap == 1


def test_a_national_id_is_sensitive_and_contradicts() -> None:
    assert kind_of("national_id").category is Category.SENSITIVE
