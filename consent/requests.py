"""The life cycle of a privacy request: pure, and the only place with its rules.

Art. 12(3) GDPR: an answer within one month of receipt, by the calendar (Regulation 1182/71: where the month has no such
day, its last one); two months more at most, if the person is told why within the first.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum

from contracts.dates import months_later


class RequestKind(StrEnum):
    """What a person may ask for, by GDPR art. 15 to 21."""

    ACCESS = "access"
    PORTABILITY = "portability"
    RECTIFICATION = "rectification"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    ERASURE = "erasure"


class RequestState(StrEnum):
    """How far a request has come."""

    RECEIVED = "received"
    IDENTITY_CHECKED = "identity_checked"
    IN_PROGRESS = "in_progress"
    EXTENDED = "extended"
    DONE = "done"
    REFUSED = "refused"

    @property
    def open(self) -> bool:
        return self not in (RequestState.DONE, RequestState.REFUSED)


class RequestStep(StrEnum):
    """What may happen to a request."""

    CHECK_IDENTITY = "check_identity"
    START = "start"
    EXTEND = "extend"
    COMPLETE = "complete"
    REFUSE = "refuse"


_UNDER_WAY = (RequestState.IN_PROGRESS, RequestState.EXTENDED)

# From which states each step leads where.
STEPS: dict[RequestStep, tuple[tuple[RequestState, ...], RequestState]] = {
    RequestStep.CHECK_IDENTITY: ((RequestState.RECEIVED,), RequestState.IDENTITY_CHECKED),
    RequestStep.START: ((RequestState.IDENTITY_CHECKED,), RequestState.IN_PROGRESS),
    RequestStep.EXTEND: ((RequestState.IN_PROGRESS,), RequestState.EXTENDED),
    RequestStep.COMPLETE: (_UNDER_WAY, RequestState.DONE),
    RequestStep.REFUSE: (
        (RequestState.RECEIVED, RequestState.IDENTITY_CHECKED, *_UNDER_WAY),
        RequestState.REFUSED,
    ),
}

# The notes that steps require: how the identity was checked, or what the person was told.
NEEDS_NOTE = frozenset({RequestStep.CHECK_IDENTITY, RequestStep.EXTEND, RequestStep.REFUSE})


INTAKE = "i_"
"""The prefix of intake ids, which no profile id has."""


class StepNotPossible(ValueError):
    """The step can't be taken now; the message says what was expected and holds no personal data."""


@dataclass(frozen=True)
class PrivacyRequest:
    """A request of one person; `due_on` is the last day on which an answer is in time."""

    request_id: str
    kind: RequestKind
    profile_id: str
    received_at: datetime
    due_on: date
    state: RequestState = RequestState.RECEIVED

    @property
    def of_no_profile(self) -> bool:
        """Whether it came from an intake without a profile, and is filed under the intake's id."""
        return self.profile_id.startswith(INTAKE)

    @property
    def received_on(self) -> date:
        return self.received_at.astimezone(UTC).date()


def received(request_id: str, kind: RequestKind, profile_id: str, at: datetime) -> PrivacyRequest:
    """A new request, due one month later."""
    due = months_later(at.astimezone(UTC).date(), 1)
    return PrivacyRequest(request_id, kind, profile_id, at, due)


def advance(
    request: PrivacyRequest, step: RequestStep, today: date, note: str | None = None, *, erasing: bool = False
) -> PrivacyRequest:
    """The request after a step; raises NotPossible where it does not fit the state or the date, or lacks its note.

    `erasing`: an erasure of the person has begun. Only then can the request be completed, and from then on it can't be
    refused.
    """
    sources, target = STEPS[step]
    if problem := _kept_by_erasure(request, step, erasing):
        raise StepNotPossible(f"{step}: {problem}")
    if request.state not in sources:
        expected = " or ".join(sources)
        raise StepNotPossible(f"{step}: expected a request that is {expected}, found one that is {request.state}")
    if step in NEEDS_NOTE and not (note or "").strip():
        what = "how the identity was checked" if step is RequestStep.CHECK_IDENTITY else "the reason told to the person"
        raise StepNotPossible(f"{step}: expected {what} in `note`, found none")
    if step is RequestStep.EXTEND:
        if today > request.due_on:
            raise StepNotPossible("extend: expected it within the first month, found that the request was due already")
        return replace(request, state=target, due_on=months_later(request.received_on, 3))
    return replace(request, state=target)


def possible_steps(request: PrivacyRequest, today: date, *, erasing: bool = False) -> list[RequestStep]:
    """The steps that somebody can take now; an erasure is completed by erasing, and by no one's step."""
    fitting = [step for step, (sources, _) in STEPS.items() if request.state in sources]
    if request.kind is RequestKind.ERASURE:
        never = {RequestStep.COMPLETE, RequestStep.REFUSE} if erasing else {RequestStep.COMPLETE}
        fitting = [step for step in fitting if step not in never]
    return [step for step in fitting if step is not RequestStep.EXTEND or today <= request.due_on]


def _kept_by_erasure(request: PrivacyRequest, step: RequestStep, erasing: bool) -> str | None:
    if request.kind is not RequestKind.ERASURE:
        return None
    if step is RequestStep.COMPLETE and not erasing:
        return "expected an erasure to be completed by erasing, found a step; see docs/privacy-rights.md"
    if step is RequestStep.REFUSE and erasing:
        return (
            "expected an erasure that has not begun, found one that has; what is erased can't be refused any more,"
            " start the erasure again until it is done"
        )
    return None


class NextAction(StrEnum):
    """The next action on a request, so that the person gets their answer in time."""

    MATCH = "match"
    CHECK_IDENTITY = "check_identity"
    START = "start"
    SEND_BUNDLE = "send_bundle"
    PUT_RIGHT = "put_right"
    TELL = "tell"
    ERASE = "erase"
    CONFIRM_ERASURE = "confirm_erasure"


_UNDER_WAY_ACTION = {
    RequestKind.ACCESS: NextAction.SEND_BUNDLE,
    RequestKind.PORTABILITY: NextAction.SEND_BUNDLE,
    RequestKind.RECTIFICATION: NextAction.PUT_RIGHT,
    RequestKind.RESTRICTION: NextAction.TELL,
    RequestKind.OBJECTION: NextAction.TELL,
    RequestKind.ERASURE: NextAction.ERASE,
}


def next_action(request: PrivacyRequest, *, proposed: bool = False) -> NextAction | None:
    """The next action; None if the request has ended. `proposed`: an erasure waits for a second officer."""
    if not request.state.open:
        return None
    if request.state is RequestState.RECEIVED:
        return NextAction.CHECK_IDENTITY
    if request.state is RequestState.IDENTITY_CHECKED:
        return NextAction.START
    return NextAction.CONFIRM_ERASURE if proposed else _UNDER_WAY_ACTION[request.kind]


def is_overdue(request: PrivacyRequest, today: date) -> bool:
    """Whether the person still waits after the last day."""
    return request.state.open and today > request.due_on
