"""What the privacy officer determines about a person: recorded with its reason, shown to the person, and revocable."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from consent import determined
from consent.determinations import Age, DeterminationKind, may_have_grounds, objections
from consent.model import Actor, Decision, LegalBasis, Purpose, Role
from profile_api.access.gate import AccessRequest, Gate, Reading, by_id
from profile_api.access.masking import Mask
from profile_api.access.stored import StoredProfile
from profile_api.privacy_requests.desk import RIGHTS, only_for_officers
from profile_api.privacy_requests.queries.holders import whose_determination
from profile_api.responses.errors import Problem, not_found
from profile_api.responses.views import Answer, View

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]+$", strip_whitespace=True)]


class DeterminationForm(BaseModel):
    """What is determined. The person reads `reason`: it is written for them, and names nobody else."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"kind": "compelling_grounds", "purpose": "fraud_prevention", "reason": "An order is under inquiry."},
                {"kind": "parental_authorisation", "purpose": "personalisation", "reason": "Signed form, called back."},
            ]
        },
    )

    kind: DeterminationKind
    purpose: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,62}$")]
    reason: Text


class DeterminationView(View):
    determination_id: str
    kind: str
    purpose: str
    reason: str
    decided_by: str | None = Field(description="who decided; a customer learns that it was the privacy officer")
    decided_at: datetime
    ended_at: datetime | None


class Determinations(View):
    determinations: list[DeterminationView] = Field(description="oldest first, ended ones too")


def determine(
    gate: Gate,
    purposes: Mapping[str, Purpose],
    actor: Actor,
    purpose: str | None,
    profile_id: str,
    form: DeterminationForm,
) -> DeterminationView:
    """Records it for every record that the person has now; whatever joins them later is not covered."""
    with gate.acting(AccessRequest(actor, purpose, f"determine-{form.kind.value}", RIGHTS)) as reading:
        only_for_officers(actor)
        profile = reading.profile(profile_id)
        if profile is None:
            raise not_found()
        reading.about, now = profile.profile_id, gate.clock()
        chosen = purposes.get(form.purpose)
        if form.kind is DeterminationKind.COMPELLING_GROUNDS:
            _check_grounds(reading, profile, chosen, purposes, now)
        else:
            _check_authorisation(reading, profile, chosen, purposes, now)
        named = profile.document.get("records") or []
        if not named:
            raise Problem(409, "step-not-possible", "Expected a person with records, found none.")
        of = (form.purpose, named, form.reason, actor.on_record, now)
        determination_id = reading.run(determined.record, form.kind, *of)
        found = reading.run(determined.about, named)
        return _shown(next(one for one in found if one["determination_id"] == determination_id), actor)


def revoke(gate: Gate, actor: Actor, purpose: str | None, determination_id: str) -> None:
    """Ends a determination; from then on the person's own word stands again."""
    with gate.acting(AccessRequest(actor, purpose, "determination-revoke", RIGHTS)) as reading:
        only_for_officers(actor)
        reading.about = reading.run(whose_determination, determination_id)
        if not reading.run(determined.end, determination_id, actor.on_record, gate.clock()):
            detail = "Expected the id of a determination in force, found none; list those of the person."
            raise Problem(404, "determination-not-found", detail)


def listed(gate: Gate, actor: Actor, purpose: str | None, profile_id: str) -> Answer[Determinations]:
    """What was determined about a person, for them and for the officer."""

    def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> Determinations:
        found = reading.run(determined.about, profile.document.get("records") or [])
        return Determinations(determinations=[_shown(one, actor) for one in found])

    return gate.answer(AccessRequest(actor, purpose, "determinations", RIGHTS), by_id(profile_id), show)


def _check_grounds(
    reading: Reading, profile: StoredProfile, chosen: Purpose | None, purposes: Mapping[str, Purpose], now: datetime
) -> None:
    if chosen is None or not may_have_grounds(chosen):
        valid = sorted(one.id for one in purposes.values() if may_have_grounds(one))
        detail = "Expected a legitimate interest that is no direct marketing (art. 21), found another; see `valid`."
        raise Problem(422, "purpose-without-grounds", detail, valid=valid)
    of = {one for part in reading.parts(profile).values() for one in part}
    if not objections(chosen, reading.consents(of), now):
        detail = "Expected a person who objected to this purpose, found none; nothing is to be outweighed."
        raise Problem(409, "step-not-possible", detail)


def _check_authorisation(
    reading: Reading, profile: StoredProfile, chosen: Purpose | None, purposes: Mapping[str, Purpose], now: datetime
) -> None:
    if chosen is None or chosen.legal_basis is not LegalBasis.CONSENT:
        valid = sorted(one.id for one in purposes.values() if one.legal_basis is LegalBasis.CONSENT)
        detail = "Expected a purpose that rests on consent (art. 8), found another; see `valid`."
        raise Problem(422, "purpose-without-choice", detail, valid=valid)
    if reading.circumstances(profile).age(now) is not Age.CHILD:
        raise Problem(409, "step-not-possible", "Expected a person below the age of consent, found none known to be.")


def _shown(row: dict[str, object], actor: Actor) -> DeterminationView:
    decided_by = None if actor.role is Role.CUSTOMER else row["decided_by"]
    return DeterminationView.model_validate({**row, "decided_by": decided_by})
