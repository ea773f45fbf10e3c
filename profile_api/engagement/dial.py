"""Takes down how customers want to be served, and says where they stand."""

from consent.model import Actor, Decision
from consent.speaking import speaking_for
from contracts.categories import Category
from engagement.dial.statements import Dial, Statement, dial_of
from profile_api.access.asking import AccessRequest
from profile_api.access.gate import Gate, Reading, by_id
from profile_api.access.masking import Mask
from profile_api.access.stored import StoredProfile
from profile_api.engagement.known import carried
from profile_api.engagement.queries import add, statements_of
from profile_api.engagement.views import DialData, DialForm, DialPosition, RecordedDial
from profile_api.responses.errors import not_found
from profile_api.responses.views import Answer

SERVES = frozenset({"service"})
"""The purpose in whose course people say how they want to be served."""

CATEGORY = Category.COMMUNICATION
"""A position is something that the customer said to us."""


def take_down(gate: Gate, actor: Actor, purpose: str | None, profile_id: str, form: DialForm) -> RecordedDial:
    """Stores the position under the identifiers that only this person has; the next answer has it."""
    with gate.acting(AccessRequest(actor, purpose, "dial-state", SERVES)) as reading:
        profile = reading.profile(profile_id)
        if profile is None or reading.own_id not in (None, profile.profile_id):
            raise not_found()
        reading.about, now = profile.profile_id, gate.clock()
        stated = [
            Statement(one, form.topic, form.position, form.stated_at or now, now, form.channel, actor.role.value)
            for one in reading.run(speaking_for, reading.parts(profile))
        ]
        reading.run(add, stated, actor.on_record)
        stands = None if reading.restricted(profile) else _dial(reading, profile).on(form.topic)
        return RecordedDial(profile_id=profile.profile_id, topic=form.topic, position=form.position, stands=stands)


def read_dial(gate: Gate, actor: Actor, purpose: str | None, profile_id: str) -> Answer[DialData]:
    """Where a person stands, for them and for whoever serves them."""

    def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> DialData:
        return dial_shown(reading, profile, may) or DialData(overall=None, topics={})

    return gate.answer(AccessRequest(actor, purpose, "dial", SERVES), by_id(profile_id), show)


def dial_shown(reading: Reading, profile: StoredProfile, may: Decision) -> DialData | None:
    """Where a person stands, inside an answer; None where the decision does not let it out."""
    dial = permitted_dial(reading, profile, may)
    if dial is None:
        return None
    return DialData(
        overall=_shown(dial.overall) if dial.overall else None,
        topics={topic: _shown(one) for topic, one in dial.topics.items()},
    )


def permitted_dial(reading: Reading, profile: StoredProfile, may: Decision) -> Dial | None:
    """The dial of a person, inside an answer; None where the decision does not let it out."""
    return _dial(reading, profile) if may.purpose in SERVES and CATEGORY in may.allowed else None


def _dial(reading: Reading, profile: StoredProfile) -> Dial:
    return dial_of(reading.run(statements_of, carried(reading, profile)))


def _shown(statement: Statement) -> DialPosition:
    return DialPosition(
        position=statement.position,
        stated_at=statement.stated_at,
        channel=statement.channel,
        stated_through=statement.stated_through,
    )
