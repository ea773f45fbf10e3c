"""Whether a person can be reached now, and how long it takes."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from profile_api.responses.views import View


class Reach(View):
    """What is known of reaching a person at this moment."""

    now: Literal["yes", "no", "unknown"]
    median_seconds: int | None = Field(description="of recent hand-offs; null where too few are known")
    ninetieth_percentile_seconds: int | None


def reach_of_people(skill: str | None, now: datetime) -> Reach:
    """Whether somebody with this skill can be reached; unknown, since hand-offs are not recorded here yet."""
    return Reach(now="unknown", median_seconds=None, ninetieth_percentile_seconds=None)
