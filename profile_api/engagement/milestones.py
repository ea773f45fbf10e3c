"""Tells the milestones of a person, the advisor first, and takes down that an advisor has seen one.

They are computed from what the decision lets out at this read; only that they were seen is stored.
"""

from datetime import datetime, timedelta

from consent.model import Actor, Decision, Role
from contracts.categories import Category
from engagement.milestones.history import History, Start, starts_of, zone_of
from engagement.milestones.reached import ORDERS, Reached, reached
from engagement.milestones.rule_file import shipped_milestones
from engagement.milestones.seen import first_seen, is_for, marks_of
from engagement.zones.situation import Milestone
from profile_api.access.asking import AccessRequest
from profile_api.access.gate import Gate, Reading, by_id
from profile_api.access.masking import Mask
from profile_api.access.stored import StoredProfile
from profile_api.engagement.milestone_views import MilestoneForm, MilestonesData, MilestoneView
from profile_api.engagement.queries import add_marks, interactions_of, marks_under
from profile_api.responses.errors import Problem, not_found
from profile_api.responses.views import Answer
from read_model.rebuild import hold_identities

RULES = shipped_milestones()
"""Read at start-up: a wrong file stops the service, and no answer."""

SERVES = frozenset({"service"})
"""The purpose in whose course people are met on a day that counts."""

SPEAKS = frozenset({Category.TRANSACTION, Category.BEHAVIOUR, Category.COMMUNICATION})
"""What a silence is: none of these."""

BESIDE = timedelta(days=2)
"""How far a day of one zone reaches beside that of another, and a little more."""


def read_milestones(gate: Gate, actor: Actor, purpose: str | None, profile_id: str) -> Answer[MilestonesData]:
    """The milestones that are told to this reader now."""

    def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> MilestonesData:
        found = milestones_shown(reading, profile, mask, may, actor.role, gate.clock())
        return found or MilestonesData(milestones=[], unknown=[])

    return gate.answer(AccessRequest(actor, purpose, "milestones", SERVES), by_id(profile_id), show)


def see_milestone(gate: Gate, actor: Actor, purpose: str | None, profile_id: str, form: MilestoneForm) -> MilestoneView:
    """Stores that an advisor has seen a milestone; once it is seen, this changes nothing."""
    ask = AccessRequest(actor, purpose, "milestone-see", SERVES)
    with gate.acting(ask) as reading:
        reading.run(hold_identities)  # an erasure takes the person before, or finds what is said
        if actor.role is not Role.ADVISOR:
            raise Problem(403, "role-not-permitted", "Expected an advisor to have seen it, found another role.")
        profile = reading.profile(profile_id)
        about = gate.about(reading, ask, profile.profile_id) if profile else None
        if profile is None or about is None:
            raise not_found()
        (mask, _), now = about, gate.clock()
        for one, seen_at in _told(reading, profile, _history(reading, profile, mask, now), actor.role, now):
            if (one.milestone, one.years) == (form.milestone, form.years):
                if seen_at is None:
                    reading.run(add_marks, marks_of(one, now), actor.on_record)
                return _shown(one, seen_at or now, mask)
        detail = "Expected a milestone that is told of this person now, found none; read their milestones first."
        raise Problem(409, "milestone-not-told", detail)


def milestones_shown(
    reading: Reading, profile: StoredProfile, mask: Mask, may: Decision, role: Role, now: datetime
) -> MilestonesData | None:
    """The milestones, inside an answer for any purpose; None for one that they do not serve."""
    if may.purpose not in SERVES:
        return None
    history = _history(reading, profile, mask, now)
    told = [_shown(one, seen_at, mask) for one, seen_at in _told(reading, profile, history, role, now)]
    unknown: list[Milestone] = [] if Category.IDENTITY in may.allowed else ["anniversary"]
    unknown += [] if history.orders_known else ORDERS.values()
    unknown += [] if history.silences_known else ["return"]
    return MilestonesData(milestones=told[::-1], unknown=unknown)


def _told(
    reading: Reading, profile: StoredProfile, history: History, role: Role, now: datetime
) -> list[tuple[Reached, datetime | None]]:
    found = [one for one in reached(history, RULES, now) if one.is_told(now)]
    records = profile.document.get("records") or []
    marks = reading.run(marks_under, profile.profile_id, records) if found else []
    seen = [(one, first_seen(one, marks, RULES.silence_days)) for one in found]
    return [(one, at) for one, at in seen if is_for(role is Role.ADVISOR, one, at, now)]


def _history(reading: Reading, profile: StoredProfile, mask: Mask, now: datetime) -> History:
    """What may be known of the person; their events are read only if one is new enough to be told of."""
    kept = mask.events_after
    fields = [one for one in profile.document.get("fields") or [] if one.get("category") in kept]
    starts = tuple(starts_of(fields))
    newest = reading.newest_event(profile)
    recent = now - timedelta(days=RULES.told_for_days) - BESIDE
    is_recent = newest is not None and newest > recent
    return History(
        zone=zone_of(fields),
        starts=starts,
        interactions=tuple(reading.run(interactions_of, profile.profile_id, kept, now)) if is_recent else (),
        orders_known=Category.TRANSACTION.value in kept and not _older_orders(reading, profile, mask, starts[:1]),
        silences_known=kept.keys() >= SPEAKS,
    )


def _older_orders(reading: Reading, profile: StoredProfile, mask: Mask, starts: tuple[Start, ...]) -> bool:
    """Whether there may be orders from before what the purpose keeps, so that nobody can count them."""
    oldest = mask.events_after[Category.TRANSACTION.value]
    if oldest is None:
        return False
    return any(one.day <= oldest.date() for one in starts) or bool(
        reading.older(profile, {Category.TRANSACTION.value: oldest})
    )


def _shown(one: Reached, seen_at: datetime | None, mask: Mask) -> MilestoneView:
    named = [mask.source(key) for key in (*one.records, *one.events)]
    return MilestoneView(
        milestone=one.milestone,
        years=one.years,
        on=one.on,
        zone=one.zone,
        zone_of=one.zone_of,
        evidence=[key for key in named if key],
        seen_at=seen_at,
    )
