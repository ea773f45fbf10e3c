"""The file that says which milestones there are, as people write it."""

from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from contracts.yaml_files import UnreadableFile, described, read_yaml
from engagement.milestones.days import zone_named

SHIPPED = Path(__file__).parent / "milestones.yml"

Days = Annotated[int, Field(ge=1, le=3_660, strict=True)]


class BadMilestones(UnreadableFile):
    """A milestone file that can't be used; the message names file, line and key."""


class MilestoneRules(BaseModel):
    """Which days count, in whose zone where the customer's is not known, and for how long each is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timezone: str = Field(description="zone of customers of whom none is known, such as Europe/Paris")
    years: frozenset[Annotated[int, Field(ge=1, le=120, strict=True)]] = Field(description="years as a customer")
    orders: frozenset[Literal[1, 100]] = Field(description="the first and the hundredth order")
    silence_days: Days = Field(description="so many days without an interaction are a long silence")
    leap_day: Literal["february_28", "march_1"] = Field(
        description="the day, in other years, of whoever became a customer on 29 February"
    )
    told_for_days: Days = Field(description="for so many days from its own on a milestone is told")
    bots_after_days: Annotated[int, Field(ge=0, le=3_660, strict=True)] = Field(
        description="so many days after it, a milestone that no advisor has seen yet is told by bots too"
    )

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, timezone: str) -> str:
        if zone_named(timezone) is None:
            raise ValueError("expected a time zone such as Europe/Paris, found none of that name")
        return timezone

    @model_validator(mode="after")
    def _ends_before_it_comes_again(self) -> Self:
        # Two returns are a silence apart at least: so of those that are told, one alone is a return.
        if self.told_for_days > self.silence_days:
            raise ValueError("expected told_for_days to be at most silence_days, found more")
        if self.bots_after_days > self.told_for_days:
            raise ValueError("expected bots_after_days to be at most told_for_days, found more")
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def load_milestones(path: Path) -> MilestoneRules:
    """The rules of a file; BadMilestones says all that is wrong with it."""
    try:
        content, lines = read_yaml(path, "timezone")
        return MilestoneRules.model_validate(content)
    except ValidationError as error:
        found = [described("milestone", path, dict(one), lines) for one in error.errors()]
        raise BadMilestones("\n".join(found)) from None
    except UnreadableFile as error:
        raise BadMilestones(str(error)) from None
    except FileNotFoundError:
        raise BadMilestones(f"{path}: expected a milestone file, found none") from None


def shipped_milestones() -> MilestoneRules:
    """The rules that come with the product."""
    return load_milestones(SHIPPED)
