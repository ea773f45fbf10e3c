"""Stored hand-offs: where each stands, and its steps. A step is one statement that compares and sets."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, text, update

from engagement.handoffs.states import STEPS, Handoff, Party, State, Step, advance, overdue
from read_model.outbox.emitting import emit
from read_model.outbox.kinds import HANDOFF_CHANGED
from stores.schema import conversations, handoff_events, handoffs, records

_MOVE = text(
    "WITH moved AS (UPDATE handoffs SET state = :to, holder = :holder, until = :until, changed_at = :now"
    " WHERE handoff_id = :id AND state = :state AND holder IS NOT DISTINCT FROM :held_by RETURNING handoff_id)"
    " INSERT INTO handoff_events (handoff_id, at, step, state, actor, role)"
    " SELECT handoff_id, :now, :step, :to, :actor, :role FROM moved"
)
OPEN = [state.value for state in State if not state.final]
SYSTEM = "system"


@dataclass(frozen=True)
class StoredHandoff:
    """A hand-off, the record that its conversation belongs to, and the profile that has the record now."""

    handoff: Handoff
    row: Mapping[str, Any]
    profile_id: str | None

    @property
    def handoff_id(self) -> str:
        return str(self.row["handoff_id"])

    @property
    def conversation_id(self) -> str:
        return str(self.row["conversation_id"])


def find(connection: Connection, handoff_id: str, *, lock: bool = False) -> StoredHandoff | None:
    """A hand-off by its id; with `lock` nobody takes a step of it until the transaction ends."""
    query = (
        select(handoffs, conversations.c.record_id, records.c.profile_id)
        .join(conversations, conversations.c.conversation_id == handoffs.c.conversation_id)
        .outerjoin(records, records.c.record_id == conversations.c.record_id)
        .where(handoffs.c.handoff_id == handoff_id)
    )
    found = connection.execute(query.with_for_update(of=handoffs) if lock else query).mappings().first()
    row = dict(found) if found else None
    return StoredHandoff(_stands(row), row, row["profile_id"]) if row else None


def move(
    connection: Connection, handoff_id: str, before: Handoff, step: Step, after: Handoff, actor: str, role: str,
    now: datetime,
) -> bool:  # fmt: skip
    """Writes a step; False if the hand-off does not stand any more where it did."""
    given: dict[str, Any] = {"id": handoff_id, "state": before.state, "held_by": before.holder, "to": after.state}
    given |= {"holder": after.holder, "until": after.until, "now": now, "step": step, "actor": actor, "role": role}
    if not connection.execute(_MOVE, given).rowcount:
        return False
    _tell(connection, handoff_id, step, after.state, now)
    return True


def end_what_is_overdue(connection: Connection, now: datetime, handoff_id: str | None = None) -> None:
    """Takes the steps that are due because somebody was not heard: of one hand-off, or of all."""
    query = select(handoffs).where(handoffs.c.until <= now)
    query = query.where(handoffs.c.handoff_id == handoff_id) if handoff_id else query
    rows = connection.execute(query.with_for_update(skip_locked=handoff_id is None)).mappings().all()
    for row in rows:
        stands = _stands(dict(row))
        if step := overdue(stands, now):
            take_by_system(connection, row["handoff_id"], stands, step, now)


def take_by_system(connection: Connection, handoff_id: str, before: Handoff, step: Step, now: datetime) -> Handoff:
    """Takes a step that nobody takes, and queues again what was rejected or timed out."""
    after = advance(before, step, SYSTEM, frozenset({Party.SYSTEM}), now)
    move(connection, handoff_id, before, step, after, SYSTEM, SYSTEM, now)
    return queue_again(connection, handoff_id, after, now)


def queue_again(connection: Connection, handoff_id: str, stands: Handoff, now: datetime) -> Handoff:
    """Queues a hand-off that was rejected or timed out."""
    if stands.state not in (State.REJECTED, State.TIMED_OUT):
        return stands
    return take_by_system(connection, handoff_id, stands, Step.QUEUE, now)


def heard(connection: Connection, handoff_id: str, holder: str, until: datetime) -> bool:
    """Notes that the holder is there; False if somebody else holds it by now, or nobody."""
    of = handoffs.c
    mine = of.handoff_id == handoff_id, of.holder == holder, of.state == State.ACCEPTED.value
    return bool(connection.execute(update(handoffs).where(*mine).values(until=until)).rowcount)


def add(connection: Connection, row: Mapping[str, Any], role: str) -> None:
    """Adds a hand-off that was just requested, with the first of its steps."""
    connection.execute(insert(handoffs).values(row))
    began = {"handoff_id": row["handoff_id"], "at": row["requested_at"], "step": "request", "state": row["state"]}
    connection.execute(insert(handoff_events).values(began | {"actor": row["requested_by"], "role": role}))
    _tell(connection, row["handoff_id"], "request", row["state"], row["requested_at"])


def of_conversation(connection: Connection, conversation_id: str, request_key: str) -> list[StoredHandoff]:
    """The hand-off of a request, if it was made before, and the open one of its conversation."""
    of = handoffs.c
    query = select(of.handoff_id).where(
        of.conversation_id == conversation_id, or_(of.request_key == request_key, of.state.in_(OPEN))
    )
    found = [find(connection, one) for one in connection.scalars(query).all()]
    return [one for one in found if one is not None]


def open_in(connection: Connection, conversation_id: str) -> str | None:
    """The id of the open hand-off of a conversation."""
    of = handoffs.c
    query = select(of.handoff_id).where(of.conversation_id == conversation_id, of.state.in_(OPEN))
    return connection.scalar(query)


def requested_of(connection: Connection, record_ids: Collection[str], since: datetime) -> tuple[int, int]:
    """How many hand-offs of these records are open, and how many were requested since then."""
    of = handoffs.c
    query = (
        select(func.count().filter(of.state.in_(OPEN)), func.count().filter(of.requested_at > since))
        .join_from(handoffs, conversations)
        .where(conversations.c.record_id.in_(record_ids))
    )
    are_open, recent = connection.execute(query).one()
    return are_open, recent


def direct_to(connection: Connection, handoff_id: str, skill: str | None) -> None:
    """Says which skill the next advisor needs."""
    connection.execute(update(handoffs).where(handoffs.c.handoff_id == handoff_id).values(skill=skill))


def waiting(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """The open hand-offs without whom they are about: first those that nobody holds, the oldest first."""
    of = handoffs.c
    query = (
        select(of.handoff_id, of.state, of.holder, of.why, of.language, of.skill, of.zone, of.requested_at, of.channel)
        .join_from(handoffs, conversations)
        .join(records, records.c.record_id == conversations.c.record_id)  # of a record that is gone, it is nobody's
        .where(of.state.in_(OPEN))
        .order_by(of.holder.is_not(None), of.requested_at, of.handoff_id)
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def of_profile(connection: Connection, profile_id: str) -> list[dict[str, Any]]:
    """The hand-offs of a person, newest first, each with the last step that they were told of."""
    of, steps = handoffs.c, handoff_events.c
    telling = [step.value for step, transition in STEPS.items() if transition.told]
    last = (
        select(steps.step)
        .where(steps.handoff_id == of.handoff_id, steps.step.in_(telling))
        .order_by(steps.event_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(handoffs, last.label("last_told"))
        .join_from(handoffs, conversations)
        .join(records, records.c.record_id == conversations.c.record_id)
        .where(records.c.profile_id == profile_id)
        .order_by(of.requested_at.desc(), of.handoff_id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _tell(connection: Connection, handoff_id: str, step: str, state: State, now: datetime) -> None:
    """Emits the step, in the transaction that took it."""
    query = (
        select(records.c.profile_id)
        .join_from(handoffs, conversations)
        .join(records, records.c.record_id == conversations.c.record_id)
        .where(handoffs.c.handoff_id == handoff_id)
    )
    if whose := connection.scalar(query):  # a conversation's id is the sender's, and may be a number of the customer
        emit(connection, HANDOFF_CHANGED, whose, now, {"handoff_id": handoff_id, "step": step, "state": state})


def _stands(row: Mapping[str, Any]) -> Handoff:
    return Handoff(row["requested_by"], State(row["state"]), row["holder"], row["until"])
