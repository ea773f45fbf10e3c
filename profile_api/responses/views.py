"""What leaves: the shapes of the answers, as the OpenAPI document shows them."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.assurance import Assurance

Short = Annotated[str, StringConstraints(min_length=1, max_length=320, pattern=r"^[^\x00]+$")]
"""A line that somebody typed."""


class View(BaseModel):
    model_config = ConfigDict(frozen=True)


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(frozen=True, json_schema_extra={"examples": [values]})


class LosingValue(View):
    value: str
    channel: str
    observed_at: str | None = Field(description="null where the source does not date its records")
    record_id: str | None = None


class FieldView(View):
    """A field of the golden record and where its value comes from; `record_id` only where it gives nothing away."""

    model_config = _example(
        value="12 rue des Lilas",
        category="contact",
        channel="crm",
        observed_at="2024-01-05T10:00:00+00:00",
        rule="most_recent",
        assurance="source",
        record_id="crm:42",
        losing=[{"value": "3 place Haute", "channel": "web", "observed_at": "2022-03-04T09:00:00+00:00"}],
    )

    value: str
    category: str
    channel: str
    observed_at: str | None = Field(description="null where the source does not date its records")
    rule: str = Field(description="the survivorship rule that chose this value")
    assurance: Assurance = Field(
        description="claimed: anyone could have said it; source: a channel that knows its people does; verified: proven"
    )
    record_id: str | None = None
    losing: list[LosingValue] = Field(description="what other sources say")


class IdentifierView(View):
    model_config = _example(kind="email", value="ana@inbox.example", category="contact")

    kind: str
    value: str
    category: str


class ProfileData(View):
    fields: dict[str, FieldView]
    identifiers: list[IdentifierView]
    first_seen: str | None = None
    last_seen: str | None = None


class EventView(View):
    model_config = _example(
        event_id="orders:17",
        occurred_at="2024-05-01T11:00:00Z",
        channel="orders",
        type="order",
        amount=49.9,
        properties={"article": "lamp"},
    )

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
    model_config = _example(value=2, category="transaction", event_timestamp="2024-05-01T00:00:00Z")

    value: Any
    category: str
    event_timestamp: datetime | None = Field(description="as of when the value holds")
    age_seconds: int | None = Field(None, description="since then")
    expired: bool = Field(False, description="it was of the moment and the moment is over: the value is left out")


class FeaturesData(View):
    features: dict[str, FeatureView]


class Withheld(View):
    model_config = _example(
        category="sensitive",
        reason="The purpose service does not cover data of this category.",
        policy="category-outside-purpose",
    )

    category: str
    reason: str
    policy: str


class DecisionView(View):
    policy: str
    consent_event: str | None
    notice_version: str | None
    age_unknown: bool = Field(False, description="the purpose rests on consent, and the person's age is not known")


class ConsentStatus(View):
    model_config = _example(
        state="ConsentGiven",
        permits=True,
        decided_at="2024-02-03T10:00:00Z",
        consent_event="6f1c0d",
        notice_version="2024-1",
    )

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
    version: int = Field(
        description="rises with data that the purpose covers; says nothing of permission: ask at each use"
    )
    purpose: str
    data: Data
    withheld: list[Withheld]
    decision: DecisionView
    consent: dict[str, ConsentStatus] = Field(description="the person's own decisions, by purpose")
