"""Which of the decisions under one identifier counts, where the sender's clock and ours differ."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.current import effective_consent
from consent.model import ConsentEvent, ConsentState, EffectiveConsent, Purpose
from consent.purposes import published_purposes
from contracts.identifiers import Identifier

START = datetime(2024, 1, 1, tzinfo=UTC)
END = START + timedelta(days=9)
ANA = Identifier("email", "ana@inbox.example")
ONE_RECORD = frozenset({frozenset({ANA})})
PURPOSES = published_purposes()
PROFILING = PURPOSES["personalisation"]


def stands(purpose: Purpose, events: list[ConsentEvent]) -> EffectiveConsent:
    return effective_consent(events, purpose, END, ONE_RECORD)


days = st.integers(0, 5)
words = st.lists(st.tuples(days, days, st.sampled_from(ConsentState)), max_size=6)


def by_two_clocks(heard: Iterable[tuple[int, int, ConsentState]]) -> list[ConsentEvent]:
    """Decisions of one person under one identifier: the day that the sender tells, the day that we received it."""
    return [
        ConsentEvent(
            f"{number}", ANA, PROFILING.id, state, START + timedelta(days=told), "2020-1",
            received_at=START + timedelta(days=received),
        )
        for number, (told, received, state) in enumerate(heard)
    ]  # fmt: skip


@settings(max_examples=1_000, deadline=None, database=None)
@given(words, days, st.sampled_from([one for one in ConsentState if not one.permits]))
def test_a_no_that_was_received_after_every_yes_wins_whatever_the_clocks_say(
    heard: list[tuple[int, int, ConsentState]], told: int, no: ConsentState
) -> None:
    for ahead in (told, 400 * 75):  # also one dated 75 years ahead
        assert not stands(PROFILING, by_two_clocks([*heard, (ahead, 6, no)])).state.permits


@settings(max_examples=1_000, deadline=None, database=None)
@given(words)
def test_a_yes_permits_only_if_it_is_later_than_every_other_word_by_both_clocks(
    heard: list[tuple[int, int, ConsentState]],
) -> None:
    yes = [(told, received) for told, received, state in heard if state.permits]
    against = [(min(told, received), received) for told, received, state in heard if not state.permits]
    expected = any(all(told > one and received >= other for one, other in against) for told, received in yes)
    assert stands(PROFILING, by_two_clocks(heard)).state.permits == expected


@settings(max_examples=1_000, deadline=None, database=None)
@given(words, days, days)
def test_only_a_yes_lifts_an_objection(heard: list[tuple[int, int, ConsentState]], told: int, received: int) -> None:
    silent = [one for one in heard if not one[2].permits]
    objection = (told, received, ConsentState.REFUSED)
    advice = [replace(one, purpose="advice") for one in by_two_clocks([*silent, objection])]
    assert stands(PURPOSES["advice"], advice).state.refuses


@settings(max_examples=1_000, deadline=None, database=None)
@given(words)
def test_an_objection_stands_until_a_yes_is_later_than_it_by_both_clocks(
    heard: list[tuple[int, int, ConsentState]],
) -> None:
    yes = [(told, received) for told, received, state in heard if state.permits]
    no = [(min(told, received), received) for told, received, state in heard if state.refuses]
    left = [one for one in no if not any(told > one[0] and received >= one[1] for told, received in yes)]
    over_all = any(all(told > one and received >= other for one, other in no) for told, received in yes)
    asked_again = any(not state.permits and not state.refuses for _, _, state in heard)
    advice = [replace(one, purpose="advice") for one in by_two_clocks(heard)]
    expected = bool(left) or (bool(no) and not over_all and not asked_again)
    assert stands(PURPOSES["advice"], advice).state.refuses == expected


@pytest.mark.parametrize(
    ("heard", "permits"),
    [
        ([(400 * 75, 1, ConsentState.GIVEN), (2, 2, ConsentState.WITHDRAWN)], False),
        ([(3, 3, ConsentState.GIVEN), (1, 5, ConsentState.REFUSED)], False),
        ([(2, 2, ConsentState.REFUSED), (1, 5, ConsentState.GIVEN)], False),
        ([(2, 2, ConsentState.REFUSED), (2, 2, ConsentState.GIVEN)], False),
        ([(1, 5, ConsentState.REFUSED), (2, 5, ConsentState.GIVEN)], True),
        ([(1, 5, ConsentState.GIVEN), (2, 5, ConsentState.REFUSED)], False),
        ([(2, 2, ConsentState.REFUSED), (3, 3, ConsentState.GIVEN)], True),
    ],
    ids=[
        "a yes dated 2099, withdrawn today",
        "an old no in a file that comes late",
        "an old yes in a file that comes late",
        "at the same time by both clocks",
        "a history in one file that ends with a yes",
        "a history in one file that ends with a no",
        "a change of mind",
    ],
)
def test_the_table_of_the_two_clocks(heard: list[tuple[int, int, ConsentState]], permits: bool) -> None:
    for order in (heard, heard[::-1]):
        assert stands(PROFILING, by_two_clocks(order)).state.permits == permits
