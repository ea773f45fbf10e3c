"""Steps of a hand-off, and what is said in its conversation: one advisor holds it at a time, and only they answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from consent.model import Actor, Role
from consent.speaking import records_spoken_for
from engagement.handoffs.content import ConversationEntry, EntryKind
from engagement.handoffs.states import STEPS, TAKEN, Handoff, State, Step, StepNotPossible, advance, times_out
from profile_api.access.asking import AccessRequest
from profile_api.access.gate import Gate, Reading
from profile_api.handoffs.asking import SERVES, status_of
from profile_api.handoffs.queries import conversations, handoffs, presence
from profile_api.handoffs.queries.handoffs import StoredHandoff
from profile_api.handoffs.views import (
    HandoffStatus,
    Kept,
    MessageForm,
    Presence,
    PresenceForm,
    Queue,
    StepForm,
    Waiting,
)
from profile_api.responses.errors import Problem
from read_model.rebuild import hold_identities

LONGEST_QUEUE = 200
LONGEST_CONVERSATION = 2_000
"""Entries: whoever takes it over reads all of them."""


def take_step(gate: Gate, actor: Actor, purpose: str | None, handoff_id: str, form: StepForm) -> HandoffStatus:
    """Takes a step, or refuses it and says who holds the hand-off; of several at once exactly one succeeds."""
    step = form.taken
    if actor.role is Role.CUSTOMER and (form.summary or form.skill):
        raise Problem(422, "not-the-customers-words", "Expected of a customer a step alone, found more.")
    with _about(gate, actor, purpose, handoff_id, f"handoff-{step}") as (reading, known, now):
        before, name = known.handoff, actor.on_record
        try:
            after = advance(before, step, name, before.parties(name, actor.role.value), now)
        except StepNotPossible as error:
            raise _not_possible(str(error), before, actor) from error
        if after.state.held and not reading.run(presence.has_room, name, handoff_id, now):
            raise Problem(409, "at-capacity", "Expected an advisor with room for one more, found one with none.")
        if not reading.run(handoffs.move, handoff_id, before, step, after, name, actor.role.value, now):
            stands = (reading.run(handoffs.find, handoff_id) or known).handoff
            raise _not_possible(f"{step}: expected it as it was, found it {stands.state}", stands, actor)
        if step is Step.TRANSFER:
            reading.run(handoffs.direct_to, handoff_id, form.skill)
        if form.summary:
            entry = ConversationEntry(EntryKind.SUMMARY, now, actor.role.value, form.summary)
            reading.run(conversations.add_entries, known.conversation_id, [entry])
        after = reading.run(handoffs.queue_again, handoff_id, after, now)
        return status_of(known.row, after, actor, now, STEPS[step].told)


def hear(gate: Gate, actor: Actor, purpose: str | None, handoff_id: str) -> HandoffStatus:
    """Notes that the holder is there; without it the hand-off goes back to the queue."""
    with _about(gate, actor, purpose, handoff_id, "handoff-heartbeat") as (reading, known, now):
        until = times_out(State.ACCEPTED, now)
        if until is None or not reading.run(handoffs.heard, handoff_id, actor.on_record, until):
            raise _not_possible("heartbeat: expected it by the holder, found another", known.handoff, actor)
        stands = Handoff(known.handoff.requested_by, State.ACCEPTED, actor.on_record, until)
        return status_of(known.row, stands, actor, now)


def say(gate: Gate, actor: Actor, purpose: str | None, handoff_id: str, form: MessageForm) -> Kept:
    """Keeps a message. While an advisor holds the conversation only they answer in it; customers may always write."""
    with _about(gate, actor, purpose, handoff_id, "handoff-message") as (reading, known, now):
        stands, ours = _open_one(reading, known, now), form.said_by == "us"
        if actor.role is Role.CUSTOMER and ours:
            raise Problem(422, "not-the-customers-words", "Expected of a customer `said_by: customer`, found `us`.")
        holding = stands.state in TAKEN
        if ours and (holding or actor.role is Role.ADVISOR) and not (holding and stands.holder == actor.on_record):
            raise _not_possible("message: expected it by the holder, found another", stands, actor)
        if reading.run(conversations.size_of, known.conversation_id) >= LONGEST_CONVERSATION:
            detail = f"Expected a conversation of {LONGEST_CONVERSATION} entries at most, found it full; begin another."
            raise Problem(429, "conversation-too-long", detail, headers={"Retry-After": "3600"})
        said_by = actor.role.value if ours else Role.CUSTOMER.value
        entry = ConversationEntry(EntryKind.MESSAGE, now, said_by, form.text, form.answers)
        reading.run(conversations.add_entries, known.conversation_id, [entry])
        return Kept(conversation_id=known.conversation_id, at=now)


def read_queue(gate: Gate, actor: Actor, purpose: str | None) -> Queue:
    """The open hand-offs, for advisors; what was held by somebody who vanished is in it again."""
    with gate.acting(AccessRequest(actor, purpose, "handoff-queue", SERVES, of_case=False)) as reading:
        _advisors_alone(actor)
        reading.run(handoffs.end_what_is_overdue, gate.clock())
        return Queue(handoffs=[Waiting(**one) for one in reading.run(handoffs.waiting, LONGEST_QUEUE)])


def be_present(gate: Gate, actor: Actor, purpose: str | None, form: PresenceForm) -> Presence:
    """Notes that an advisor is at work; what was requested while nobody was there is queued now."""
    with gate.acting(AccessRequest(actor, purpose, "advisor-presence", SERVES, of_case=False)) as reading:
        _advisors_alone(actor)
        now, name = gate.clock(), actor.on_record
        until = now + timedelta(minutes=form.minutes)
        reading.run(presence.state_presence, name, set(form.languages), set(form.skills), form.capacity, until)
        reading.run(presence.queue_what_waited, name, now)
        return Presence(until=until)


@contextmanager
def _about(
    gate: Gate, actor: Actor, purpose: str | None, handoff_id: str, action: str
) -> Iterator[tuple[Reading, StoredHandoff, datetime]]:
    """A transaction about one hand-off as it stands now; a customer's own, or a 404."""
    with gate.acting(AccessRequest(actor, purpose, action, SERVES)) as reading:
        reading.run(hold_identities)  # before any row is locked: an erasure waits, or has taken the conversation
        now = gate.clock()
        reading.run(handoffs.end_what_is_overdue, now, handoff_id)
        known = reading.run(handoffs.find, handoff_id)
        if known is None or known.profile_id is None or reading.own_id not in (None, known.profile_id):
            raise handoff_not_found()
        if actor.bound is not None:  # what was joined by mistake is no conversation of theirs
            on_file = reading.run(conversations.records_of, known.profile_id)
            if known.row["record_id"] not in reading.run(records_spoken_for, on_file, actor.bound):
                raise handoff_not_found()
        reading.about = known.profile_id
        yield reading, known, now


def _open_one(reading: Reading, known: StoredHandoff, now: datetime) -> Handoff:
    """How the open hand-off of the same conversation stands, and goes on standing until the transaction ends; the known
    one where none is open."""
    open_id = reading.run(handoffs.open_in, known.conversation_id) or known.handoff_id
    reading.run(handoffs.end_what_is_overdue, now, open_id)
    found = reading.run(handoffs.find, open_id, lock=True)
    return (found or known).handoff


def handoff_not_found() -> Problem:
    """The one answer for a hand-off that is not there and for one that this caller may not see."""
    return Problem(404, "handoff-not-found", "Expected the id of a hand-off that you may know of, found none.")


def _advisors_alone(actor: Actor) -> None:
    if actor.role is not Role.ADVISOR:
        raise Problem(403, "role-not-permitted", "Expected an advisor, found another role.")


def _not_possible(detail: str, stands: Handoff, actor: Actor) -> Problem:
    holder: dict[str, Any] = {"holder": stands.holder} if actor.role is Role.ADVISOR else {}
    said = detail if actor.role is Role.ADVISOR else detail.partition(", held by")[0]
    return Problem(409, "step-not-possible", f"{said}.", state=stands.state.value, **holder)
