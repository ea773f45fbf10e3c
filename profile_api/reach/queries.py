"""Advisors at work, and how long customers waited for one."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from engagement.handoffs.states import Step
from stores.schema import advisor_presence, handoff_events, handoffs

RECENT = timedelta(days=7)


def somebody_is_there(connection: Connection, language: str | None, skill: str | None, now: datetime) -> bool:
    """Whether an advisor with this language and skill is at work."""
    of = advisor_presence.c
    query = select(of.actor).where(of.until > now)
    query = query.where(of.languages.contains([language])) if language else query
    query = query.where(of.skills.contains([skill])) if skill else query
    return connection.scalar(query.limit(1)) is not None


def says_who_is_there(connection: Connection) -> bool:
    """Whether advisors tell this installation at all that they are at work."""
    return connection.scalar(select(advisor_presence.c.actor).limit(1)) is not None


def waits(connection: Connection, now: datetime) -> tuple[int, float | None, float | None]:
    """How many hand-offs were accepted recently, and the median and 90th percentile of the seconds until then."""
    first = (
        select(handoff_events.c.handoff_id, func.min(handoff_events.c.at).label("accepted_at"))
        .where(handoff_events.c.step == Step.ACCEPT.value, handoff_events.c.at > now - RECENT)
        .group_by(handoff_events.c.handoff_id)
        .subquery()
    )
    seconds = func.extract("epoch", first.c.accepted_at - handoffs.c.requested_at)
    share = [func.percentile_cont(one).within_group(seconds) for one in (0.5, 0.9)]
    query = select(func.count(), *share).select_from(first.join(handoffs, handoffs.c.handoff_id == first.c.handoff_id))
    number, median, ninetieth = connection.execute(query).one()
    return int(number), median, ninetieth
