"""What somebody asks who is known by no profile yet: written down as they said it, unverified and kept apart.

Nothing here joins or finds anybody. An officer matches it to a profile, or closes it; what they said of themselves goes
once their case has ended.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from consent.model import Actor, Purpose
from consent.requests import INTAKE, NextAction, RequestKind
from contracts.dates import months_later
from contracts.identifiers import InvalidIdentifier, normalise
from profile_api.access.gate import AccessRequest, Gate, Reading
from profile_api.http.instants import Instant
from profile_api.http.lookups import Lookup
from profile_api.privacy_requests.desk import RIGHTS, Desk, only_for_officers
from profile_api.privacy_requests.letters import Answered, Letter, written
from profile_api.privacy_requests.queries.intakes import (
    add_intake,
    change_intake,
    find_intake,
    listed_intakes,
    open_intake,
    waiting_intakes,
)
from profile_api.privacy_requests.unheld import of_no_profile
from profile_api.privacy_requests.views import DueView, Name, PrivacyRequestDetails, RequestForm, Text
from profile_api.privacy_requests.wording import words
from profile_api.responses.errors import Problem, not_found
from profile_api.responses.views import Short, View


class IntakeForm(BaseModel):
    """What came in, and from whom as they say; at least a name or a way to reach them."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"kind": "access", "channel": "letter", "name": "Ana Durand", "received_at": "2024-05-01T09:00:00Z"}
            ]
        },
    )

    kind: RequestKind
    channel: Literal["letter", "email", "phone", "counter", "web"]
    received_at: Instant | None = Field(None, description="when it reached us; now, if left out")
    language: Literal["fr", "en"] = "fr"
    name: Short | None = None
    contact_kind: Annotated[str, StringConstraints(pattern=r"^(email|phone|postal)$")] | None = None
    contact: Short | None = None
    said: Text | None = Field(None, description="what they ask, in their words")


class MatchForm(BaseModel):
    """Whose request it is; `fields`, `purposes` and `records` as when filing one.

    An erasure of whom no profile is left names `records` (channel:key) or `identifiers`, and no profile.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"profile_id": "p_5d3f0c4e9a1b2c3d4e5f"}, {"records": ["crm:C-70001"]}],
        },
    )

    profile_id: Short | None = None
    fields: dict[Name, Short] = Field({}, max_length=50)
    purposes: list[Name] = Field([], max_length=50)
    records: list[Short] = Field([], max_length=500)
    identifiers: list[Lookup] = Field([], max_length=50)


class IntakeView(View):
    intake_id: str
    kind: str
    channel: str
    language: str
    state: str = Field(description="open, matched or closed")
    received_at: datetime
    due_on: date
    name: str | None = Field(description="as they say; nobody has checked it")
    contact_kind: str | None
    contact: str | None
    said: str | None
    request_id: str | None = Field(description="the request that came of it")


class IntakeList(View):
    intakes: list[IntakeView] = Field(description="the soonest due first, 200 at most")


class Intakes:
    """Where they are taken in, matched and closed; for the privacy officer alone."""

    def __init__(self, gate: Gate, desk: Desk, purposes: Mapping[str, Purpose]) -> None:
        self._gate, self._desk, self._purposes = gate, desk, purposes

    def take(self, actor: Actor, purpose: str | None, form: IntakeForm) -> IntakeView:
        """Writes it down. The month runs from when it reached us."""
        if not (form.name or form.contact) or (form.contact is None) != (form.contact_kind is None):
            detail = "Expected a name, or a `contact` with its `contact_kind`, found neither; nobody could be answered."
            raise Problem(422, "invalid-request", detail)
        with self._gate.acting(AccessRequest(actor, purpose, "intake", RIGHTS, of_case=False)) as reading:
            only_for_officers(actor)
            received = form.received_at or self._gate.clock()
            if received > self._gate.clock():
                raise Problem(422, "invalid-request", "Expected `received_at` in the past, found an instant ahead.")
            row = form.model_dump(exclude={"received_at"}) | {"contact": _normal(form), "kind": form.kind.value}
            row |= {"intake_id": f"{INTAKE}{uuid4().hex}", "received_at": received, "recorded_by": actor.on_record}
            row |= {"due_on": months_later(received.date(), 1), "state": "open"}
            reading.run(add_intake, row)
            reading.case = str(row["intake_id"])
            return _view(reading.run(find_intake, str(row["intake_id"])))

    def all(self, actor: Actor, purpose: str | None, state: str | None) -> IntakeList:
        """All of them, or those of a state."""
        with self._gate.acting(AccessRequest(actor, purpose, "intake-list", RIGHTS, of_case=False)) as reading:
            only_for_officers(actor)
            found = [_view(row) for row in reading.run(listed_intakes, state)]
            reading.shown |= {one.intake_id for one in found}
            return IntakeList(intakes=found)

    def match(self, actor: Actor, purpose: str | None, intake_id: str, form: MatchForm) -> PrivacyRequestDetails:
        """Files the request of whose it is, received when it reached us; their identity is still to be checked."""
        with self._gate.acting(AccessRequest(actor, purpose, "intake-match", RIGHTS)) as reading:
            only_for_officers(actor)
            found = reading.run(open_intake, intake_id)
            filed = self._filed(reading, actor, found, form)
            changed = {"state": "matched", "request_id": filed.request_id}
            reading.run(change_intake, intake_id, changed)
            return filed

    def _filed(
        self, reading: Reading, actor: Actor, found: Mapping[str, Any], form: MatchForm
    ) -> PrivacyRequestDetails:
        kind, received = found["kind"], found["received_at"]
        if form.profile_id is None:
            details = of_no_profile(reading, RequestKind(kind), form.records, form.identifiers)
            return self._desk.file_for_nobody(reading, actor, found["intake_id"], details, received)
        profile = reading.profile(form.profile_id)
        if profile is None:
            raise not_found()
        try:
            request = RequestForm.model_validate(form.model_dump(exclude={"identifiers"}) | {"kind": kind})
        except ValidationError as error:
            detail = f"Expected what a request of the kind {kind} needs, found something else."
            raise Problem(422, "invalid-request", detail) from error
        reading.about = profile.profile_id
        return self._desk.file_in(reading, actor, request, profile, received)

    def close(self, actor: Actor, purpose: str | None, intake_id: str) -> IntakeView:
        """Ends one that belongs to nobody we know; its letter says that nothing was found."""
        with self._gate.acting(AccessRequest(actor, purpose, "intake-close", RIGHTS)) as reading:
            only_for_officers(actor)
            reading.run(open_intake, intake_id)
            reading.run(change_intake, intake_id, {"state": "closed"})
            reading.shown.add(intake_id)
            return _view(reading.run(find_intake, intake_id))

    def letter(self, actor: Actor, purpose: str | None, intake_id: str) -> tuple[Letter, str]:
        """The letter to whom it is from: that it was received, or that nothing was found."""
        with self._gate.acting(AccessRequest(actor, purpose, "intake-letter", RIGHTS)) as reading:
            only_for_officers(actor)
            found = reading.run(find_intake, intake_id)
            reading.shown.add(intake_id)
        outcome: Any = "nothing_found" if found["state"] == "closed" else "received"
        about = Answered(
            intake_id, RequestKind(found["kind"]), outcome, found["received_at"], found["due_on"].isoformat()
        )
        language = str(found["language"])
        return written(replace(about, name=found["name"]), words(language), self._gate.clock()), language


def due_intakes(reading: Reading, today: date) -> list[DueView]:
    """Those that wait to be matched."""
    return [
        DueView(
            what="intake",
            id=row.intake_id,
            kind=row.kind,
            next_action=NextAction.MATCH,
            due_on=row.due_on,
            days_left=(row.due_on - today).days,
            overdue=row.due_on < today,
        )
        for row in reading.run(waiting_intakes)
    ]


def _normal(form: IntakeForm) -> str | None:
    # In the normal form of identifiers, so that an erasure finds it; it is none, and finds nobody.
    if form.contact is None or form.contact_kind == "postal":
        return form.contact
    try:
        return normalise(str(form.contact_kind), form.contact, "FR" if form.contact_kind == "phone" else None).value
    except InvalidIdentifier as error:
        raise Problem(422, "invalid-identifier", str(error)) from error


def _view(row: Mapping[str, Any]) -> IntakeView:
    return IntakeView.model_validate({name: row[name] for name in IntakeView.model_fields})
