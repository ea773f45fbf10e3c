"""Takes down how customers want to be served, and says where they stand."""

from datetime import timedelta

from consent.model import Actor, Decision
from consent.speaking import records_spoken_for
from contracts.categories import Category
from engagement.dial.statements import Dial, Statement, dial_of
from engagement.zones.deciding import Zones
from profile_api.access.asking import AccessRequest
from profile_api.access.gate import Gate, Reading, by_id
from profile_api.access.masking import Mask
from profile_api.access.stored import StoredProfile
from profile_api.engagement.dial_views import DialData, DialForm, DialPosition, RecordedDial
from profile_api.engagement.queries import add, stated_since, statements_of
from profile_api.responses.errors import Problem, not_found
from profile_api.responses.views import Answer
from read_model.rebuild import hold_identities

SERVES = frozenset({"service"})
"""The purpose in whose course people say how they want to be served."""

MOST_A_DAY = 20
"""Statements are never deleted while their person is known, and all of them are read to know what counts."""

CATEGORY = Category.COMMUNICATION
"""A position is something that the customer said to us."""


def take_down(
    gate: Gate, zones: Zones, actor: Actor, purpose: str | None, profile_id: str, form: DialForm
) -> RecordedDial:
    """Stores the position under the records that the person speaks for; the next answer has it."""
    topics = {*zones.rules.topic_of.values()}
    if form.topic is not None and form.topic not in topics:
        detail = f"Expected a topic of the {zones.rules.sector} rules, see `valid`, or none; found another."
        raise Problem(422, "topic-unknown", detail, valid=sorted(topics))
    with gate.acting(AccessRequest(actor, purpose, "dial-state", SERVES)) as reading:
        reading.run(hold_identities)  # an erasure takes the person before, or finds what is said
        profile = reading.profile(profile_id)
        if profile is None or reading.own_id not in (None, profile.profile_id):
            raise not_found()
        reading.about, now = profile.profile_id, gate.clock()
        spoken = reading.run(records_spoken_for, reading.parts(profile), actor.bound)
        if not spoken:  # the login has gone to another profile meanwhile
            raise not_found()
        if reading.run(stated_since, spoken, now - timedelta(days=1)) >= MOST_A_DAY:
            detail = f"Expected at most {MOST_A_DAY} positions of a person in a day, found more; try again tomorrow."
            raise Problem(429, "dial-changed-too-often", detail, headers={"Retry-After": "86400"})
        stated_at = min(form.stated_at or now, now)  # a clock that is ahead tells nothing of what is to come
        stated = [
            Statement(one, form.topic, form.position, stated_at, now, form.channel, actor.role.value) for one in spoken
        ]
        reading.run(add, stated, actor.on_record)
        return RecordedDial(profile_id=profile.profile_id, topic=form.topic, position=form.position)


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
    return dial_of(reading.run(statements_of, reading.parts(profile)))


def _shown(statement: Statement) -> DialPosition:
    return DialPosition(
        position=statement.position,
        stated_at=statement.stated_at,
        channel=statement.channel,
        stated_through=statement.stated_through,
    )
