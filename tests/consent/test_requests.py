"""A privacy request's way: no step out of turn, due by the calendar, extended once and with a reason."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.requests import (
    NEEDS_NOTE,
    STEPS,
    RequestKind,
    RequestState,
    RequestStep,
    StepNotPossible,
    advance,
    is_overdue,
    possible_steps,
    received,
)
from contracts.dates import months_later

AT = datetime(2024, 1, 31, 22, tzinfo=UTC)
REQUEST = received("r1", RequestKind.ACCESS, "p", AT)


@pytest.mark.parametrize(
    ("day", "months", "due"),
    [
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2024, 1, 31), 3, date(2024, 4, 30)),
        (date(2024, 12, 5), 1, date(2025, 1, 5)),
        (date(2024, 11, 30), 3, date(2025, 2, 28)),
    ],
)
def test_due_dates_follow_the_calendar(day: date, months: int, due: date) -> None:
    assert months_later(day, months) == due


def test_an_unverified_request_does_not_proceed() -> None:
    for step in (RequestStep.START, RequestStep.EXTEND, RequestStep.COMPLETE):
        with pytest.raises(StepNotPossible, match="found one that is received"):
            advance(REQUEST, step, AT.date(), "reason")


@pytest.mark.parametrize("step", sorted(NEEDS_NOTE))
@pytest.mark.parametrize("note", [None, "", "  "])
def test_checking_extending_and_refusing_need_their_note(step: RequestStep, note: str | None) -> None:
    request = REQUEST
    if step is RequestStep.EXTEND:
        request = advance(advance(REQUEST, RequestStep.CHECK_IDENTITY, AT.date(), "seen"), RequestStep.START, AT.date())
    with pytest.raises(StepNotPossible, match="in `note`, found none"):
        advance(request, step, AT.date(), note)


def test_it_is_extended_by_two_months_once_and_within_the_first() -> None:
    started = advance(advance(REQUEST, RequestStep.CHECK_IDENTITY, AT.date(), "seen"), RequestStep.START, AT.date())
    with pytest.raises(StepNotPossible, match="was due already"):
        advance(started, RequestStep.EXTEND, date(2024, 3, 1), "many records")
    extended = advance(started, RequestStep.EXTEND, date(2024, 2, 29), "many records")
    assert (extended.due_on, extended.state) == (date(2024, 4, 30), RequestState.EXTENDED)
    with pytest.raises(StepNotPossible):
        advance(extended, RequestStep.EXTEND, date(2024, 3, 1), "still more")


def test_only_open_requests_are_overdue_and_only_after_the_last_day() -> None:
    assert not is_overdue(REQUEST, date(2024, 2, 29))
    assert is_overdue(REQUEST, date(2024, 3, 1))
    refused = advance(REQUEST, RequestStep.REFUSE, date(2024, 3, 1), "not who they say")
    assert not is_overdue(refused, date(2024, 3, 1))


@settings(max_examples=300)
@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.lists(st.tuples(st.sampled_from(RequestStep), st.integers(0, 40), st.sampled_from([None, "", "why"]))),
)
def test_whatever_steps_are_tried_the_rules_hold(
    at: datetime, tried: list[tuple[RequestStep, int, str | None]]
) -> None:
    request, today, taken = received("r", RequestKind.ERASURE, "p", at), at.date(), list[RequestStep]()
    for step, days, note in tried:
        today += timedelta(days=days)
        possible = possible_steps(request, today)
        try:
            moved = advance(request, step, today, note)
        except StepNotPossible:
            assert step not in possible or (step in NEEDS_NOTE and not note)
            continue
        assert step in possible and request.state in STEPS[step][0] and request.state.open
        assert (step not in NEEDS_NOTE) or note
        taken.append(step)
        request = moved
    if RequestStep.START in taken:
        assert taken[:2] == [RequestStep.CHECK_IDENTITY, RequestStep.START]
    assert taken.count(RequestStep.EXTEND) <= 1
    assert request.due_on == months_later(at.date(), 3 if RequestStep.EXTEND in taken else 1)
    assert 28 <= (request.due_on - at.date()).days <= 92
    assert len(set(taken) & {RequestStep.COMPLETE, RequestStep.REFUSE}) == (0 if request.state.open else 1)
