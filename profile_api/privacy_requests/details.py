"""A request as its reader may see it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from consent.model import Actor, Role
from consent.requests import PrivacyRequest, is_overdue, possible_steps
from erasure.attempts import begun
from profile_api.access.gate import Reading
from profile_api.privacy_requests.queries.requests import details_of, find, steps_of
from profile_api.privacy_requests.views import PrivacyRequestDetails, StepView
from read_model.redirects import current_id

TOLD = frozenset({"extend", "refuse", "lift"})
"""Steps whose note is the reason that the person is told."""


def found_request(reading: Reading, request_id: str, own: str | None = None, *, lock: bool = False) -> PrivacyRequest:
    """The request of this id; the audit row of the action names whose it is."""
    request = reading.run(find, request_id, own, lock=lock)
    reading.about = reading.run(current_id, request.profile_id)
    return request


def in_short(request: PrivacyRequest, now: datetime, erasing: bool) -> dict[str, Any]:
    """The fields of a request and where it stands."""
    today = now.astimezone(UTC).date()
    steps = possible_steps(request, today, erasing=erasing)
    return vars(request) | {"overdue": is_overdue(request, today), "possible_steps": steps}


def detailed(reading: Reading, request: PrivacyRequest, actor: Actor, now: datetime) -> PrivacyRequestDetails:
    """A request with what was asked and every step so far."""
    nothing: dict[str, Any] = {"fields": {}, "purposes": [], "records": [], "identifiers": []}
    details = nothing | reading.run(details_of, request.request_id)
    steps = [StepView(**seen_by(actor, step)) for step in reading.run(steps_of, request.request_id)]
    erasing = bool(reading.run(begun, [request.request_id]))
    return PrivacyRequestDetails(**in_short(request, now, erasing), **details, steps=steps)


def seen_by(actor: Actor, step: Mapping[str, Any]) -> dict[str, Any]:
    """A line of the timeline as this reader may see it.

    A customer learns by what role a step was taken, not by whom, and what was written for them: the reasons that they
    are told. What staff note for themselves, such as whom they spoke with, may be about somebody else.
    """
    if actor.role is not Role.CUSTOMER:
        return dict(step)
    by = Role.CUSTOMER if step["actor"] == Role.CUSTOMER else Role.PRIVACY_OFFICER
    shown = by is Role.CUSTOMER or step["step"] in TOLD
    return {**step, "actor": by.value, "note": step["note"] if shown else None}
