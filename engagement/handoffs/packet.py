"""The packet: everything that whoever takes over a conversation has in front of them, as one schema."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from engagement.handoffs.content import Outcome, VerifiedBy, Why
from engagement.handoffs.states import State


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Message(_Part):
    """Something said in the conversation."""

    at: datetime
    said_by: str = Field(description="the role")
    text: str


class Tried(_Part):
    """A step that was tried."""

    at: datetime
    name: str
    outcome: Outcome | None
    text: str | None


class Promise(_Part):
    """Something that the customer was promised."""

    at: datetime
    text: str
    due_on: date | None


class ContactPoint(_Part):
    """Where the customer can be reached: the identifier that wrote, or the one for a callback."""

    kind: str
    value: str


class Fact(_Part):
    """A field of the profile that the receiving role may see, and how well it is known."""

    value: str
    category: str
    assurance: str


class Identity(_Part):
    """Who the customer is, and how that was verified in this conversation."""

    profile_id: str
    verified_by: VerifiedBy


class Asked(_Part):
    """Who asked for a person, when and why."""

    role: str
    at: datetime
    why: Why


class Told(_Part):
    """What whoever asked was permitted to see, of which version of the profile."""

    categories: list[str]
    profile_version: int


class Earlier(_Part):
    """Another hand-off of the same customer."""

    handoff_id: str
    conversation_id: str
    at: datetime
    why: Why
    state: State


class WithheldCategory(_Part):
    """What the receiving role may not see, and why."""

    category: str
    reason: str


class Packet(_Part):
    """A conversation as it is handed over. What may not be shown now is absent, and `withheld` says why."""

    handoff_id: str
    conversation_id: str
    channel: str
    state: State
    identity: Identity
    asked: Asked
    summary: str | None = Field(description="the newest summary")
    transcript: list[Message]
    slots: dict[str, str] = Field(description="the answers, by slot")
    open_slots: list[str] = Field(description="the slots that nothing in the transcript answers")
    tried: list[Tried]
    promises: list[Promise]
    contact_point: ContactPoint | None
    language: str | None
    dial: int | None = Field(description="where the customer stands overall: 0 people alone, 100 self-service")
    zone: str | None
    rule: str | None
    facts: dict[str, Fact]
    withheld: list[WithheldCategory]
    profile_version: int = Field(description="as it is now; that of the request is in `told`")
    told: Told
    earlier: list[Earlier]
