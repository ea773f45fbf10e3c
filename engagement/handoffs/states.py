"""The life cycle of a hand-off: pure, and the only place with its rules.

A hand-off asks for a person in a conversation. At most one of a conversation is open, and at most one advisor holds it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    """How far a hand-off has come. After a rejection or a time-out it is queued again at once."""

    REQUESTED = "requested"
    QUEUED = "queued"
    RESERVED = "reserved"
    ACCEPTED = "accepted"
    WRAPPING = "wrapping"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    RESOLVED = "resolved"
    RESCINDED = "rescinded"
    ABANDONED = "abandoned"
    RETURNED = "returned"

    @property
    def final(self) -> bool:
        return self in (State.RESOLVED, State.RESCINDED, State.ABANDONED, State.RETURNED)

    @property
    def held(self) -> bool:
        """Whether an advisor holds it, or has it reserved."""
        return self in (State.RESERVED, State.ACCEPTED, State.WRAPPING)


class Step(StrEnum):
    """What may happen to a hand-off."""

    QUEUE = "queue"
    RESERVE = "reserve"
    ACCEPT = "accept"
    REJECT = "reject"
    TIME_OUT = "time_out"
    LAPSE = "lapse"
    TRANSFER = "transfer"
    WRAP = "wrap"
    END_WRAP_UP = "end_wrap_up"
    RESOLVE = "resolve"
    RETURN = "return"
    RESCIND = "rescind"
    ABANDON = "abandon"


class Party(StrEnum):
    """Who takes a step: `requester` asked for the hand-off, `advisor` is one while nobody holds it."""

    CUSTOMER = "customer"
    BOT = "bot"
    REQUESTER = "requester"
    HOLDER = "holder"
    ADVISOR = "advisor"
    SYSTEM = "system"


@dataclass(frozen=True)
class Transition:
    """From which states a step leads where, who may take it, and by which words the customer is told."""

    sources: tuple[State, ...]
    target: State
    by: frozenset[Party]
    told: str | None = None


_WAITING = (State.REQUESTED, State.QUEUED, State.RESERVED)
_SYSTEM, _HOLDER = frozenset({Party.SYSTEM}), frozenset({Party.HOLDER})
TAKEN = (State.ACCEPTED, State.WRAPPING)

STEPS: Mapping[Step, Transition] = {
    Step.QUEUE: Transition((State.REQUESTED, State.REJECTED, State.TIMED_OUT), State.QUEUED, _SYSTEM),
    Step.RESERVE: Transition((State.REQUESTED, State.QUEUED), State.RESERVED, frozenset({Party.ADVISOR})),
    Step.ACCEPT: Transition(_WAITING, State.ACCEPTED, frozenset({Party.ADVISOR, Party.HOLDER}), "accepted"),
    Step.REJECT: Transition((State.RESERVED,), State.REJECTED, _HOLDER),
    Step.TIME_OUT: Transition((State.RESERVED,), State.TIMED_OUT, _SYSTEM),
    Step.LAPSE: Transition((State.ACCEPTED,), State.TIMED_OUT, _SYSTEM, "lapsed"),
    Step.TRANSFER: Transition((State.ACCEPTED,), State.QUEUED, _HOLDER, "transferred"),
    Step.WRAP: Transition((State.ACCEPTED,), State.WRAPPING, _HOLDER),
    Step.END_WRAP_UP: Transition((State.WRAPPING,), State.RESOLVED, _SYSTEM, "resolved"),
    Step.RESOLVE: Transition((State.ACCEPTED, State.WRAPPING), State.RESOLVED, _HOLDER, "resolved"),
    Step.RETURN: Transition((State.ACCEPTED,), State.RETURNED, _HOLDER, "returned"),
    Step.RESCIND: Transition(_WAITING, State.RESCINDED, frozenset({Party.CUSTOMER, Party.REQUESTER}), "rescinded"),
    Step.ABANDON: Transition((*_WAITING, State.ACCEPTED), State.ABANDONED, frozenset({Party.BOT, Party.HOLDER})),
}

TIMEOUTS: Mapping[State, tuple[timedelta, Step]] = {
    State.RESERVED: (timedelta(seconds=30), Step.TIME_OUT),
    State.ACCEPTED: (timedelta(seconds=90), Step.LAPSE),
    State.WRAPPING: (timedelta(minutes=5), Step.END_WRAP_UP),
}
"""How long a state lasts without a step, or without a heartbeat of the holder, and what happens then."""


class StepNotPossible(ValueError):
    """The step can't be taken now; the message says what was expected, and names no customer."""


@dataclass(frozen=True)
class Handoff:
    """Where a hand-off stands; `until` is when its state times out."""

    requested_by: str
    state: State = State.REQUESTED
    holder: str | None = None
    until: datetime | None = None

    def parties(self, actor: str, role: str) -> frozenset[Party]:
        """What an actor of this role is to it."""
        found = {Party(role)} if role in (Party.CUSTOMER, Party.BOT) else set()
        if role == Party.ADVISOR and self.holder in (None, actor):
            found.add(Party.HOLDER if self.holder else Party.ADVISOR)
        if self.requested_by == actor:
            found.add(Party.REQUESTER)
        return frozenset(found)


def advance(handoff: Handoff, step: Step, actor: str, by: frozenset[Party], now: datetime) -> Handoff:
    """The hand-off after a step; raises StepNotPossible where state or actor do not fit."""
    transition = STEPS[step]
    if handoff.state not in transition.sources:
        expected = " or ".join(transition.sources)
        raise StepNotPossible(f"{step}: expected a hand-off that is {expected}, found one that is {handoff.state}")
    # What an advisor has accepted is theirs until they give it back, or are not heard any more.
    allowed = transition.by & (_HOLDER | _SYSTEM) if handoff.state in TAKEN else transition.by
    if not by & allowed:
        expected = " or ".join(sorted(allowed))
        held = f", held by {handoff.holder}" if handoff.holder else ""
        raise StepNotPossible(f"{step}: expected it by {expected}, found another{held}")
    target = transition.target
    holder = (handoff.holder or actor) if target.held else None
    return replace(handoff, state=target, holder=holder, until=times_out(target, now))


def times_out(state: State, now: datetime) -> datetime | None:
    """When a state that begins now, or whose holder is heard now, ends by itself."""
    return now + TIMEOUTS[state][0] if state in TIMEOUTS else None


def overdue(handoff: Handoff, now: datetime) -> Step | None:
    """What happens to it because its time is up; None where it is not."""
    return TIMEOUTS[handoff.state][1] if handoff.until is not None and handoff.until <= now else None
