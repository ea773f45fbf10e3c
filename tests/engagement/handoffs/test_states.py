"""A hand-off's way: one holder at a time, no step out of turn, no way out of an end, nothing lost."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engagement.handoffs.states import (
    STEPS,
    TAKEN,
    TIMEOUTS,
    Handoff,
    Party,
    State,
    Step,
    StepNotPossible,
    advance,
    overdue,
    times_out,
)
from engagement.handoffs.told import texts, told

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
SYSTEM = frozenset({Party.SYSTEM})


def test_an_end_has_no_way_out_and_every_other_state_has_one() -> None:
    sources = {state for transition in STEPS.values() for state in transition.sources}
    assert sources == {state for state in State if not state.final}


def test_every_state_is_reached_and_what_has_a_holder_has_a_time_out() -> None:
    assert {one.target for one in STEPS.values()} | {State.REQUESTED} == set(State)
    assert {state for state in State if state.held} == set(TIMEOUTS)
    for state, (lasts, step) in TIMEOUTS.items():
        assert lasts > timedelta(0) and state in STEPS[step].sources and STEPS[step].by == SYSTEM


@pytest.mark.parametrize(("state", "step"), product(State, Step))
def test_a_step_is_taken_from_its_states_by_its_parties_and_by_nobody_else(state: State, step: Step) -> None:
    handoff = Handoff("bot-1", state, "claire" if state.held else None, times_out(state, NOW))
    transition = STEPS[step]
    allowed = transition.by & {Party.HOLDER, Party.SYSTEM} if state in TAKEN else transition.by
    for party in Party:
        if state in transition.sources and party in allowed:
            assert advance(handoff, step, "claire", frozenset({party}), NOW).state is transition.target
        else:
            with pytest.raises(StepNotPossible, match=f"^{step}: expected"):
                advance(handoff, step, "claire", frozenset({party}), NOW)


def test_who_somebody_is_to_a_hand_off() -> None:
    waiting, held = Handoff("claire", State.QUEUED), Handoff("bot-1", State.ACCEPTED, "claire", NOW)
    assert waiting.parties("claire", "advisor") == {Party.ADVISOR, Party.REQUESTER}
    assert held.parties("claire", "advisor") == {Party.HOLDER}
    assert held.parties("marc", "advisor") == frozenset(), "another advisor, while one holds it"
    assert held.parties("bot-1", "bot") == {Party.BOT, Party.REQUESTER}
    assert held.parties("marc", "steward") == frozenset()


def test_a_conflict_names_the_holder() -> None:
    held = Handoff("bot-1", State.RESERVED, "claire", NOW)
    with pytest.raises(StepNotPossible, match="held by claire"):
        advance(held, Step.ACCEPT, "marc", held.parties("marc", "advisor"), NOW)


def test_a_reservation_lasts_thirty_seconds() -> None:
    reserved = advance(Handoff("bot-1", State.QUEUED), Step.RESERVE, "claire", frozenset({Party.ADVISOR}), NOW)
    assert overdue(reserved, NOW + timedelta(seconds=29)) is None
    assert overdue(reserved, NOW + timedelta(seconds=30)) is Step.TIME_OUT


def test_whatever_the_customer_is_told_has_words_in_every_language() -> None:
    assert {one.told for one in STEPS.values() if one.told} | {"requested", "closed", "queued"} == set(texts())
    for said in texts().values():
        assert set(said) == {"fr", "en"} and all(said.values())
    assert told("queued", "fr") != told("queued", "en") == told("queued", "de")


class Conversation(RuleBasedStateMachine):
    """Customers, bots and advisors act on one conversation, in any order, with time passing."""

    @initialize()
    def begin(self) -> None:
        self.now, self.handoffs, self.asked = NOW, [Handoff("bot-1")], 1
        self.holders: set[str] = set()

    @property
    def last(self) -> Handoff:
        return self.handoffs[-1]

    @rule()
    def ask_again(self) -> None:
        if self.last.state.final:
            self.handoffs.append(Handoff("bot-1"))
            self.asked += 1

    @rule(seconds=st.sampled_from([1, 29, 31, 91, 301]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        if step := overdue(self.last, self.now):
            before = self.last
            self._step(step, "", SYSTEM)
            assert before.until is not None and before.until <= self.now

    @rule(step=st.sampled_from(Step), who=st.sampled_from(["claire", "marc", "bot-1", "customer"]))
    def somebody_acts(self, step: Step, who: str) -> None:
        role = {"bot-1": "bot", "customer": "customer"}.get(who, "advisor")
        before = self.last
        try:
            self._step(step, who, before.parties(who, role))
        except StepNotPossible:
            assert self.last == before
        else:
            assert before.holder in (None, who) or role in ("customer", "bot"), "what another holds nobody takes"

    def _step(self, step: Step, who: str, by: frozenset[Party]) -> None:
        after = advance(self.last, step, who, by, self.now)
        assert not self.last.state.final
        self.handoffs[-1] = after
        if after.state in STEPS[Step.QUEUE].sources:
            self.handoffs[-1] = advance(after, Step.QUEUE, "", SYSTEM, self.now)

    @invariant()
    def it_has_one_holder_or_waits_or_is_the_bots(self) -> None:
        if not hasattr(self, "handoffs"):
            return
        for one in self.handoffs:
            assert (one.holder is not None) == one.state.held == (one.until is not None)
        assert all(one.state.final for one in self.handoffs[:-1])
        assert len(self.handoffs) == self.asked, "nothing is lost"


TestConversation = Conversation.TestCase
