"""Which event counts: laws that hold for every set of events."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from consent.current import current_event
from consent.model import ConsentEvent, ConsentState
from contracts.identifiers import Identifier

START = datetime(2024, 1, 1, tzinfo=UTC)
END = START + timedelta(days=9)
MAILS = [Identifier("email", f"{name}@inbox.example") for name in ("ana", "bea", "cleo", "dora")]


def _events(identifiers: list[Identifier]) -> st.SearchStrategy[list[ConsentEvent]]:
    event = st.builds(
        lambda identifier, purpose, state, day, number: ConsentEvent(
            f"{number}-{identifier.value}-{purpose}-{state}-{day}",
            identifier,
            purpose,
            state,
            START + timedelta(days=day),
            None,
        ),
        st.sampled_from(identifiers),
        st.sampled_from(["analytics", "personalisation"]),
        st.sampled_from(list(ConsentState)),
        st.integers(0, 3),
        st.integers(0, 2),
    )
    return st.lists(event, max_size=8)


def _permits(events: list[ConsentEvent]) -> bool:
    event = current_event(events, "analytics", END)
    return event is not None and event.state.permits


@given(_events(MAILS).flatmap(lambda events: st.tuples(st.just(events), st.permutations(events))))
def test_neither_order_nor_repetition_of_events_matters(both: tuple[list[ConsentEvent], list[ConsentEvent]]) -> None:
    events, shuffled = both
    assert current_event(events, "analytics", END) == current_event(shuffled + events, "analytics", END)


@given(_events(MAILS[:2]), _events(MAILS[2:]))
def test_the_union_of_identifiers_never_adds_a_permission(one: list[ConsentEvent], other: list[ConsentEvent]) -> None:
    if _permits(one + other):
        assert _permits(one) or _permits(other)
        for part in (one, other):
            assert _permits(part) or current_event(part, "analytics", END) is None


@given(_events(MAILS[:2]), _events(MAILS[2:]))
def test_a_person_is_as_restricted_as_their_most_restrictive_identifier(
    one: list[ConsentEvent], other: list[ConsentEvent]
) -> None:
    parts = [event for part in (one, other) if (event := current_event(part, "analytics", END))]
    merged = current_event(one + other, "analytics", END)
    if merged is None:
        assert parts == []
    else:
        assert merged.state.restrictiveness == max(event.state.restrictiveness for event in parts)


def test_the_latest_decision_about_an_identifier_counts() -> None:
    def event(state: ConsentState, day: int) -> ConsentEvent:
        return ConsentEvent(f"{day}{state}", MAILS[0], "analytics", state, START + timedelta(days=day), None)

    assert _permits([event(ConsentState.GIVEN, 2), event(ConsentState.WITHDRAWN, 1)])
    assert not _permits([event(ConsentState.GIVEN, 1), event(ConsentState.WITHDRAWN, 2)])
    assert not _permits([event(ConsentState.GIVEN, 1), event(ConsentState.WITHDRAWN, 1)])
