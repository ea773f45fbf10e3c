"""A person's decision about each purpose, as part of every answer about them."""

from collections.abc import Collection, Iterable
from datetime import datetime

from consent.current import effective_consent
from consent.determinations import Circumstances
from consent.model import ConsentEvent, LegalBasis, Purpose, RecordIdentifiers
from profile_api.responses.views import ConsentStatus


def consent_status(
    purposes: Iterable[Purpose],
    consents: Collection[ConsentEvent],
    now: datetime,
    parts: Collection[RecordIdentifiers],
    addressed: Collection[RecordIdentifiers],
    circumstances: Circumstances,
) -> dict[str, ConsentStatus]:
    """Every purpose that rests on consent, and those of legitimate interest about which the person decided.

    `addressed` are the records, of `parts`, that have a postal address.
    """
    status: dict[str, ConsentStatus] = {}
    for purpose in purposes:
        stands = effective_consent(consents, purpose, now, parts)
        event, rests_on_consent = stands.event, purpose.legal_basis is LegalBasis.CONSENT
        if rests_on_consent or (event and purpose.legal_basis is LegalBasis.LEGITIMATE_INTEREST):
            status[purpose.id] = ConsentStatus(
                state=stands.state,
                permits=circumstances.permits(purpose, stands, consents, parts, addressed, now),
                decided_at=event.decided_at if event else None,
                consent_event=event.consent_id if event else None,
                notice_version=event.notice_version if event else None,
            )
    return status
