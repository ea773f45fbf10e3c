"""One component is parted the same way in any order of its evidence, and never against what is certain."""

from collections.abc import Iterable
from itertools import combinations
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.clustering.agglomerate import LIMIT, agglomerate
from identity.matching.rules import SHIPPED, Rules

GROUP = list(range(7))
PAIRS = list(combinations(GROUP, 2))
YOUNG, OLD = {"whole_birth": "1986-09-30", "whole_year": 1986}, {"whole_birth": "1958-04-12", "whole_year": 1958}
weights = st.dictionaries(st.sampled_from(PAIRS), st.integers(-20, 20).map(float), max_size=len(PAIRS))
some_pairs = st.lists(st.sampled_from(PAIRS), unique=True, max_size=4)
logins = st.dictionaries(st.sampled_from(GROUP), st.sampled_from("xy"), max_size=4)
births = st.dictionaries(st.sampled_from(GROUP), st.sampled_from([YOUNG, OLD]), max_size=4)
Weights = dict[tuple[int, int], float]
Pairs = list[tuple[int, int]]


def parts(
    group: list[int],
    weights: Weights,
    forbidden: Iterable[tuple[int, int]] = (),
    forced: Iterable[tuple[int, int]] = (),
    logins: dict[int, str] | None = None,
    traits: dict[int, dict[str, Any]] | None = None,
    rules: Rules = SHIPPED,
) -> list[list[int]]:
    numbers = {one: {"user_id": {login}} for one, login in (logins or {}).items()}
    said = {one: [trait] for one, trait in (traits or {}).items()}
    found = agglomerate(group, weights, list(forbidden), list(forced), numbers, said, rules, "dates")
    return sorted(sorted(part) for part in found)


def at_most(largest: int) -> Rules:
    return SHIPPED.model_copy(update={"largest_cluster": largest})


@given(weights, some_pairs, some_pairs, logins, births, st.randoms())
@settings(max_examples=200)
def test_the_order_of_records_evidence_and_bars_makes_no_difference(
    weights: Weights, forbidden: Pairs, forced: Pairs, logins: dict[int, str], births: dict[int, Any], random: Random
) -> None:
    def shuffled(some: list[Any]) -> list[Any]:
        return random.sample(some, len(some))

    again = parts(
        shuffled(GROUP), dict(shuffled([*weights.items()])), shuffled(forbidden), forced, logins=logins, traits=births
    )
    assert again == parts(GROUP, weights, forbidden, forced, logins, births)


@given(weights, some_pairs, some_pairs, logins, births, st.integers(2, 7))
@settings(max_examples=200)
def test_whatever_else_is_said_what_must_stay_apart_does_and_each_record_is_in_one_part(
    weights: Weights, forbidden: Pairs, forced: Pairs, logins: dict[int, str], births: dict[int, Any], largest: int
) -> None:
    found = parts(GROUP, weights, forbidden, forced, logins, births, at_most(largest))
    assert sorted(one for part in found for one in part) == GROUP
    assert not any(a in part and b in part for part in found for a, b in forbidden)


@given(weights, some_pairs, logins, births, st.integers(2, 7))
@settings(max_examples=200)
def test_what_must_be_together_is_against_all_evidence_logins_dates_and_the_largest_size(
    weights: Weights, forced: Pairs, logins: dict[int, str], births: dict[int, Any], largest: int
) -> None:
    found = parts(GROUP, weights, (), forced, logins, births, at_most(largest))
    assert all(any(a in part and b in part for part in found) for a, b in forced)


@given(weights, logins, births, st.integers(2, 7))
@settings(max_examples=200)
def test_evidence_alone_makes_no_part_too_large_and_none_of_two_logins_or_two_dates(
    weights: Weights, logins: dict[int, str], births: dict[int, Any], largest: int
) -> None:
    for part in parts(GROUP, weights, (), (), logins, births, at_most(largest)):
        assert len(part) <= largest
        assert len({logins[one] for one in part if one in logins}) <= 1
        assert len({births[one]["whole_birth"] for one in part if one in births}) <= 1


def test_of_three_that_must_be_together_two_that_must_not_be_are_not_and_the_first_pair_is_kept() -> None:
    assert parts([0, 1, 2], {}, [(0, 2)], [(0, 1), (1, 2)]) == [[0, 1], [2]]
    assert parts([0, 1, 2], {}, [(0, 2)], [(1, 2), (0, 1)]) == [[0], [1, 2]]
    assert parts([0, 1], {(0, 1): LIMIT}, [(0, 1)], [(0, 1)]) == [[0], [1]], "never both"


@pytest.mark.parametrize(("weight", "joins"), [(SHIPPED.merge_at, True), (SHIPPED.merge_at - 0.01, False)])
def test_two_records_merge_from_the_threshold_on(weight: float, joins: bool) -> None:
    assert (parts([0, 1], {(0, 1): weight}) == [[0, 1]]) is joins


def test_every_pair_of_two_parts_is_heard_also_one_that_nothing_is_known_of() -> None:
    close = {(0, 1): 19.0, (0, 2): 2.0}
    assert parts([0, 1, 2], close | {(1, 2): 2.0}) == [[0, 1, 2]]
    assert parts([0, 1, 2], close) == [[0, 1], [2]], "mild evidence against"
    lenient = SHIPPED.model_copy(update={"unproposed": 0.0})
    assert parts([0, 1, 2], close, rules=lenient) == [[0, 1, 2]]


@pytest.mark.parametrize(("yes", "no", "joins"), [(10.0, -14.0, True), (7.0, -19.0, False)])
def test_one_good_pair_joins_a_record_as_far_as_the_mean_of_all_its_pairs_allows(
    yes: float, no: float, joins: bool
) -> None:
    for heard in ({(0, 2): no, (1, 2): yes}, {(0, 2): yes, (1, 2): no}):
        assert (parts([0, 1, 2], {(0, 1): 20.0} | heard) == [[0, 1, 2]]) is joins


def test_the_strongest_evidence_comes_first_and_takes_the_place_of_weaker() -> None:
    assert parts([0, 1, 2], {(0, 1): 5.0, (1, 2): 6.0, (0, 2): 6.0}, rules=at_most(2)) == [[0, 2], [1]]
    assert parts([0, 1, 2], {(0, 1): 5.0, (1, 2): 9.0}, [(0, 2)]) == [[0], [1, 2]]


def test_whoever_has_two_logins_by_a_stewards_word_is_whoever_has_either() -> None:
    heard, forced = {(0, 2): 9.0, (1, 2): 9.0}, [(0, 1)]
    assert parts([0, 1, 2], heard, (), forced, {0: "x", 1: "y", 2: "y"}) == [[0, 1, 2]]
    assert parts([0, 1, 2], heard, (), forced, {0: "x", 1: "y", 2: "z"}) == [[0, 1], [2]]


def test_two_dates_keep_apart_until_one_side_comes_to_know_that_it_has_both() -> None:
    traits = {0: OLD | {"national_id": "158041234567890"}, 1: YOUNG | {"national_id": "158041234567890"}, 2: YOUNG}
    heard = {(0, 1): 5.0, (0, 2): 15.0, (1, 2): 4.0}
    assert parts([0, 1, 2], heard, traits=traits) == [[0, 1, 2]]
    assert parts([0, 2], {(0, 2): 15.0}, traits=traits) == [[0], [2]]


def test_a_record_that_nothing_is_known_of_is_alone() -> None:
    assert parts([], {}) == [] and parts([3], {}) == [[3]] and parts([0, 3], {}) == [[0], [3]]
