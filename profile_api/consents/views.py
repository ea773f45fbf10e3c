"""The shapes of decisions: what is sent to take one, and what shows where a person stands."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from profile_api.responses.views import View


class Choice(StrEnum):
    """What a person can say about a purpose."""

    GIVE = "give"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    RENEW = "renew"


class ContactPoint(BaseModel):
    """An address of the person, as it was heard or typed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Annotated[str, StringConstraints(pattern=r"^(email|phone)$")]
    value: Annotated[str, StringConstraints(min_length=1, max_length=320, pattern=r"^[^\x00]+$")]
    region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None


class No(BaseModel):
    """A refusal or a withdrawal: of the whole purpose, or of one address."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [{"purpose": "analytics"}]})

    purpose: Annotated[str, StringConstraints(max_length=63)]
    contact_point: ContactPoint | None = None


class Yes(No):
    """A consent, under the notice in force or the one that was shown."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"purpose": "personalisation", "notice_language": "fr"},
                {"purpose": "marketing_email", "contact_point": {"kind": "email", "value": "ana@inbox.example"}},
            ]
        }
    )

    notice_version: Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[^\x00]+$")] | None = None
    notice_language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = "fr"


class RecordedChoice(View):
    """The events that the ledger holds for a choice, each with a receipt, and where the person stands now."""

    profile_id: str
    purpose: str
    state: str = Field(description="in terms of the W3C Data Privacy Vocabulary")
    permits: bool
    events: list[str] = Field(description="ids of the new events; `GET /v1/consents/{consent_id}/receipt`")


class DecidedIdentifier(View):
    """An identifier that a decision is kept under; the value only where this purpose may show it."""

    kind: str
    value: str | None


class EventOfStatus(View):
    consent_id: str
    state: str
    decided_at: datetime
    received_at: datetime
    expires_at: datetime | None
    notice_version: str | None
    method: str
    decided_through: str
    identifier: DecidedIdentifier
    contact_point: DecidedIdentifier | None = Field(description="null where the decision is about the whole person")
    decides: bool = Field(description="whether the state rests on this event")


class PurposeStatus(View):
    """Where the person stands on a purpose. `undecided_records` have no yes of their own and keep one from counting."""

    name: dict[str, str]
    legal_basis: str
    state: str
    permits: bool
    notice_version: str
    contact_points: list[DecidedIdentifier] = Field(description="the addresses that may be used")
    undecided_records: int
    events: list[EventOfStatus] = Field(description="every decision about the purpose, newest first")


class ConsentsData(View):
    as_of: datetime
    purposes: dict[str, PurposeStatus]


class PurposeView(View):
    """A purpose, in the words that people are shown."""

    id: str
    name: dict[str, str]
    text: dict[str, str]
    dpv: str
    legal_basis: str
    categories: list[str]
    roles: list[str]
    channels: list[str]
    retention: str = Field(description="how long after the last interaction data is used, ISO 8601")
    retention_of: dict[str, str] = Field(description="categories that are used for another time")
    all_held: bool = Field(description="whatever is still held for any purpose may be read for this one")
    validity: str | None
    notice_version: str
    new_notice_voids: bool
    refused: bool


class NoticeText(View):
    text: str
    sha256: str = Field(description="of the text as UTF-8")


class NoticeView(View):
    """A version of the notice: by purpose and language, what people were shown."""

    version: str
    since: date
    purposes: dict[str, dict[str, NoticeText]]


class Receipt(View):
    """JSON-LD in terms of the W3C Data Privacy Vocabulary; consent/receipt.schema.json describes it."""

    model_config = ConfigDict(frozen=True)

    document: dict[str, Any]
