"""Takes down a request for a person, with everything that they need to know."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from uuid import uuid4

from consent.controller import published_controller
from consent.model import Actor, Role
from consent.speaking import records_spoken_for
from contracts.categories import Category
from contracts.identifiers import Identifier, kind_of
from contracts.keyed import keyed
from engagement.handoffs.content import ConversationEntry, EntryKind, VerifiedBy, Why
from engagement.handoffs.opening_hours import published_hours
from engagement.handoffs.states import Handoff, State, Step
from engagement.handoffs.told import told
from profile_api.access.asking import AccessRequest
from profile_api.access.gate import Gate, Reading
from profile_api.access.stored import StoredProfile
from profile_api.handoffs.queries import conversations, handoffs
from profile_api.handoffs.views import HandoffForm, HandoffStatus
from profile_api.http.lookups import normalised
from profile_api.reach.reach import somebody_is_there
from profile_api.responses.errors import Problem, not_found
from read_model.rebuild import hold_identities

SERVES = frozenset({"service"})
"""The purpose in whose course a person comes in."""

CONTACTS = ("email", "phone")
CUSTOMERS_WHY = frozenset({Why.ASKED, Why.DISTRESS, Why.DANGER})
MOST_OPEN, MOST_A_DAY = 5, 20
"""Hand-offs of one person: what one of them sends leaves room for the others."""


def ask_for_a_person(
    gate: Gate, actor: Actor, purpose: str | None, profile_id: str, form: HandoffForm
) -> HandoffStatus:
    """Files the request once, however often it is sent; if nobody is there, only with a way to reach the customer."""
    ask = AccessRequest(actor, purpose, "handoff-request", SERVES)
    with gate.acting(ask) as reading:
        reading.run(hold_identities)  # an erasure takes the records before, or finds the conversation
        profile = reading.profile(profile_id)
        if profile is None or reading.own_id not in (None, profile.profile_id):
            raise not_found()
        reading.about, now = profile.profile_id, gate.clock()
        on_file = reading.run(conversations.records_of, profile.profile_id)
        carried = {one: on_file[one] for one in reading.run(records_spoken_for, on_file, actor.bound)}
        _check(actor, form)
        is_own = actor.role is Role.CUSTOMER
        known = None if is_own else gate.about(reading, ask, profile.profile_id)
        shown = known[1].allowed if known else frozenset[Category]()
        point = _contact_point(form, carried, None if is_own else shown)
        conversation_id = _conversation_id(reading, actor, form, carried)
        record_id = _record(carried, point)
        if reading.run(conversations.open_conversation, conversation_id, record_id, form.channel, now) not in carried:
            raise Problem(409, "conversation-of-another", "Expected a conversation of this person, found another's.")
        found = reading.run(handoffs.of_conversation, conversation_id, form.request_key)
        for one in found:
            if one.row["request_key"] == form.request_key:
                return status_of(one.row, one.handoff, actor, now)
        if found:
            known_id, state = found[0].handoff_id, found[0].handoff.state
            detail = f"Expected a conversation without an open hand-off, found {known_id}, which is {state}."
            raise Problem(409, "handoff-open", detail, handoff_id=known_id, state=state)
        are_open, recent = reading.run(handoffs.requested_of, carried, now - timedelta(days=1))
        if are_open >= MOST_OPEN or recent >= MOST_A_DAY:
            detail = f"Expected {MOST_OPEN} open hand-offs of a person and {MOST_A_DAY} a day at most, found more."
            raise Problem(429, "too-many-handoffs", detail, headers={"Retry-After": "3600"})
        there = somebody_is_there(reading, form.language, form.skill, now)
        if point is None and (form.promises or not there):
            detail = (
                "Expected `contact_point`, one of the customer's own: nobody is there now, or something is promised, "
                "and nobody could reach them; found none."
            )
            raise Problem(422, "contact-point-required", detail)
        handoff_id = f"ho_{uuid4().hex}"
        row = _row(ask, profile, form, point, shown, now)
        row |= {"handoff_id": handoff_id, "conversation_id": conversation_id}
        reading.run(handoffs.add, row, actor.role.value)
        reading.run(conversations.add_entries, conversation_id, _entries(form, actor, now))
        stands = Handoff(actor.on_record)
        if there:
            stands = reading.run(handoffs.take_by_system, handoff_id, stands, Step.QUEUE, now)
        return status_of(row, stands, actor, now)


def status_of(
    row: Mapping[str, object], stands: Handoff, actor: Actor, now: datetime, key: str | None = None
) -> HandoffStatus:
    """Where a hand-off stands, as this actor may know it; advisors' names are for advisors."""
    opens = published_hours().opens(now) if stands.state is State.REQUESTED else None
    waits = "closed" if opens is not None and opens > now else "requested"
    said = key or {State.REQUESTED: waits, State.QUEUED: "queued"}.get(stands.state)
    language = row["language"] or published_controller().language
    return HandoffStatus(
        handoff_id=str(row["handoff_id"]),
        conversation_id=str(row["conversation_id"]),
        state=stands.state,
        holder=stands.holder if actor.role is Role.ADVISOR else None,
        until=stands.until if actor.role is Role.ADVISOR else None,
        expected_from=opens,
        told=told(said, str(language)) if said else None,
    )


def _check(actor: Actor, form: HandoffForm) -> None:
    """A customer speaks for themselves alone: what we know, tried, found or promise is not theirs to say."""
    if actor.role is not Role.CUSTOMER:
        return
    ours = form.tried or form.promises or form.summary or form.zone or form.rule or form.skill
    if ours or form.why not in CUSTOMERS_WHY or any(one.said_by != "customer" for one in form.transcript):
        detail = (
            "Expected of a customer what they said themselves and a reason of theirs, see `valid`; found `summary`,"
            " `tried`, `promises`, `zone`, `rule`, `skill`, another's words or another reason."
        )
        raise Problem(422, "not-the-customers-words", detail, valid=sorted(CUSTOMERS_WHY))


def _contact_point(
    form: HandoffForm, carried: Mapping[str, Collection[Identifier]], allowed: Collection[Category] | None
) -> Identifier | None:
    """Where the customer is reached: an address of theirs that whoever asks may know; `allowed` is None for customers,
    who know their own."""
    if form.contact_point is None:
        return None
    point = normalised(form.contact_point)
    reaches = point.kind in CONTACTS and (allowed is None or kind_of(point.kind).category in allowed)
    if not reaches or not any(point in part for part in carried.values()):
        detail = "Expected an e-mail address or phone of this person that is on file, found another; or leave it out."
        raise Problem(422, "contact-point-unknown", detail)
    return point


def _conversation_id(
    reading: Reading, actor: Actor, form: HandoffForm, carried: Mapping[str, Collection[Identifier]]
) -> str:
    """The conversation's id: a channel's own, which customers may name only where it is theirs already.

    Otherwise theirs are kept apart: nobody takes the id that a channel gives to another's conversation, or learns
    whether it has given it.
    """
    given = form.conversation_id
    if actor.role is not Role.CUSTOMER or reading.run(conversations.record_of, given) in carried:
        return given
    whose = (actor.bound.kind, actor.bound.value) if actor.bound else (str(reading.own_id),)
    return f"own-{keyed('conversation', *whose, given)}"


def _record(carried: Mapping[str, Collection[Identifier]], point: Identifier | None) -> str:
    """The record that the conversation belongs to: the first with the identifier that wrote, else the first."""
    having = [record_id for record_id, part in carried.items() if point in part]
    if not carried:
        raise not_found()
    return (having or list(carried))[0]


def _row(
    ask: AccessRequest,
    profile: StoredProfile,
    form: HandoffForm,
    point: Identifier | None,
    shown: Collection[Category],
    now: datetime,
) -> dict[str, object]:
    return {
        "channel": form.channel,
        "request_key": form.request_key,
        "requested_by": ask.actor.on_record,
        "requested_through": ask.actor.role.value,
        "requested_at": now,
        "why": form.why,
        "language": form.language,
        "skill": form.skill,
        "contact_kind": point.kind if point else None,
        "contact_point": point.value if point else None,
        "zone": form.zone,
        "rule": form.rule,
        "verified_by": VerifiedBy.LOGIN if ask.actor.role is Role.CUSTOMER else form.verified_by,
        "shown": sorted(one.value for one in shown),
        "profile_version": profile.version(sorted(shown)),
        "state": State.REQUESTED,
        "changed_at": now,
    }


def _entries(form: HandoffForm, actor: Actor, now: datetime) -> Iterator[ConversationEntry]:
    role = actor.role.value
    for one in form.transcript:
        yield ConversationEntry(EntryKind.MESSAGE, min(one.at, now), one.said_by, one.text, one.answers)
    for slot in form.slots:
        yield ConversationEntry(EntryKind.SLOT, now, role, slot.value, slot.name)
    for tried in form.tried:
        yield ConversationEntry(EntryKind.TRIED, now, role, tried.text, tried.name, tried.outcome)
    for promise in form.promises:
        yield ConversationEntry(EntryKind.PROMISE, now, role, promise.text, due_on=promise.due_on)
    if form.summary:
        yield ConversationEntry(EntryKind.SUMMARY, now, role, form.summary)
