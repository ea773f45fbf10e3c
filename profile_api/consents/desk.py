"""Records consent decisions: by whom, about what, and under which of the person's identifiers."""

from collections.abc import Mapping
from datetime import datetime

from consent.current import effective_consent
from consent.ledger import Entry, append
from consent.model import Actor, ConsentState, LegalBasis, Method, Purpose, RecordIdentifiers, Role
from consent.speaking import speaking_for
from contracts.identifiers import Identifier, InvalidIdentifier, normalise
from profile_api.access.gate import AccessRequest, Gate
from profile_api.access.masking import addressed
from profile_api.consents.views import Choice, ContactPoint, No, RecordedChoice, Yes
from profile_api.responses.errors import Problem, not_found
from read_model.outbox.consent_changes import tell_decisions
from read_model.rebuild import hold_identities

SERVES = frozenset({"service", "privacy_rights"})
"""The purposes in whose course people decide: being served, or using their rights."""

METHOD_OF = {Role.CUSTOMER: Method.FORM, Role.ADVISOR: Method.CALL, Role.PRIVACY_OFFICER: Method.FORM}
STATE_OF = {
    Choice.GIVE: ConsentState.GIVEN,
    Choice.REFUSE: ConsentState.REFUSED,
    Choice.WITHDRAW: ConsentState.WITHDRAWN,
    Choice.RENEW: ConsentState.RENEWED,
}


class ConsentDesk:
    """Records decisions that customers make themselves, or tell an advisor or the privacy officer."""

    def __init__(self, gate: Gate, purposes: Mapping[str, Purpose]) -> None:
        self._gate, self._purposes = gate, purposes

    def take_down(self, actor: Actor, purpose: str | None, profile_id: str, choice: Choice, form: No) -> RecordedChoice:
        """Appends the choice to the ledger; the next read is decided by it."""
        with self._gate.acting(AccessRequest(actor, purpose, f"consent-{choice.value}", SERVES)) as reading:
            reading.run(hold_identities)  # an erasure takes the person before, or finds what is said
            if actor.role not in METHOD_OF:
                raise Problem(403, "role-not-permitted", f"The role {actor.role.value} takes down no decisions.")
            profile = reading.profile(profile_id)
            if profile is None or reading.own_id not in (None, profile.profile_id):
                raise not_found()
            reading.about = profile.profile_id
            chosen, now, parts = self._chosen(form.purpose), self._gate.clock(), reading.parts(profile)
            _check_notice(form, chosen)
            point = _point(form.contact_point, chosen, parts)
            of = {one for part in parts.values() for one in part}
            if choice is Choice.RENEW and not any(
                event.purpose == chosen.id and event.state.permits for event in reading.consents(of)
            ):
                raise Problem(409, "nothing-to-renew", "Expected a consent that was given before, found none; give it.")
            entries = [
                _entry(actor, chosen, choice, form, one, point, now)
                for one in ([point] if point else reading.run(speaking_for, parts, actor.bound))
            ]
            if not entries:  # the login has gone to another profile meanwhile
                raise not_found()
            reading.run(append, entries, now)
            decisions = reading.consents(of)
            stands = effective_consent(decisions, chosen, now, parts.values())
            reading.run(tell_decisions, [(entry.identifier, entry.purpose) for entry in entries], now)
            return RecordedChoice(
                profile_id=profile.profile_id,
                purpose=chosen.id,
                state=stands.state.value,
                permits=reading.circumstances(profile).permits(
                    chosen, stands, decisions, parts.values(), addressed(profile, parts), now
                ),
                events=[entry.consent_id for entry in entries],
            )

    def _chosen(self, purpose_id: str) -> Purpose:
        open_ = {one.id: one for one in self._purposes.values() if is_a_choice(one)}
        if purpose_id not in open_:
            detail = "Expected a purpose that rests on the person's choice, see `valid`; found another."
            raise Problem(422, "purpose-without-choice", detail, valid=sorted(open_))
        return open_[purpose_id]


def is_a_choice(purpose: Purpose) -> bool:
    """Whether the person decides about it: by consent, or by objecting."""
    return purpose.legal_basis in (LegalBasis.CONSENT, LegalBasis.LEGITIMATE_INTEREST)


def _check_notice(form: No, purpose: Purpose) -> None:
    if isinstance(form, Yes) and not purpose.had_notice(form.notice_version):
        detail = "Expected a version of the notice that was published for this purpose, see `valid`; found another."
        raise Problem(422, "notice-unknown", detail, valid=sorted({purpose.notice_version, *purpose.earlier_notices}))


def _point(given: ContactPoint | None, purpose: Purpose, parts: Mapping[str, RecordIdentifiers]) -> Identifier | None:
    if given is None:
        return None
    try:
        point = normalise(given.kind, given.value, given.region)
    except InvalidIdentifier as error:
        raise Problem(422, "invalid-identifier", str(error)) from error
    if purpose.contact != point.kind or not any(point in part for part in parts.values()):
        detail = "Expected an address of this person that the purpose uses, found another; or leave it out."
        raise Problem(422, "contact-point-unknown", detail)
    return point


def _entry(
    actor: Actor,
    purpose: Purpose,
    choice: Choice,
    form: No,
    identifier: Identifier,
    point: Identifier | None,
    now: datetime,
) -> Entry:
    yes = form if isinstance(form, Yes) else None
    return Entry(
        identifier=identifier,
        contact_point=point,
        purpose=purpose.id,
        state=STATE_OF[choice],
        decided_at=now,
        channel="api",
        decided_through=actor.role.value,
        method=METHOD_OF[actor.role],
        recorded_by=actor.on_record,
        notice_version=(yes.notice_version if yes else None) or purpose.notice_version,
        notice_language=yes.notice_language if yes else None,
    )
