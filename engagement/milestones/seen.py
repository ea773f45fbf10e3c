"""What advisors have seen of milestones: the one thing about them that is stored.

A mark is kept under the evidence, a record or an event, and not under the profile: it goes where its evidence goes,
through merge and unmerge. So nobody is told twice of one person, and of whoever was told as part of another each still
has what is their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from engagement.milestones.reached import Reached
from engagement.zones.situation import Milestone


@dataclass(frozen=True)
class Seen:
    """That an advisor has seen a milestone, which was on a day then; `record_id` or `event_id` is what it rested on."""

    milestone: Milestone
    years: int | None
    on: date
    seen_at: datetime
    record_id: str | None = None
    event_id: str | None = None


def marks_of(one: Reached, seen_at: datetime) -> list[Seen]:
    """The marks to keep once a milestone is seen; of a return, under the event that ended the silence."""
    under = [(record_id, None) for record_id in one.records] + [(None, event_id) for event_id in one.events[:1]]
    return [Seen(one.milestone, one.years, one.on, seen_at, *keys) for keys in under]


def first_seen(one: Reached, marks: Iterable[Seen], silence_days: int) -> datetime | None:
    """When an advisor first saw a milestone, by the marks under all that the person has; None if nobody has.

    The day may have changed since: a milestone is the same whatever its day is by now. Only returns come again, and two
    of them are a silence apart at least, so whatever is nearer is the same return.
    """
    same = [
        mark.seen_at
        for mark in marks
        if (mark.milestone, mark.years) == (one.milestone, one.years)
        and (one.milestone != "return" or abs((mark.on - one.on).days) < silence_days)
    ]
    return min(same, default=None)


def is_for(advisor: bool, one: Reached, seen_at: datetime | None, as_of: datetime) -> bool:
    """Whether a milestone is told to this reader: the advisor sees it first."""
    return one.is_told(as_of) and (advisor or seen_at is not None or as_of >= one.bots_from)
