"""The shapes of the dial: what is sent to state a position, and where a person stands."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from profile_api.http.channels import MetIn
from profile_api.http.instants import Instant
from profile_api.responses.views import View

Topic = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")]


class DialForm(BaseModel):
    """Where the customer stands, on a topic of the sector's rules or, without one, overall."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"position": 10, "channel": "chat"},
                {"topic": "orders", "position": 100, "channel": "app", "stated_at": "2024-05-01T11:00:00Z"},
            ]
        },
    )

    topic: Topic | None = None
    position: Annotated[int, Field(ge=0, le=100, strict=True, description="from 0, people alone, to 100, self-service")]
    channel: MetIn = Field(description="where the customer said so: one that a purpose names, as chat, phone, app")
    stated_at: Instant | None = Field(None, description="when; now, if left out")


class DialPosition(View):
    """A position and where it comes from."""

    position: int = Field(description="from 0, people alone, to 100, self-service")
    stated_at: datetime
    channel: str
    stated_through: str = Field(description="the role that took it down")


class DialData(View):
    """Where a person stands; what the purpose may not show is null or absent, and `withheld` says so."""

    overall: DialPosition | None = Field(description="null where the person never said")
    topics: dict[str, DialPosition] = Field(description="topics with a position of their own; it goes before `overall`")


class RecordedDial(View):
    """What was stored; what counts is asked like everything else, and may be a more human position."""

    profile_id: str
    topic: str | None
    position: int
