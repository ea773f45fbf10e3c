"""Says whether a person can be reached at this moment, and how long others waited recently."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from profile_api.access.gate import Reading
from profile_api.reach import queries
from profile_api.responses.views import View

FEWEST = 20
"""Of fewer hand-offs no time to wait is told."""


class Reach(View):
    """What is known of reaching a person at this moment."""

    now: Literal["yes", "no", "unknown"] = Field(
        description="`unknown` where advisors do not say that they are at work"
    )
    median_seconds: int | None = Field(description="of the hand-offs accepted in seven days; null below 20")
    ninetieth_percentile_seconds: int | None


def somebody_is_there(reading: Reading, language: str | None, skill: str | None, now: datetime) -> bool:
    """Whether an advisor with this language and skill is at work."""
    return reading.run(queries.somebody_is_there, language, skill, now)


def reach_of_people(reading: Reading, skill: str | None, now: datetime) -> Reach:
    """Whether somebody with this skill can be reached, and how long customers waited for anybody."""
    there: Literal["yes", "no", "unknown"] = "unknown"
    if reading.run(queries.says_who_is_there):
        there = "yes" if somebody_is_there(reading, None, skill, now) else "no"
    number, median, ninetieth = reading.run(queries.waits, now)
    if number < FEWEST or median is None or ninetieth is None:
        return Reach(now=there, median_seconds=None, ninetieth_percentile_seconds=None)
    return Reach(now=there, median_seconds=round(median), ninetieth_percentile_seconds=round(ninetieth))
