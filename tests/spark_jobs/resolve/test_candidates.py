"""Two records are proposed where few enough hold a key of theirs and one of them asks for it."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.matching.comparables import RULES
from identity.matching.rules import SHIPPED
from spark_jobs.resolve.candidates import active_among, propose_affected, propose_all, propose_among
from spark_jobs.resolve.driver_engine import DriverEngine

CAPS = SHIPPED.blocking_caps | {"email": 3, "phone": 2, "mailbox_name": 3}
RULES_OF_FEW = SHIPPED.model_copy(update={"blocking_caps": CAPS})
IDS = "abcdefg"
Keys = frozenset[tuple[str, int]]
Held = dict[str, tuple[Keys, Keys]]
"""record -> its keys, and the keys under which a nameless mailbox would find it: a record has some of one sort."""

numbered = st.tuples(st.sampled_from(["email", "phone"]), st.integers(-1, 1))
named = st.tuples(st.just("mailbox_name"), st.integers(-1, 0))
nameless = st.tuples(st.frozensets(numbered | named, max_size=3), st.just(frozenset()))
called = st.tuples(st.frozensets(numbered, max_size=3), st.frozensets(named, max_size=2))
held = st.dictionaries(st.sampled_from(IDS), nameless | called)


@pytest.fixture(scope="module")
def sql() -> Iterator[DriverEngine]:
    made = DriverEngine()
    yield made
    made.close()


def key(rule: str, value: int) -> int:
    """As comparables have it: the number of its rule in the lowest bits."""
    return value * 32 | RULES[rule]


def keyed(sql: DriverEngine, records: Held) -> None:
    columns = [[[key(*one) for one in said[side]] for said in records.values()] for side in (0, 1)]
    arrays = [pa.array(list(records), pa.string()), *(pa.array(column, pa.list_(pa.int64())) for column in columns)]
    sql.give("keyed", pa.table(arrays, names=["record_id", "keys", "named_keys"]))


def proposed(sql: DriverEngine, suffix: str = "") -> set[tuple[str, str]]:
    found = sql.rows(f"select left_id, right_id from proposed{suffix}")
    assert len(found) == len(set(found)), "each pair once"
    return set(found)


def expected(records: Held) -> set[tuple[str, str]]:
    """The same in few words."""
    holders: dict[tuple[str, int], set[str]] = defaultdict(set)
    asking = {one for keys, _ in records.values() for one in keys}
    for record, (keys, names) in records.items():
        for one in keys | names:
            holders[one].add(record)
    few = [held for one, held in holders.items() if one in asking and len(held) <= CAPS[one[0]]]
    return {pair for held in few for pair in combinations(sorted(held), 2)}


def all_of(sql: DriverEngine, **keys: tuple[str, int]) -> set[tuple[str, str]]:
    keyed(sql, {record: (frozenset([one]), frozenset()) for record, one in keys.items()})
    propose_all(sql, RULES_OF_FEW)
    return proposed(sql)


@given(held, st.sets(st.sampled_from(IDS)))
@settings(max_examples=25)
def test_some_records_are_proposed_the_pairs_that_they_have_among_all(
    sql: DriverEngine, records: Held, chosen: set[str]
) -> None:
    keyed(sql, records)
    sql.put("chosen", ["record_id"], [(one,) for one in chosen])
    propose_all(sql, RULES_OF_FEW)
    propose_among(sql, RULES_OF_FEW, "chosen", "_chosen")
    assert proposed(sql) == expected(records)
    assert proposed(sql, "_chosen") == {pair for pair in expected(records) if chosen.issuperset(pair)}


def test_a_key_proposes_up_to_its_cap_of_holders_and_beyond_it_nobody(sql: DriverEngine) -> None:
    mail, tel = ("email", 7), ("phone", 7)
    assert all_of(sql, a=mail, b=mail, c=mail) == {("a", "b"), ("a", "c"), ("b", "c")}
    assert all_of(sql, a=mail, b=mail, c=mail, d=mail) == set()
    assert all_of(sql, a=tel, b=tel, c=mail) == {("a", "b")}, "each rule has its own"
    assert all_of(sql, a=tel, b=tel, c=tel) == set()


def test_a_cap_counts_all_holders_also_where_few_are_looked_at(sql: DriverEngine) -> None:
    all_of(sql, **dict.fromkeys("abcd", ("email", 7)))
    sql.put("chosen", ["record_id"], [("a",), ("b",)])
    propose_among(sql, RULES_OF_FEW, "chosen", "_chosen")
    assert proposed(sql, "_chosen") == set()


def test_a_key_that_nobody_asks_for_proposes_nobody_and_one_who_asks_brings_all_its_holders_together(
    sql: DriverEngine,
) -> None:
    spelt = frozenset([("mailbox_name", 1)])
    names: Held = {one: (frozenset(), spelt) for one in "ab"}
    keyed(sql, names)
    propose_all(sql, RULES_OF_FEW)
    assert proposed(sql) == set()
    keyed(sql, names | {"m": (spelt, frozenset())})
    propose_all(sql, RULES_OF_FEW)
    assert proposed(sql) == {("a", "b"), ("a", "m"), ("b", "m")}


def test_a_key_of_one_holder_is_not_active_and_one_value_under_two_rules_is_two_keys(sql: DriverEngine) -> None:
    assert all_of(sql, a=("email", -1), b=("phone", -1), c=("email", 1)) == set()
    assert sql.rows(active_among("held_keys", RULES_OF_FEW)) == []


def test_affected_records_are_proposed_to_whoever_holds_an_active_key_whichever_id_is_the_first(
    sql: DriverEngine,
) -> None:
    holders = {"held_keys": [("m", 32), ("m", 64)], "key_neighbours": [("a", 32), ("m", 32), ("z", 32), ("z", 64)]}
    for name, rows in holders.items():
        sql.let(name, f"select * from (values {', '.join(map(str, rows))}) v(record_id, key)")
    sql.let("active_keys", "select 32 as key")
    propose_affected(sql)
    assert proposed(sql) == {("a", "m"), ("m", "z")}


def test_no_records_have_no_pairs(sql: DriverEngine) -> None:
    assert all_of(sql) == set()
