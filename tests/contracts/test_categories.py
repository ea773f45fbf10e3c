"""Computed traits inherit the strictest of their inputs' categories."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.categories import Category, strictest

some_categories = st.lists(st.sampled_from(Category), min_size=1)


@given(some_categories)
def test_the_strictest_category_is_one_of_the_inputs_and_at_least_as_strict_as_each(inputs: list[Category]) -> None:
    found = strictest(inputs)
    assert found in inputs
    order = list(Category)
    assert all(order.index(found) >= order.index(one) for one in inputs)


@given(some_categories, some_categories)
def test_a_trait_of_traits_inherits_as_if_computed_at_once(left: list[Category], right: list[Category]) -> None:
    assert strictest([strictest(left), strictest(right)]) == strictest(left + right)


def test_sensitive_outranks_everything() -> None:
    assert strictest(list(Category)) is Category.SENSITIVE


def test_a_trait_without_labelled_inputs_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at least one data category, found none"):
        strictest([])


def test_an_unknown_category_is_refused() -> None:
    with pytest.raises(ValueError, match="secret"):
        strictest(["identity", "secret"])
