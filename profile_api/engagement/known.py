"""What a decision of the gate, and the person's own decisions, mean for who serves and what may be offered."""

from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import chain

from consent.model import ConsentState, Decision, LegalBasis, Purpose, Role
from contracts.categories import Category
from contracts.identifiers import Identifier
from profile_api.access.consent_status import consent_status
from profile_api.access.gate import Reading
from profile_api.access.masking import addressed
from profile_api.access.stored import StoredProfile
from profile_api.responses.views import ConsentStatus

CONSENT = frozenset({"consent-missing", "person-objected", "nobody-to-reach", "parental-authorisation-missing"})
"""Policies by which the person's choice denies the whole purpose."""
SERVING = frozenset({Role.ADVISOR, Role.BOT})
RESTRICTED, ENDED = "restricted", "retention-ended"


def is_restricted(may: Decision) -> bool:
    """Whether the person's data is kept and not used."""
    return not may.allowed and may.policy == RESTRICTED


def consent_denies(may: Decision) -> bool:
    """Whether the person's choice denies what the data would be used for."""
    return not may.allowed and may.policy in CONSENT


def usable_now(may: Decision) -> frozenset[Category]:
    """The categories of which something new may be used: what is said now is not too old, whatever else has ended."""
    return may.allowed | {one.category for one in may.withheld if one.policy == ENDED}


def carried(reading: Reading, profile: StoredProfile) -> set[Identifier]:
    """The identifiers under which something is kept about a person: theirs, and those of each of their records."""
    return {*profile.identifiers, *chain.from_iterable(reading.parts(profile).values())}


def choices(
    reading: Reading, profile: StoredProfile, may: Decision, purposes: Collection[Purpose], now: datetime
) -> dict[str, ConsentStatus]:
    """What the person chose about each of these purposes, inside an answer; nothing where nothing may be shown."""
    if not may.allowed:
        return {}
    parts, consents = reading.parts(profile), reading.consents(carried(reading, profile))
    theirs = parts.values(), addressed(profile, parts), reading.circumstances(profile)
    return consent_status(purposes, consents, now, *theirs)


def offers(consent: Mapping[str, ConsentStatus], channel: str, purposes: Collection[Purpose]) -> str:
    """Whether something may be offered in this channel: `permitted`, `refused` or `not_permitted`.

    A no to any direct marketing is a no here. Otherwise a consent counts whose purpose names the channel, and is for
    those who serve.
    """
    asked = [
        one for one in purposes if one.legal_basis is LegalBasis.CONSENT and one.id in consent and one.roles & SERVING
    ]
    through = [one for one in asked if channel in one.channels]
    if any(ConsentState(consent[one.id].state).refuses for one in asked if one.is_direct_marketing or one in through):
        return "refused"
    return "permitted" if any(consent[one.id].permits for one in through) else "not_permitted"


def expired(consent: Mapping[str, ConsentStatus]) -> dict[str, str]:
    """The purposes to which the person consented once and no longer, each with that consent."""
    ended = {one: status for one, status in consent.items() if status.state == ConsentState.EXPIRED.value}
    return {purpose: status.consent_event or "" for purpose, status in ended.items()}
