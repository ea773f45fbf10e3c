"""A pair has one weight: the model's where it was asked, a rule's where it was not or where a number says more."""

from collections.abc import Iterator
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.matching.pair_weight import CONTACT_POINTS, Pair, counts, pair_weights, pair_weights_sql
from spark_jobs.resolve.driver_engine import DriverEngine

Edge = tuple[Pair, str, float]
NUMBERS = ("same_loyalty_card", "same_user_id")
ENDS = [("left_id", pa.string()), ("right_id", pa.string())]
pairs = st.tuples(st.sampled_from("abc"), st.sampled_from("def"))
bits = st.integers(-400, 400).map(lambda one: one / 16)
scores = st.dictionaries(pairs, bits)
# The same rule may speak of a pair more than once.
edges = st.lists(st.tuples(pairs, st.sampled_from([*CONTACT_POINTS, *NUMBERS]), bits), max_size=20)


@pytest.fixture(scope="module")
def sql() -> Iterator[DriverEngine]:
    made = DriverEngine()
    yield made
    made.close()


def by_sql(sql: DriverEngine, scored: dict[Pair, float], said: list[Edge]) -> dict[Pair, float]:
    weights = ("weight", pa.float64())
    rows = [{"left_id": of[0], "right_id": of[1], "weight": weight} for of, weight in scored.items()]
    sql.give("scored", pa.Table.from_pylist(rows, schema=pa.schema([*ENDS, weights])))
    rows = [{"left_id": of[0], "right_id": of[1], "rule": rule, "weight": weight} for of, rule, weight in said]
    sql.give("edges", pa.Table.from_pylist(rows, schema=pa.schema([*ENDS, ("rule", pa.string()), weights])))
    found = sql.rows(pair_weights_sql("scored", "edges"))
    assert len(found) == len({row[:2] for row in found}), "one row a pair"
    return {(left, right): weight for left, right, weight in found}


@given(scores, edges)
@settings(max_examples=10)
def test_what_rules_say_again_and_again_weighs_the_same_in_sql(
    sql: DriverEngine, scored: dict[Pair, float], said: list[Edge]
) -> None:
    assert by_sql(sql, scored, said) == pair_weights(scored, said)


@given(scores, edges, st.randoms())
def test_the_order_of_edges_makes_no_difference(scored: dict[Pair, float], said: list[Edge], random: Random) -> None:
    before, shuffled = dict(scored), said.copy()
    random.shuffle(shuffled)
    assert pair_weights(scored, shuffled) == pair_weights(scored, said)
    assert scored == before, "what is given stays as it is"


@given(scores, edges)
def test_the_weight_of_a_pair_is_the_strongest_of_what_counts(scored: dict[Pair, float], said: list[Edge]) -> None:
    found = pair_weights(scored, said)
    assert found.keys() == scored.keys() | {of for of, _, _ in said}
    for of, weight in found.items():
        heard = [one for pair, rule, one in said if pair == of and counts(rule, of in scored)]
        assert weight == max([*heard, *([scored[of]] if of in scored else [])])


@pytest.mark.parametrize("rule", ["same_email", "same_phone"])
def test_a_contact_point_counts_only_of_a_pair_that_the_model_has_not_seen(rule: str) -> None:
    assert counts(rule, is_scored=False) and not counts(rule, is_scored=True)
    assert pair_weights({("a", "b"): -6.0}, [(("a", "b"), rule, 12.0), (("a", "c"), rule, -1.0)]) == {
        ("a", "b"): -6.0,
        ("a", "c"): -1.0,
    }


@pytest.mark.parametrize("rule", [*NUMBERS, "same_of_a_contract_alone"])
def test_a_number_counts_beside_the_model_and_never_against_it(rule: str) -> None:
    assert counts(rule, is_scored=False) and counts(rule, is_scored=True)
    for weight in (4.0, 12.0):
        assert pair_weights({("a", "b"): 8.0}, [(("a", "b"), rule, weight)]) == {("a", "b"): max(8.0, weight)}


def test_nothing_said_weighs_nothing(sql: DriverEngine) -> None:
    assert pair_weights({}, []) == by_sql(sql, {}, []) == {}
