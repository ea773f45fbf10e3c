"""The model of consent: actors, purposes, and people's decisions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from contracts.categories import Category
from contracts.identifiers import Identifier

DIRECT_MARKETING = frozenset(
    f"dpv:{term}"
    for term in (
        "DirectMarketing", "Marketing", "Advertising", "PersonalisedAdvertising", "TargetedAdvertising",
        "PersonalisedDirectMarketing", "SocialMediaMarketing", "PublicRelations",
    )
)  # fmt: skip
"""Terms of the Data Privacy Vocabulary that are marketing to people."""


class Role(StrEnum):
    """Who may ask for personal data."""

    ADVISOR = "advisor"
    BOT = "bot"
    PRIVACY_OFFICER = "privacy_officer"
    STEWARD = "steward"
    CUSTOMER = "customer"


class LegalBasis(StrEnum):
    """The legal basis of a purpose, by GDPR art. 6(1); `none` if there is none."""

    CONTRACT = "contract"
    CONSENT = "consent"
    LEGITIMATE_INTEREST = "legitimate_interest"
    LEGAL_OBLIGATION = "legal_obligation"
    NONE = "none"


class ConsentState(StrEnum):
    """The states of a consent in the W3C Data Privacy Vocabulary, from the least restrictive to the most."""

    RENEWED = "RenewedConsentGiven"
    GIVEN = "ConsentGiven"
    REQUESTED = "ConsentRequested"
    DEFERRED = "ConsentRequestDeferred"
    UNKNOWN = "ConsentUnknown"
    EXPIRED = "ConsentExpired"
    INVALIDATED = "ConsentInvalidated"
    REFUSED = "ConsentRefused"
    WITHDRAWN = "ConsentWithdrawn"
    REVOKED = "ConsentRevoked"

    @property
    def restrictiveness(self) -> int:
        return _RESTRICTIVENESS[self]

    @property
    def permits(self) -> bool:
        return self in (ConsentState.GIVEN, ConsentState.RENEWED)

    @property
    def refuses(self) -> bool:
        """Whether the person said no, as opposed to another state that does not permit."""
        return self in (ConsentState.REFUSED, ConsentState.WITHDRAWN, ConsentState.REVOKED)


_RESTRICTIVENESS = {state: rank for rank, state in enumerate(ConsentState)}

# The words that channels use for a decision; any other word is unknown, and so permits nothing.
STATE_OF_WORD: dict[str, ConsentState] = {
    "granted": ConsentState.GIVEN,
    "renewed": ConsentState.RENEWED,
    "requested": ConsentState.REQUESTED,
    "deferred": ConsentState.DEFERRED,
    "expired": ConsentState.EXPIRED,
    "invalidated": ConsentState.INVALIDATED,
    "refused": ConsentState.REFUSED,
    "objected": ConsentState.REFUSED,
    "withdrawn": ConsentState.WITHDRAWN,
    "revoked": ConsentState.REVOKED,
}


class Method(StrEnum):
    """How the person's decision was recorded.

    An unreadable row counts as `not_understood`, a refusal, until a `looked_at` event revokes it.
    """

    FORM = "form"
    CALL = "call"
    DOUBLE_OPT_IN = "double_opt_in"
    GPC = "gpc"
    BANNER = "banner"
    IMPORT = "import"
    NOT_UNDERSTOOD = "not_understood"
    LOOKED_AT = "looked_at"


@dataclass(frozen=True)
class ConsentEvent:
    """A person's decision about a purpose, under an identifier, with the notice they were shown.

    It concerns one `contact_point`, or the whole person if that is None.
    """

    consent_id: str
    identifier: Identifier
    purpose: str
    state: ConsentState
    decided_at: datetime
    notice_version: str | None
    contact_point: Identifier | None = None
    expires_at: datetime | None = None
    received_at: datetime | None = None
    method: Method = Method.IMPORT
    decided_through: str = ""


RecordIdentifiers = frozenset[Identifier]
"""The identifiers of one source record."""


@dataclass(frozen=True)
class EffectiveConsent:
    """What a person's decisions permit for a purpose: `parts` of their records, `points` by which to reach them.

    `event` is the deciding event; `undecided` are the records that no yes covers.
    """

    state: ConsentState
    event: ConsentEvent | None
    parts: frozenset[RecordIdentifiers] = frozenset()
    points: frozenset[Identifier] = frozenset()
    undecided: frozenset[RecordIdentifiers] = frozenset()


@dataclass(frozen=True)
class Actor:
    """The requester.

    `profile_id` is a customer's own profile, and empty for everyone else. `bound` is the identifier that the issuer
    bound a customer's token to, if any: the profile follows from it. `reference` is the case or request that staff
    named, if any.
    """

    subject: str
    role: Role
    profile_id: str | None = None
    reference: str | None = None
    bound: Identifier | None = None

    @property
    def on_record(self) -> str:
        """The name in permanent records: a customer's subject may be an address, which could not be erased there."""
        return self.role.value if self.role is Role.CUSTOMER else self.subject

    @property
    def reader(self) -> str:
        """The name in the audit, where customers are told apart."""
        return f"{self.on_record}:{self.profile_id}" if self.profile_id else self.on_record


@dataclass(frozen=True)
class Purpose:
    """What data may be read for, and who may read which categories of it.

    `contact` is how the purpose reaches the person: the kind of an identifier, or `post`. A consent ends after
    `validity`, and any with a new notice where `new_notice_voids`, from `notice_since` on; `earlier_notices` are the
    versions that were shown before. `gpc`: a browser that sends Global Privacy Control objects to it. Data is used for
    `retention` after the last interaction, a category in `retention_of` for another period; with `all_held`, as long
    as it is stored for any purpose. `needs_reference`: staff must name a case or request.
    """

    id: str
    name: dict[str, str]
    text: dict[str, str]
    dpv: str
    legal_basis: LegalBasis
    categories: frozenset[Category]
    roles: frozenset[Role]
    retention: str
    notice_version: str
    refused: bool = False
    contact: str | None = None
    channels: frozenset[str] = frozenset()
    validity: str | None = None
    new_notice_voids: bool = False
    notice_since: date | None = None
    earlier_notices: frozenset[str] = frozenset()
    gpc: bool = False
    needs_reference: bool = False
    retention_of: Mapping[Category, str] = field(default_factory=dict)
    all_held: bool = False

    @property
    def is_direct_marketing(self) -> bool:
        """Whether it is direct marketing: nothing outweighs an objection to it."""
        return self.contact is not None or self.dpv in DIRECT_MARKETING

    def kept_for(self, category: Category) -> str:
        """How long data of a category is used for this purpose, as an ISO 8601 duration."""
        return self.retention_of.get(category, self.retention)

    def had_notice(self, version: str | None) -> bool:
        """Whether this version was ever shown for the purpose; a decision without a version is accepted."""
        return version in (None, self.notice_version) or version in self.earlier_notices


@dataclass(frozen=True)
class CategoryDecision:
    """Whether data of one category may be read, by which policy, and why in words."""

    category: Category
    allowed: bool
    policy: str
    reason: str


@dataclass(frozen=True)
class Decision:
    """What one actor may read of one person for one purpose, and why.

    `consent_event` is the deciding event, if any. `notice_version` is that of the notice shown with it, otherwise of
    the purpose's current notice. `age_unknown`: the purpose is based on consent, and it is unknown whether the person
    is old enough to give it.
    """

    purpose: str
    policy: str
    categories: tuple[CategoryDecision, ...]
    consent_state: ConsentState
    consent_event: str | None
    notice_version: str | None
    effective: EffectiveConsent
    contact: str | None = None
    age_unknown: bool = False

    @property
    def allowed(self) -> frozenset[Category]:
        return frozenset(decided.category for decided in self.categories if decided.allowed)

    @property
    def withheld(self) -> tuple[CategoryDecision, ...]:
        return tuple(decided for decided in self.categories if not decided.allowed)
