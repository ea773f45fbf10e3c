"""What leaves: the shapes of the answers, as the OpenAPI document shows them."""

from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field


class View(BaseModel):
    model_config = ConfigDict(frozen=True)


class LosingValue(View):
    value: str
    channel: str
    observed_at: str
    record_id: str | None = None


class FieldView(View):
    """A field of the golden record and where its value comes from; `record_id` only where it gives nothing away."""

    value: str
    category: str
    channel: str
    observed_at: str
    rule: str = Field(description="the survivorship rule that chose this value")
    record_id: str | None = None
    losing: list[LosingValue] = Field(description="what other sources say")


class IdentifierView(View):
    kind: str
    value: str
    category: str


class ProfileData(View):
    fields: dict[str, FieldView]
    identifiers: list[IdentifierView]
    first_seen: str | None = None
    last_seen: str | None = None


class EventView(View):
    event_id: str | None
    occurred_at: datetime
    channel: str
    type: str
    intent: str | None = None
    amount: float | None = None
    properties: dict[str, str]


class TimelineData(View):
    events: list[EventView] = Field(description="newest first")
    next_cursor: str | None = Field(description="give it as `cursor` for the events before these; null at the end")


class FeatureView(View):
    value: Any
    category: str
    event_timestamp: datetime | None = Field(description="as of when the value holds")


class FeaturesData(View):
    features: dict[str, FeatureView]


class Withheld(View):
    category: str
    reason: str
    policy: str


class DecisionView(View):
    policy: str
    consent_event: str | None
    notice_version: str | None


class ConsentStatus(View):
    state: str = Field(description="in terms of the W3C Data Privacy Vocabulary")
    permits: bool
    decided_at: datetime | None
    consent_event: str | None
    notice_version: str | None


Data = TypeVar("Data", bound=View)


class Answer(View, Generic[Data]):
    """What every answer about a person says beside its data."""

    profile_id: str
    requested_id: str | None = Field(None, description="the merged-away id that was asked for")
    version: int = Field(description="two answers of the same version and purpose are the same view")
    purpose: str
    data: Data
    withheld: list[Withheld]
    decision: DecisionView
    consent: dict[str, ConsentStatus] = Field(description="the person's own decisions, by purpose")
