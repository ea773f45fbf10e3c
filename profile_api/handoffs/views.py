"""The shapes of hand-offs: what is sent to ask for a person and to take a step, and what is answered."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from engagement.handoffs.content import Outcome, VerifiedBy, Why
from engagement.handoffs.packet import Packet
from engagement.handoffs.states import State, Step
from engagement.zones.situation import Zone
from profile_api.http.channels import MetIn
from profile_api.http.instants import Instant
from profile_api.http.lookups import Lookup
from profile_api.responses.views import View

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"^[^\x00]+$")]
TakenByPeople = Literal["reserve", "accept", "reject", "transfer", "wrap", "resolve", "return", "rescind", "abandon"]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Said(_Form):
    """A message of the conversation so far."""

    at: Instant
    said_by: Literal["customer", "bot", "advisor"]
    text: Words
    answers: Name | None = Field(None, description="the slot that this answers")


class SlotForm(_Form):
    """Something that has to be known, and its value once it is."""

    name: Name
    value: Words | None = None


class TriedForm(_Form):
    """A step that was tried."""

    name: Name
    outcome: Outcome
    text: Words | None = None


class PromiseForm(_Form):
    """Something that the customer was promised."""

    text: Words
    due_on: date | None = None


class HandoffForm(_Form):
    """A request for a person, with everything that they need to know."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "request_key": "7d1f",
                    "conversation_id": "chat-20240501-7",
                    "channel": "chat",
                    "why": "failed_attempts",
                    "verified_by": "login",
                    "summary": "Her card was stolen; blocking it failed twice.",
                    "transcript": [
                        {"at": "2024-05-01T11:58:00Z", "said_by": "customer", "text": "My card was stolen."},
                        {
                            "at": "2024-05-01T11:59:00Z",
                            "said_by": "customer",
                            "text": "It ends in 42.",
                            "answers": "card_number",
                        },
                    ],
                    "slots": [{"name": "card_number"}, {"name": "place_of_loss"}],
                    "tried": [{"name": "block_card", "outcome": "failed"}],
                }
            ]
        },
    )

    request_key: Id = Field(description="made up by the sender; the same request with the same key is made once")
    conversation_id: Id = Field(description="the channel's own; it stays the same through all holders and channels")
    channel: MetIn
    why: Why
    verified_by: VerifiedBy = Field(
        VerifiedBy.NOTHING, description="how whoever asks knows who the customer is; of a customer, always `login`"
    )
    summary: Words | None = None
    transcript: Annotated[list[Said], Field(max_length=500)] = []
    slots: Annotated[list[SlotForm], Field(max_length=50)] = []
    tried: Annotated[list[TriedForm], Field(max_length=50)] = []
    promises: Annotated[list[PromiseForm], Field(max_length=20)] = []
    contact_point: Lookup | None = Field(None, description="where the customer can be reached: one of their own")
    language: Language | None = None
    skill: Name | None = Field(None, description="what the advisor has to know")
    zone: Zone | None = None
    rule: Name | None = None


class HandoffStatus(View):
    """Where a hand-off stands, and what the customer is told."""

    handoff_id: str
    conversation_id: str
    state: State
    holder: str | None = Field(None, description="the advisor who holds it; for advisors alone")
    until: datetime | None = Field(None, description="when the state ends by itself unless the holder is heard")
    expected_from: datetime | None = Field(
        None, description="while nobody is there: from when somebody should be, by the opening hours"
    )
    told: str | None = Field(None, description="what the customer is told, in their language")


class HandoffList(View):
    """The hand-offs of a person, newest first; empty where the purpose may not show them."""

    handoffs: list[HandoffStatus]


class Waiting(View):
    """An open hand-off, without whom it is about."""

    handoff_id: str
    state: State
    holder: str | None
    channel: str
    why: Why
    language: str | None
    skill: str | None
    zone: str | None
    requested_at: datetime


class Queue(View):
    """The open hand-offs, oldest first."""

    handoffs: list[Waiting]


class StepForm(_Form):
    """A step; a summary for whoever comes next, and for a transfer the skill that they need."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"step": "accept"}]})

    step: TakenByPeople
    summary: Words | None = None
    skill: Name | None = None

    @property
    def taken(self) -> Step:
        return Step(self.step)


class MessageForm(_Form):
    """Something said: by the customer, whoever sends it on, or by us."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"said_by": "us", "text": "Your card is blocked."}]}
    )

    said_by: Literal["customer", "us"]
    text: Words
    answers: Name | None = Field(None, description="the slot that this answers")


class Kept(View):
    """What was kept, in which conversation."""

    conversation_id: str
    at: datetime


class PresenceForm(_Form):
    """For how many minutes an advisor is at work (0: not any more), and for what."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"minutes": 5, "languages": ["fr"], "skills": ["cards"]}]}
    )

    minutes: Annotated[int, Field(ge=0, le=720, strict=True)]
    languages: Annotated[list[Language], Field(max_length=20)] = []
    skills: Annotated[list[Name], Field(max_length=50)] = []
    capacity: Annotated[int, Field(ge=1, le=50, strict=True, description="how many conversations at once")] = 3


class Presence(View):
    """Until when the advisor counts as being there."""

    until: datetime


class OpenedPacket(View):
    """The packet as its holder may see it now."""

    packet: Packet
