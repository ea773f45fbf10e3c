"""Advisors at work: who is there, for what, and how much they can take on."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, func, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from engagement.handoffs.states import State, Step
from profile_api.handoffs.queries.handoffs import find, take_by_system
from stores.schema import advisor_presence, handoffs

HELD = [state.value for state in State if state.held]


def state_presence(
    connection: Connection,
    actor: str,
    languages: Collection[str],
    skills: Collection[str],
    capacity: int,
    until: datetime,
) -> None:
    """Notes until when an advisor is at work, and for what."""
    given = {"languages": sorted(languages), "skills": sorted(skills), "capacity": capacity, "until": until}
    row = upsert(advisor_presence).values(actor=actor, **given)
    connection.execute(row.on_conflict_do_update(index_elements=["actor"], set_=given))


def queue_what_waited(connection: Connection, actor: str, now: datetime) -> None:
    """Queues what was requested while nobody was there, as far as this advisor can take it on."""
    here, of = advisor_presence.c, handoffs.c
    query = (
        select(of.handoff_id)
        .join(advisor_presence, here.actor == actor)
        .where(of.state == State.REQUESTED.value, here.until > now)
        .where(or_(of.language.is_(None), of.language == func.any(here.languages)))
        .where(or_(of.skill.is_(None), of.skill == func.any(here.skills)))
        .with_for_update(of=handoffs, skip_locked=True)
    )
    for handoff_id in connection.scalars(query).all():
        if found := find(connection, handoff_id):
            take_by_system(connection, handoff_id, found.handoff, Step.QUEUE, now)


def has_room(connection: Connection, actor: str, besides: str, now: datetime) -> bool:
    """Whether an advisor can take on one more, besides a hand-off that they may have already; who never said how many
    they take on can. Two acceptances of one advisor wait for each other here."""
    mine = select(advisor_presence.c.capacity).where(advisor_presence.c.actor == actor).with_for_update()
    capacity = connection.scalar(mine)
    of = handoffs.c
    held = select(func.count()).where(of.holder == actor, of.state.in_(HELD), of.until > now, of.handoff_id != besides)
    return capacity is None or (connection.scalar(held) or 0) < capacity
