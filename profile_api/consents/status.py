"""Shows a person's decisions: the consent status for each purpose at an instant, and the receipt of each event."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from consent.controller import published_controller
from consent.current import effective_consent, ends_at
from consent.determinations import Circumstances
from consent.ledger import find
from consent.model import Actor, ConsentEvent, Decision, EffectiveConsent, Purpose, RecordIdentifiers, Role
from consent.notices import published_notices
from consent.receipts import receipt_of
from contracts.identifiers import Identifier
from profile_api.access.asking import Found
from profile_api.access.gate import AccessRequest, Gate, Reading, by_id
from profile_api.access.masking import Mask, addressed
from profile_api.access.stored import StoredProfile
from profile_api.consents.desk import SERVES, is_a_choice
from profile_api.consents.queries import holders_of_record
from profile_api.consents.views import ConsentsData, DecidedIdentifier, EventOfStatus, PurposeStatus, Receipt
from profile_api.responses.errors import Problem, not_found
from profile_api.responses.views import Answer

Hold = Callable[[Identifier], DecidedIdentifier]


def status_of(
    gate: Gate,
    actor: Actor,
    purpose: str | None,
    profile_id: str,
    purposes: Mapping[str, Purpose],
    as_of: datetime | None,
) -> Answer[ConsentsData]:
    """The consent status for every purpose that the person can choose, with the underlying events."""

    def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> ConsentsData:
        parts, at = reading.parts(profile), as_of or gate.clock()
        events = reading.consents({one for part in parts.values() for one in part} | set(profile.identifiers))
        shown = {Identifier(one.kind, one.value) for one in mask.profile().identifiers}

        def hold(one: Identifier) -> DecidedIdentifier:
            return DecidedIdentifier(kind=one.kind, value=one.value if one in shown else None)

        known = [event for event in events if min(event.decided_at, event.received_at or event.decided_at) <= at]
        chosen = [one for one in purposes.values() if is_a_choice(one)]
        of = (parts.values(), addressed(profile, parts), reading.circumstances(profile))
        return ConsentsData(as_of=at, purposes={one.id: _status(one, known, at, *of, hold) for one in chosen})

    return gate.answer(AccessRequest(actor, purpose, "consents", SERVES), by_id(profile_id), show)


def _status(
    purpose: Purpose,
    events: Collection[ConsentEvent],
    at: datetime,
    parts: Collection[RecordIdentifiers],
    where: Collection[RecordIdentifiers],
    circumstances: Circumstances,
    hold: Hold,
) -> PurposeStatus:
    stands = effective_consent(events, purpose, at, parts)
    of_purpose = [event for event in events if event.purpose == purpose.id]
    return PurposeStatus(
        name=purpose.name,
        legal_basis=purpose.legal_basis.value,
        state=stands.state.value,
        permits=circumstances.permits(purpose, stands, events, parts, where, at),
        notice_version=purpose.notice_version,
        contact_points=[hold(one) for one in sorted(stands.points)],
        undecided_records=len(stands.undecided),
        events=[_event(event, purpose, stands, hold) for event in sorted(of_purpose, key=_newest_first, reverse=True)],
    )


def _newest_first(event: ConsentEvent) -> tuple[datetime, str]:
    return event.decided_at, event.consent_id


def _event(event: ConsentEvent, purpose: Purpose, stands: EffectiveConsent, hold: Hold) -> EventOfStatus:
    return EventOfStatus(
        consent_id=event.consent_id,
        state=event.state.value,
        decided_at=event.decided_at,
        received_at=event.received_at or event.decided_at,
        expires_at=ends_at(event, purpose),
        notice_version=event.notice_version,
        method=event.method.value,
        decided_through=event.decided_through,
        identifier=hold(event.identifier),
        contact_point=hold(event.contact_point) if event.contact_point else None,
        decides=stands.event is not None and stands.event.consent_id == event.consent_id,
    )


def receipt(
    gate: Gate, actor: Actor, purpose: str | None, consent_id: str, purposes: Mapping[str, Purpose]
) -> Answer[Receipt]:
    """The receipt of an event, for the person under whose identifier it is stored, and for roles that may ask about
    them."""
    row: dict[str, object] = {}

    def whose(reading: Reading, ask: AccessRequest, may: Decision) -> Found | Problem:
        event = reading.run(find, consent_id) if "\x00" not in consent_id else None
        if event is None or event["salt"] is None:
            return not_found()  # also where the person was erased since
        row.update(event)
        owners = _owners(reading, Identifier(event["identifier_kind"], event["identifier"]))
        if ask.actor.role is Role.CUSTOMER:
            owners = [one for one in owners if one == ask.actor.profile_id]
        profile = reading.profile(owners[0]) if owners else None
        return Found(profile) if profile else not_found()

    def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> Receipt:
        shown = {Identifier(one.kind, one.value) for one in mask.profile().identifiers}
        known, controller, notices = purposes.get(str(row["purpose"])), published_controller(), published_notices()
        document = receipt_of(row, known, controller, gate.clock(), shown, notices)
        return Receipt(document=document)

    return gate.answer(AccessRequest(actor, purpose, "receipt", SERVES), whose, show)


def _owners(reading: Reading, identifier: Identifier) -> list[str]:
    if identifier.kind != "record":
        return reading.owners(identifier)
    return reading.run(holders_of_record, identifier.value)
