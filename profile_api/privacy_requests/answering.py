"""What is due, and the letters that answer: for the officer, and the person's own letter for the person."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date
from typing import Any

from consent.controller import published_controller
from consent.model import Actor, Decision, Purpose
from consent.requests import NextAction, PrivacyRequest, is_overdue, next_action
from profile_api.access.gate import AccessRequest, Gate, Reading, by_id
from profile_api.access.masking import Mask
from profile_api.access.stored import StoredProfile
from profile_api.privacy_requests.desk import RIGHTS, only_for_officers
from profile_api.privacy_requests.details import found_request
from profile_api.privacy_requests.intakes import due_intakes
from profile_api.privacy_requests.letters import OUTCOMES, Answered, Letter, Outcome, written
from profile_api.privacy_requests.objected import outweighed
from profile_api.privacy_requests.queries.effects import restriction_stands
from profile_api.privacy_requests.queries.requests import details_of, listed, proposed, steps_of
from profile_api.privacy_requests.views import DueList, DueView
from profile_api.privacy_requests.wording import language_of, words
from profile_api.responses.errors import Problem
from profile_api.responses.views import View

NAMES = ("given_name", "family_name")


class _Addressee(View):
    name: str | None
    language: str


def due(gate: Gate, actor: Actor, purpose: str | None) -> DueList:
    """What waits for somebody, the soonest due first, with what to do next (Art. 12(3))."""
    with gate.acting(AccessRequest(actor, purpose, "request-due", RIGHTS, of_case=False)) as reading:
        only_for_officers(actor)
        now = gate.clock()
        today = now.astimezone(UTC).date()
        waiting = reading.run(listed, own=None, state=None, overdue=False, open_only=True, now=now)
        alone = reading.run(proposed)
        found = [(one, next_action(one, proposed=one.request_id in alone)) for one in waiting]
        due_ = [_due(one, action, today) for one, action in found if action] + due_intakes(reading, today)
        shown = sorted(due_, key=lambda one: (one.due_on, one.id))[:200]
        whose = {one.request_id: one.profile_id for one in waiting}
        reading.shown |= {whose.get(one.id, one.id) for one in shown}
        return DueList(due=shown)


def _due(request: PrivacyRequest, action: NextAction, today: date) -> DueView:
    return DueView(
        what="request",
        id=request.request_id,
        kind=request.kind,
        next_action=action,
        due_on=request.due_on,
        days_left=(request.due_on - today).days,
        overdue=is_overdue(request, today),
    )


def letter(
    gate: Gate,
    purposes: Mapping[str, Purpose],
    actor: Actor,
    purpose: str | None,
    request_id: str,
    spoken: str | None,
    *,
    announces_end: bool = False,
) -> tuple[Letter, str]:
    """The letter that a request calls for as it stands, and its language: the person's own, where none is asked for.

    `announces_end`: the one that tells of the end of a restriction before it is lifted.
    """
    now, outweighs = gate.clock(), dict[str, str]()
    with gate.acting(AccessRequest(actor, purpose, "request-letter", RIGHTS)) as reading:
        request = found_request(reading, request_id, reading.own_id)
        steps = reading.run(steps_of, request_id)
        stands = reading.run(restriction_stands, request_id)
        outcome = _outcome(request, steps, stands, announces_end)
        told_at = "lift" if outcome == "lifted" else "extend" if outcome == "extended" else "refuse"
        reason = next((one["note"] for one in reversed(steps) if one["step"] == told_at), None)
        named = reading.run(details_of, request_id).get("purposes") or []
        objected = [purposes[one] for one in named if one in purposes]
        profile = reading.profile(request.profile_id)
        if profile and objected:
            at = next((one["at"] for one in reversed(steps) if one["step"] == "complete"), now)
            outweighs = dict(outweighed(reading, profile, objected, at))
    to = _addressee(gate, actor, purpose, request.profile_id) if profile else None
    language = spoken or (to.language if to else published_controller().language)
    about = replace(
        Answered.to(request, outcome, to.name if to else None, reason),
        purposes=tuple(one.name[language] for one in objected if one.id not in outweighs),
        goes_on=tuple((one.name[language], outweighs[one.id]) for one in objected if one.id in outweighs),
    )
    return written(about, words(language), now), language


def _outcome(request: PrivacyRequest, steps: Sequence[Mapping[str, Any]], stands: bool, announces_end: bool) -> Outcome:
    if announces_end:
        if not stands:
            detail = "Expected a request whose restriction stands, found none such; it has no end to announce."
            raise Problem(409, "step-not-possible", detail)
        return "lifting"
    if not stands and any(one["step"] == "lift" for one in steps):
        return "lifted"
    return OUTCOMES[request.state]


def _addressee(gate: Gate, actor: Actor, purpose: str | None, profile_id: str) -> _Addressee:
    def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> _Addressee:
        fields = mask.profile().fields
        name = " ".join(fields[one].value for one in NAMES if one in fields) or None
        return _Addressee(name=name, language=language_of(profile.document, published_controller()))

    return gate.answer(AccessRequest(actor, purpose, "letter", RIGHTS), by_id(profile_id), show).data
