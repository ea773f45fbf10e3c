"""Which statement counts: the latest under a record, a topic's own first, the more human across records."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.dial.statements import Dial, Statement, counting, dial_of

START = datetime(2024, 5, 1, tzinfo=UTC)
CRM, WEB = "crm:1", "web:7"
TOPICS = (None, "cards", "loans")


def said(
    position: int, stated: int = 0, received: int | None = None, topic: str | None = None, by: str = CRM
) -> Statement:
    """A statement, with its two clocks as days since the start."""
    at, came = (START + timedelta(days=day) for day in (stated, stated if received is None else received))
    return Statement(by, topic, position, at, came, "chat", "bot")


@pytest.mark.parametrize(
    ("statements", "counts"),
    [
        # what was said, in days by the sender's and by our clock  ->  what counts
        ([said(20, 1), said(80, 2)], 80),  # the latest
        ([said(80, 1), said(20, 2)], 20),
        ([said(20, 1), said(80, 2), said(50, 3)], 50),
        ([said(20, 1, 5), said(80, 2, 5)], 80),  # a history that came together reads as it happened
        ([said(20, 5), said(80, 5)], 20),  # at the same time, the more human
        ([said(80, 2), said(20, 1, 3)], 20),  # a late word for people ends the move to self-service before it
        ([said(20, 2), said(80, 1, 3)], 20),  # a late move to self-service does not end the word for people after it
        ([said(80, 900, 1), said(20, 2)], 20),  # dated in the future, it outlives nothing
        ([said(20, 900, 1), said(80, 2)], 80),  # nor does a word for people, from which the customer moves on
    ],
)
def test_of_the_statements_under_one_record_the_latest_by_both_clocks_counts(
    statements: list[Statement], counts: int
) -> None:
    assert counting(statements).position == counts


@pytest.mark.parametrize(
    ("statements", "overall", "on_cards"),
    [
        ([], None, None),
        ([said(70)], 70, 70),
        ([said(70, topic="cards")], None, 70),
        ([said(10, 1), said(90, 2, topic="cards")], 10, 90),
        ([said(90, 1, topic="cards"), said(10, 2)], 10, 90),  # what is said overall later leaves the topic's own word
        ([said(10, topic="cards"), said(90)], 90, 10),
        ([said(30), said(60, 9, by=WEB)], 30, 30),  # across records the more human one, whichever came later
        ([said(90, topic="cards"), said(20, by=WEB)], 20, 20),  # the other record speaks of cards as of all
        ([said(90, topic="cards"), said(20), said(60, topic="cards", by=WEB)], 20, 60),
        ([said(90, topic="cards"), said(40, topic="loans", by=WEB)], None, 90),
    ],
)
def test_a_topics_own_word_goes_first_and_across_records_the_more_human_one(
    statements: list[Statement], overall: int | None, on_cards: int | None
) -> None:
    dial = dial_of(statements)
    assert (dial.on(None), dial.on("cards")) == (overall, on_cards)


def test_a_dial_says_where_its_positions_come_from() -> None:
    own = replace(said(90, topic="cards"), channel="app", stated_through="customer")
    dial = dial_of([own, said(20)])
    assert (dial.overall, dial.topics) == (said(20), {"cards": own})


@pytest.mark.parametrize("position", [-1, 101])
def test_a_position_beyond_the_ends_is_refused(position: int) -> None:
    with pytest.raises(ValueError, match=f"expected a position from 0 to 100, found {position}"):
        said(position)


days = st.integers(0, 4)
records = st.sampled_from(["crm:1", "web:7", "shop:2", "app:9"])
statements = st.builds(
    lambda position, stated, received, topic, by, channel: replace(
        said(position, stated, received, topic, by), channel=channel
    ),
    st.sampled_from([0, 20, 50, 80, 100]),
    days,
    days,
    st.sampled_from(TOPICS),
    records,
    st.sampled_from(["chat", "phone"]),
)
histories = st.lists(statements, max_size=12)


def as_human(dial: Dial, other: Dial) -> bool:
    """Whether on no topic the first dial is further from people than the second one."""
    told = [(dial.on(topic), other.on(topic)) for topic in TOPICS]
    return all(after is None or (before is not None and before <= after) for before, after in told)


def of(history: Iterable[Statement], named: set[str]) -> Dial:
    return dial_of(one for one in history if one.record_id in named)


@given(histories, st.randoms(use_true_random=False))
def test_the_order_in_which_statements_are_read_does_not_matter(history: list[Statement], random: object) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert dial_of(shuffled) == dial_of(history) == dial_of([*history, *history])


@given(histories, st.sets(records), st.sets(records))
def test_merging_two_people_never_leads_away_from_people(
    history: list[Statement], one: set[str], other: set[str]
) -> None:
    merged = of(history, one | other)
    assert as_human(merged, of(history, one)) and as_human(merged, of(history, other))


@given(st.lists(statements.map(lambda one: replace(one, record_id=CRM, topic=None)), min_size=1), statements)
def test_one_more_statement_leads_no_further_from_people_than_itself_or_what_counted(
    history: list[Statement], more: Statement
) -> None:
    more = replace(more, record_id=CRM, topic=None)
    assert counting([*history, more]).position <= max(counting(history).position, more.position)


@given(st.lists(statements.map(lambda one: replace(one, record_id=CRM, topic=None)), min_size=1))
def test_whoever_asks_for_people_last_by_our_clock_gets_them(history: list[Statement]) -> None:
    last = said(0, 5)
    assert counting([*history, last]).position == 0
