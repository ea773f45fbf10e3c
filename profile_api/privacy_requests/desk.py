"""Where privacy requests are filed and handled: who may do what to which request, in the gate's transactions."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from consent.controller import published_controller
from consent.model import Actor, Decision, LegalBasis, Purpose, Role
from consent.requests import PrivacyRequest, RequestKind, RequestState, RequestStep
from erasure.attempts import begun
from erasure.four_eyes import ERASE, PROPOSED
from profile_api.access.gate import AccessRequest, Gate, Reading, by_id
from profile_api.access.masking import Mask
from profile_api.access.stored import StoredProfile
from profile_api.privacy_requests.bundle import of_features, zipped
from profile_api.privacy_requests.details import detailed, found_request, in_short
from profile_api.privacy_requests.erasing import Starter, progress_of
from profile_api.privacy_requests.keeping import as_rows, ends_of, keeping
from profile_api.privacy_requests.page import Told
from profile_api.privacy_requests.queries.bundle import collected, systems_told
from profile_api.privacy_requests.queries.effects import lift, object_to, rectify, restrict
from profile_api.privacy_requests.queries.erasures import certificate_of, check_erasable, is_confirmed_by
from profile_api.privacy_requests.queries.requests import (
    check_whose,
    details_of,
    file,
    find,
    listed,
    move,
    write_down,
)
from profile_api.privacy_requests.rectifying import checked_fields
from profile_api.privacy_requests.views import (
    Collected,
    ErasureView,
    PrivacyRequestDetails,
    PrivacyRequestView,
    RequestForm,
    RequestList,
    StepForm,
)
from profile_api.privacy_requests.wording import language_of
from profile_api.responses.errors import Problem, not_found

ProfileOf = Callable[[str], StoredProfile | None]

RIGHTS = frozenset({"privacy_rights"})
"""The purposes for which requests are filed and read; other purposes are refused."""

BUNDLED = (RequestKind.ACCESS, RequestKind.PORTABILITY)
NOT_YET = (RequestState.RECEIVED, RequestState.IDENTITY_CHECKED, RequestState.REFUSED)

AT_ONCE = frozenset({RequestKind.ACCESS, RequestKind.PORTABILITY, RequestKind.RESTRICTION, RequestKind.OBJECTION})
"""Kinds that start by themselves once the identity is checked, since there is nothing left to judge."""


class Desk:
    """Files, shows and moves privacy requests."""

    def __init__(
        self,
        gate: Gate,
        purposes: Mapping[str, Purpose],
        start_erasing: Starter | None = None,
        four_eyes: bool = False,
    ) -> None:
        self._gate, self._purposes, self._start_erasing, self._four_eyes = gate, purposes, start_erasing, four_eyes

    def file(self, actor: Actor, purpose: str | None, form: RequestForm) -> PrivacyRequestDetails:
        """A new request; what a signed-in customer asks for starts at once where nothing is to be judged."""
        with self._gate.acting(AccessRequest(actor, purpose, "request-file", RIGHTS, of_case=False)) as reading:
            wanted = form.profile_id or reading.own_id
            profile = reading.profile(wanted) if wanted else None
            if profile is None or reading.own_id not in (None, profile.profile_id):
                raise not_found()
            return self.file_in(reading, actor, form, profile, self._gate.clock())

    def file_in(
        self, reading: Reading, actor: Actor, form: RequestForm, profile: StoredProfile, received_at: datetime
    ) -> PrivacyRequestDetails:
        """The same in a transaction that is open, of a request that reached us at `received_at`."""
        self._check_purposes(form)
        if not set(form.records) <= set(profile.document.get("records") or []):
            detail = "Expected `records` of this person, found at least one that is not; see the profile's records."
            raise Problem(422, "records-not-of-this-person", detail)
        details = {name: found for name in ("fields", "purposes", "records") if (found := getattr(form, name))}
        now = self._gate.clock()
        if form.fields:
            details["fields"] = checked_fields(profile, form.fields, now.date())
        of = (form.kind, profile.profile_id, details, received_at, now)
        request = self._start(reading, reading.run(file, actor, *of), actor, now)
        reading.about, reading.case = profile.profile_id, request.request_id
        return detailed(reading, request, actor, now)

    def all(self, actor: Actor, purpose: str | None, state: RequestState | None, overdue: bool) -> RequestList:
        """The requests that this actor may see."""
        with self._gate.acting(AccessRequest(actor, purpose, "request-list", RIGHTS, of_case=False)) as reading:
            now = self._gate.clock()
            found = reading.run(listed, own=reading.own_id, state=state, overdue=overdue, now=now)
            erasing = reading.run(begun, [one.request_id for one in found])
            seen = [in_short(one, now, one.request_id in erasing) for one in found]
            reading.shown |= {one.profile_id for one in found}
            return RequestList(requests=[PrivacyRequestView(**one) for one in seen])

    def one(self, actor: Actor, purpose: str | None, request_id: str) -> PrivacyRequestDetails:
        """A request with its timeline."""
        with self._gate.acting(AccessRequest(actor, purpose, "request", RIGHTS)) as reading:
            request = found_request(reading, request_id, reading.own_id)
            return detailed(reading, request, actor, self._gate.clock())

    def step(self, actor: Actor, purpose: str | None, request_id: str, form: StepForm) -> PrivacyRequestDetails:
        """The request after a step of the privacy officer, with what the step brings about."""
        with self._gate.acting(
            AccessRequest(actor, purpose, f"request-{form.step.value.replace('_', '-')}", RIGHTS)
        ) as reading:
            only_for_officers(actor)
            # An erasure that has begun holds the row while it looks for whom it is about: then nobody waits for it.
            erasing = form.step is RequestStep.REFUSE and bool(reading.run(begun, [request_id]))
            request, now = found_request(reading, request_id, lock=not erasing), self._gate.clock()
            request = reading.run(move, request, actor, form.step, form.note, now)
            profile = reading.profile(request.profile_id)
            if form.step is RequestStep.COMPLETE and request.kind is RequestKind.RECTIFICATION and profile:
                corrected = reading.run(details_of, request_id)["fields"]
                reading.run(rectify, profile, request_id, corrected, now)
            if form.step is RequestStep.CHECK_IDENTITY:
                request = self._start(reading, request, actor, now)
            return detailed(reading, request, actor, now)

    def bundle(self, actor: Actor, purpose: str | None, request_id: str) -> bytes:
        """Everything about the person of an access or portability request; a customer who takes it ends the request."""
        with self._gate.acting(AccessRequest(actor, purpose, "request-bundle", RIGHTS)) as reading:
            request = reading.run(find, request_id, reading.own_id, lock=True)
            if request.kind not in BUNDLED or request.state in NOT_YET:
                detail = "Expected a request for access or portability that was started, found another."
                raise Problem(409, "step-not-possible", detail)
            if actor.role is Role.CUSTOMER and request.state.open:
                reading.run(move, request, actor, RequestStep.COMPLETE, None, self._gate.clock())
        portable = request.kind is RequestKind.PORTABILITY
        features = {} if portable else self._gate.features(actor, purpose, request.profile_id).data.features
        computed = {name: one.model_dump(mode="json") for name, one in features.items()}

        ask = AccessRequest(actor, purpose, "bundle", RIGHTS)

        def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> Collected:
            kept = keeping(reading, profile, self._purposes, self._gate.clock())
            return Collected(
                parts=reading.run(collected, profile, mask) | {"retention": as_rows(kept)},
                language=language_of(profile.document, published_controller()),
                ends=ends_of(kept),
                systems=reading.run(systems_told, profile.profile_id),
            )

        answer = self._gate.answer(ask, by_id(request.profile_id), show)
        found = answer.data
        parts = found.parts | {"features": of_features(computed)}
        told = Told(parts, self._purposes, found.ends, found.systems, self._gate.clock(), answer.consent)
        return zipped(told, found.language, portable=portable)

    def erase(self, actor: Actor, purpose: str | None, request_id: str) -> PrivacyRequestDetails:
        """Starts the erasure of a request that is under way; its certificate comes when all stores are done.

        Where it takes four eyes, the first officer's call proposes it, and another officer's starts it.
        """
        with self._gate.acting(AccessRequest(actor, purpose, "request-erase", RIGHTS)) as reading:
            only_for_officers(actor)
            request, now = found_request(reading, request_id, lock=True), self._gate.clock()
            reading.run(check_erasable, request)
            reading.run(check_whose, request, now)
            starts = not self._four_eyes or reading.run(is_confirmed_by, request, actor)
            if self._start_erasing is None and not self._four_eyes:  # two officers' words are kept for the owner
                detail = f"Expected OCV_OWNER_URL, found none: erase as the owner, `make erase REQUEST={request_id}`."
                raise Problem(409, "owner-needed", detail)
            reading.run(write_down, request, actor, ERASE if starts else PROPOSED, None, now)
            found = detailed(reading, request, actor, now)
        if starts and self._start_erasing is not None:
            self._start_erasing(request_id)
        return found

    def erasure(self, actor: Actor, purpose: str | None, request_id: str) -> ErasureView:
        """How far the erasure of a request has come, and why it has not ended."""
        with self._gate.acting(AccessRequest(actor, purpose, "request-erasure", RIGHTS)) as reading:
            only_for_officers(actor)
            return progress_of(reading, found_request(reading, request_id))

    def certificate(self, actor: Actor, purpose: str | None, request_id: str) -> dict[str, Any]:
        """The signed certificate of an erasure that has ended."""
        with self._gate.acting(AccessRequest(actor, purpose, "request-certificate", RIGHTS)) as reading:
            only_for_officers(actor)
            return reading.run(certificate_of, found_request(reading, request_id).request_id)

    def lift(self, actor: Actor, purpose: str | None, request_id: str, note: str) -> PrivacyRequestDetails:
        """Ends a restriction; art. 18(3) wants the person told before."""
        with self._gate.acting(AccessRequest(actor, purpose, "request-lift", RIGHTS)) as reading:
            only_for_officers(actor)
            request, now = found_request(reading, request_id, lock=True), self._gate.clock()
            reading.run(lift, request_id, now)
            reading.run(write_down, request, actor, "lift", note, now)
            return detailed(reading, request, actor, now)

    def _start(self, reading: Reading, request: PrivacyRequest, actor: Actor, now: datetime) -> PrivacyRequest:
        if request.state is not RequestState.IDENTITY_CHECKED or request.kind not in AT_ONCE:
            return request
        profile = reading.profile(request.profile_id)
        request = reading.run(move, request, actor, RequestStep.START, None, now)
        if profile is not None and request.kind is RequestKind.RESTRICTION:
            reading.run(restrict, request.request_id, profile.profile_id, reading.parts(profile), actor.bound, now)
        if profile is not None and request.kind is RequestKind.OBJECTION:
            purposes = [self._purposes[name] for name in reading.run(details_of, request.request_id)["purposes"]]
            reading.run(object_to, reading.parts(profile), actor.bound, purposes, actor.on_record, now)
        return request

    def file_for_nobody(
        self, reading: Reading, actor: Actor, intake_id: str, details: Mapping[str, Any], received_at: datetime
    ) -> PrivacyRequestDetails:
        """An erasure of whom no profile is left, by keys of sources or identifiers; filed under the intake's id."""
        now = self._gate.clock()
        request = reading.run(file, actor, RequestKind.ERASURE, intake_id, dict(details), received_at, now)
        reading.shown.add(intake_id)
        return detailed(reading, request, actor, now)

    def _check_purposes(self, form: RequestForm) -> None:
        bases = (LegalBasis.CONSENT, LegalBasis.LEGITIMATE_INTEREST)
        may = sorted(known.id for known in self._purposes.values() if known.legal_basis in bases)
        if not set(form.purposes) <= set(may):
            detail = "Expected purposes that a person can object to, found another; see `valid`."
            raise Problem(422, "purpose-without-objection", detail, valid=may)


def only_for_officers(actor: Actor) -> None:
    """A 403 for everybody else."""
    if actor.role is not Role.PRIVACY_OFFICER:
        raise Problem(403, "role-not-permitted", "Expected a privacy officer, found another role.")
