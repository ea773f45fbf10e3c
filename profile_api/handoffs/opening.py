"""Opens a hand-off for its holder: the packet passes the gate again, since consent may have gone meanwhile."""

from datetime import datetime, timedelta
from typing import Any

from consent.model import Actor, Decision, Role
from contracts.categories import Category
from contracts.identifiers import kind_of
from engagement.handoffs import packet
from engagement.handoffs.content import EntryKind, answered, still_open
from engagement.handoffs.packet import Packet
from engagement.handoffs.states import STEPS, Handoff, State, Step, overdue
from profile_api.access.asking import AccessRequest, Found
from profile_api.access.finding import by_id
from profile_api.access.gate import Find, Gate, Reading
from profile_api.access.masking import Mask
from profile_api.access.stored import StoredProfile
from profile_api.engagement.dial import dial_shown
from profile_api.engagement.known import usable_now
from profile_api.handoffs.asking import SERVES, status_of
from profile_api.handoffs.holding import handoff_not_found
from profile_api.handoffs.queries import conversations, handoffs
from profile_api.handoffs.queries.handoffs import StoredHandoff
from profile_api.handoffs.views import HandoffList, HandoffStatus, OpenedPacket
from profile_api.responses.errors import Problem
from profile_api.responses.views import Answer

OPENS = SERVES | {"advice"}
"""The purposes for which a packet may be opened; each shows what it covers."""

LED_TO_IT = timedelta(days=1)
"""What was said so long before a person was asked for belongs to it, whatever has ended by then."""

CATEGORY = Category.COMMUNICATION
"""What was said, asked, tried and promised is something between the customer and us."""


def open_packet(gate: Gate, actor: Actor, purpose: str | None, handoff_id: str) -> Answer[OpenedPacket]:
    """The packet of a hand-off that this advisor holds or has reserved, as it may be shown to them now."""

    def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> OpenedPacket:
        known = reading.run(handoffs.find, handoff_id)
        if known is None:
            raise handoff_not_found()
        return OpenedPacket(packet=_packet(reading, known, profile, mask, may))

    return gate.answer(AccessRequest(actor, purpose, "handoff-open", OPENS), _held_by(gate, handoff_id), show)


def read_handoffs(gate: Gate, actor: Actor, purpose: str | None, profile_id: str) -> Answer[HandoffList]:
    """The hand-offs of a person and what they are told of each: for them, and for whoever serves them."""

    def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> HandoffList:
        if CATEGORY not in usable_now(may):
            return HandoffList(handoffs=[])
        now, found = gate.clock(), reading.run(handoffs.of_profile, profile.profile_id)
        return HandoffList(handoffs=[_status(one, actor, now) for one in found])

    return gate.answer(AccessRequest(actor, purpose, "handoffs", SERVES), by_id(profile_id), show)


def _held_by(gate: Gate, handoff_id: str) -> Find:
    def find(reading: Reading, ask: AccessRequest, may: Decision) -> Found | Problem:
        if ask.actor.role is not Role.ADVISOR:
            return Problem(403, "role-not-permitted", "Expected an advisor, found another role.")
        known = reading.run(handoffs.find, handoff_id)
        if known is None or known.profile_id is None:
            return handoff_not_found()
        stands = known.handoff
        if stands.holder != ask.actor.on_record or overdue(stands, gate.clock()):
            detail = "Expected a hand-off that you hold or have reserved, found another; accept it first."
            return Problem(409, "not-the-holder", detail, state=stands.state.value, holder=stands.holder)
        return by_id(known.profile_id)(reading, ask, may)

    return find


def _packet(reading: Reading, known: StoredHandoff, profile: StoredProfile, mask: Mask, may: Decision) -> Packet:
    row, open_ = known.row, CATEGORY in usable_now(may)
    entries = reading.run(conversations.entries_of, known.conversation_id) if open_ else []
    if CATEGORY not in may.allowed:  # what was said before has ended, and not what this is about
        entries = [one for one in entries if one.at > row["requested_at"] - LED_TO_IT]
    dial, fields = dial_shown(reading, profile, may), mask.profile().fields
    return Packet(
        handoff_id=known.handoff_id,
        conversation_id=known.conversation_id,
        channel=row["channel"],
        state=known.handoff.state,
        identity=packet.Identity(profile_id=profile.profile_id, verified_by=row["verified_by"]),
        asked=packet.Asked(role=row["requested_through"], at=row["requested_at"], why=row["why"]),
        summary=next((one.text for one in reversed(entries) if one.kind is EntryKind.SUMMARY), None),
        transcript=[
            packet.Message(at=one.at, said_by=one.said_by, text=one.text or "")
            for one in entries
            if one.kind is EntryKind.MESSAGE
        ],
        slots=answered(entries),
        open_slots=still_open(entries),
        tried=[
            packet.Tried(at=one.at, name=one.name or "", outcome=one.outcome, text=one.text)
            for one in entries
            if one.kind is EntryKind.TRIED
        ],
        promises=[
            packet.Promise(at=one.at, text=one.text or "", due_on=one.due_on)
            for one in entries
            if one.kind is EntryKind.PROMISE
        ],
        contact_point=_contact_point(known, may),
        language=row["language"] or (fields["language"].value if "language" in fields else None),
        dial=dial.overall.position if dial and dial.overall else None,
        zone=row["zone"],
        rule=row["rule"],
        facts={
            name: packet.Fact(value=one.value, category=one.category, assurance=one.assurance)
            for name, one in fields.items()
        },
        withheld=[packet.WithheldCategory(category=one.category, reason=one.reason) for one in may.withheld],
        profile_version=profile.version(may.allowed),
        told=packet.Told(categories=row["shown"], profile_version=row["profile_version"]),
        earlier=[
            packet.Earlier(
                handoff_id=one["handoff_id"],
                conversation_id=one["conversation_id"],
                at=one["requested_at"],
                why=one["why"],
                state=one["state"],
            )
            for one in (reading.run(handoffs.of_profile, profile.profile_id) if open_ else [])
            if one["handoff_id"] != known.handoff_id
        ],
    )


def _contact_point(known: StoredHandoff, may: Decision) -> packet.ContactPoint | None:
    kind = known.row["contact_kind"]
    if kind is None or kind_of(kind).category not in may.allowed:
        return None
    return packet.ContactPoint(kind=kind, value=known.row["contact_point"])


def _status(row: dict[str, Any], actor: Actor, now: datetime) -> HandoffStatus:
    stands = Handoff(row["requested_by"], State(row["state"]), row["holder"], row["until"])
    last = Step(row["last_told"]) if row["last_told"] else None
    if step := overdue(stands, now):  # nobody took this step yet; the next one to touch the hand-off does
        target = STEPS[step].target
        stands, last = Handoff(stands.requested_by, target if target.final else State.QUEUED), step
    return status_of(row, stands, actor, now, STEPS[last].told if last else None)
