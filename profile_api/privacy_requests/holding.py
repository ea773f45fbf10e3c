"""Legal holds as officers place, list and lift them, in the gate's transactions."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from consent.model import Actor, Role
from erasure.operational import holds
from erasure.operational.owners import profiles_with
from profile_api.access.gate import AccessRequest, Gate, Reading
from profile_api.privacy_requests.queries.erasures import check_not_begun
from profile_api.privacy_requests.views import Text
from profile_api.responses.errors import Problem, not_found
from profile_api.responses.views import Short, View
from read_model.rebuild import hold_identities

HOLDING = frozenset({"legal_obligation"})
"""What a hold is placed for: data is needed for a claim, or the law says so (GDPR art. 17(3)(b) and (e))."""


class HoldForm(BaseModel):
    """Whose data to hold and why; with `records`, these source records alone. No personal data belongs in `reason`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"profile_id": "p_5d3f0c4e9a1b2c3d4e5f", "reason": "lawsuit 24/1234"}]},
    )

    profile_id: Short
    reason: Text
    records: list[Short] = Field([], max_length=500)


class LiftHoldForm(BaseModel):
    """Why a hold ends."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "lawsuit 24/1234 has ended"}]})

    reason: Text


class HoldView(View):
    hold_id: str
    records: list[str]
    reason: str
    placed_by: str
    placed_at: datetime
    lifted_at: datetime | None
    lifted_by: str | None
    lifted_because: str | None


class HoldList(View):
    holds: Annotated[list[HoldView], Field(description="the newest first")]


class HoldDesk:
    """Places, lists and lifts holds."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def place(self, actor: Actor, purpose: str | None, form: HoldForm) -> HoldView:
        """From now on neither retention nor an erasure takes these records."""
        with self._gate.acting(AccessRequest(actor, purpose, "hold-place", HOLDING)) as reading:
            _only_for_officers(actor)
            reading.run(hold_identities)  # an erasure takes the profile before, or finds the hold
            profile = reading.profile(form.profile_id)
            if profile is None:
                raise not_found()
            own_records = profile.document.get("records") or []
            if not own_records or not set(form.records) <= set(own_records):
                detail = "Expected a person with records, and `records` of this person, found another or none."
                raise Problem(422, "records-not-of-this-person", detail)
            held = form.records or own_records
            reading.run(check_not_begun, profile, held)
            reading.about = profile.profile_id
            now = self._gate.clock()
            hold_id = reading.run(holds.place, held, form.reason, actor.on_record, now)
            return _one(reading, hold_id)

    def all(self, actor: Actor, purpose: str | None, lifted: bool) -> HoldList:
        """The holds that stand, or all that there ever were."""
        with self._gate.acting(AccessRequest(actor, purpose, "hold-list", HOLDING, of_case=False)) as reading:
            _only_for_officers(actor)
            found = [_seen(one) for one in reading.run(holds.listed, lifted=lifted)]
            reading.shown |= reading.run(profiles_with, [record for one in found for record in one.records])
            return HoldList(holds=found)

    def lift(self, actor: Actor, purpose: str | None, hold_id: str, form: LiftHoldForm) -> HoldView:
        """The records are deleted like any other from now on."""
        with self._gate.acting(AccessRequest(actor, purpose, "hold-lift", HOLDING, of_case=False)) as reading:
            _only_for_officers(actor)
            now = self._gate.clock()
            if "\x00" in hold_id or not reading.run(holds.lift, hold_id, form.reason, actor.on_record, now):
                raise Problem(404, "hold-not-found", "Expected the id of a hold that stands, found none.")
            found = _one(reading, hold_id)
            reading.shown |= reading.run(profiles_with, found.records)
            return found


def _one(reading: Reading, hold_id: str) -> HoldView:
    return next(_seen(one) for one in reading.run(holds.listed, lifted=True) if one["hold_id"] == hold_id)


def _seen(hold: dict[str, object]) -> HoldView:
    return HoldView.model_validate({name: hold[name] for name in HoldView.model_fields})


def _only_for_officers(actor: Actor) -> None:
    if actor.role is not Role.PRIVACY_OFFICER:
        raise Problem(403, "role-not-permitted", "Expected a privacy officer, found another role.")
