"""What is due, and the letters that answer: for the officer, and the person's own letter for the person."""

from collections.abc import Mapping
from datetime import UTC, date

from sqlalchemy import select

from consent.controller import published_controller
from consent.erasure.four_eyes import ERASE, PROPOSED
from consent.model import Actor, Decision, Purpose
from consent.requests import NextAction, PrivacyRequest, is_overdue, next_action
from profile_api.gate import Ask, Gate, Reading, by_id
from profile_api.masking import Mask
from profile_api.rights.desk import RIGHTS, only_for_officers
from profile_api.rights.intakes import due_intakes
from profile_api.rights.letters import Answered, Letter, written
from profile_api.rights.requests import details_of, find, listed, steps_of
from profile_api.rights.views import DueList, DueView
from profile_api.rights.wording import language_of, words
from profile_api.stored import StoredProfile
from profile_api.views import View
from stores.schema import privacy_request_events

NAMES = ("given_name", "family_name")


class _Addressee(View):
    name: str | None
    language: str


def due(gate: Gate, actor: Actor, purpose: str | None) -> DueList:
    """What waits for somebody, the soonest due first, with what to do next (Art. 12(3))."""
    with gate.acting(Ask(actor, purpose, "request-due", RIGHTS, of_case=False)) as reading:
        only_for_officers(actor)
        now = gate.clock()
        today = now.astimezone(UTC).date()
        waiting = listed(reading.connection, own=None, state=None, overdue=False, open_only=True, now=now)
        of = privacy_request_events.c
        begun = select(of.request_id).where(of.step == ERASE)
        alone = select(of.request_id).where(of.step == PROPOSED, of.request_id.not_in(begun))
        proposed = set(reading.connection.scalars(alone))
        found = [(one, next_action(one, proposed=one.request_id in proposed)) for one in waiting]
        due_ = [_due(one, action, today) for one, action in found if action] + due_intakes(reading.connection, today)
        return DueList(due=sorted(due_, key=lambda one: (one.due_on, one.id))[:200])


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
    gate: Gate, purposes: Mapping[str, Purpose], actor: Actor, purpose: str | None, request_id: str, spoken: str | None
) -> tuple[Letter, str]:
    """The letter that a request calls for as it stands, and its language: the person's own, where none is asked for."""
    with gate.acting(Ask(actor, purpose, "request-letter", RIGHTS)) as reading:
        request = find(reading.connection, request_id, actor.profile_id)
        steps = steps_of(reading.connection, request_id)
        reason = next((one["note"] for one in reversed(steps) if one["step"] in ("extend", "refuse")), None)
        named = details_of(reading.connection, request_id).get("purposes") or []
        there = reading.profile(request.profile_id) is not None
    to = _addressee(gate, actor, purpose, request.profile_id) if there else None
    language = spoken or (to.language if to else published_controller().language)
    told = tuple(purposes[one].name[language] for one in named if one in purposes)
    about = Answered.to(request, to.name if to else None, reason, told)
    return written(about, words(language), gate.clock()), language


def _addressee(gate: Gate, actor: Actor, purpose: str | None, profile_id: str) -> _Addressee:
    def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> _Addressee:
        fields = mask.profile().fields
        name = " ".join(fields[one].value for one in NAMES if one in fields) or None
        return _Addressee(name=name, language=language_of(profile.document, published_controller()))

    return gate.answer(Ask(actor, purpose, "letter", RIGHTS), by_id(profile_id), show).data
