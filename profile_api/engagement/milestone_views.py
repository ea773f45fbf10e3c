"""The shapes of milestones: what is told of them, and how an advisor says that they have seen one."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engagement.zones.situation import Milestone
from profile_api.responses.views import View


class MilestoneForm(BaseModel):
    """The milestone that an advisor has seen; `years` of an anniversary alone."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"milestone": "anniversary", "years": 5}, {"milestone": "return"}]},
    )

    milestone: Milestone
    years: Annotated[int, Field(ge=1, le=120, strict=True)] | None = None

    @model_validator(mode="after")
    def _years_of_an_anniversary(self) -> "MilestoneForm":
        if (self.milestone == "anniversary") != (self.years is not None):
            raise ValueError("expected `years` of an anniversary, and of no other milestone")
        return self


class MilestoneView(View):
    """A day that counts, in whose zone, and what it rests on."""

    milestone: Milestone
    years: int | None = Field(description="as a customer, of an anniversary")
    on: date = Field(description="the day, in the zone")
    zone: str = Field(description="IANA name")
    zone_of: Literal["customer", "installation"] = Field(description="whose zone it is: theirs, where it is known")
    evidence: list[str] = Field(description="the records or events that it rests on, as far as they may be named")
    seen_at: datetime | None = Field(description="when an advisor first saw it; null where none has")


class MilestonesData(View):
    """The milestones of these days; bots and customers' own views have them once an advisor has seen them, or later."""

    milestones: list[MilestoneView] = Field(description="the newest first")
    unknown: list[Milestone] = Field(
        description="those that can't be told, since what they rest on is withheld or not kept"
    )
