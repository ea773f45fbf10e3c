"""The milestones that a customer has reached: computed from their history each time, and never stored.

So a correction, a merge, an unmerge, an erasure or a withdrawn permission shows at once, and there is no run to miss.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from engagement.milestones.days import anniversary, begins
from engagement.milestones.history import History, Interaction
from engagement.milestones.rule_file import MilestoneRules
from engagement.zones.situation import Milestone

ORDERS: dict[int, Milestone] = {1: "first_order", 100: "hundredth_order"}


@dataclass(frozen=True)
class Reached:
    """A milestone, on a day of a zone; told from `begins` until before `ends`, by bots from `bots_from` on.

    `records` or `events` are what it rests on: records that say since when, events that happened. `zone_of` says whose
    zone it is.
    """

    milestone: Milestone
    years: int | None
    on: date
    zone: str
    zone_of: Literal["customer", "installation"]
    begins: datetime
    bots_from: datetime
    ends: datetime
    records: tuple[str, ...] = ()
    events: tuple[str, ...] = ()

    def is_told(self, as_of: datetime) -> bool:
        """Whether this is the time to tell it."""
        return self.begins <= as_of < self.ends


def reached(history: History, rules: MilestoneRules, as_of: datetime) -> list[Reached]:
    """Every milestone up to an instant, the earliest first; nothing that is dated later counts.

    The follow-up of a resolved case is not among them yet: there are no cases.
    """
    zone = history.zone or rules.zone
    found = [*_anniversaries(history, rules, zone, as_of), *_orders(history, rules, zone, as_of)]
    found += _returns(history, rules, zone, as_of) if history.silences_known else []
    return sorted(found, key=lambda one: (one.begins, one.milestone, one.years or 0))


def _anniversaries(history: History, rules: MilestoneRules, zone: ZoneInfo, as_of: datetime) -> Iterator[Reached]:
    today = as_of.astimezone(zone).date()
    past = [one for one in history.starts if one.day <= today and one.record_id]
    if not past:
        return
    since = min(one.day for one in past)
    records = tuple(sorted({one.record_id for one in past if one.day == since}))
    for years in sorted(rules.years):
        day = anniversary(since, years, rules.leap_day)
        if (at := begins(day, zone)) <= as_of:
            yield _made("anniversary", day, at, history, rules, years=years, records=records)


def _orders(history: History, rules: MilestoneRules, zone: ZoneInfo, as_of: datetime) -> Iterator[Reached]:
    first_told: dict[str, Interaction] = {}
    for one in _past(history, as_of):
        if one.order is not None:
            first_told.setdefault(one.order, one)
    orders = list(first_told.values())
    for number in sorted(rules.orders) if history.orders_known else ():
        if len(orders) >= number:
            order = orders[number - 1]
            day = order.at.astimezone(zone).date()
            yield _made(ORDERS[number], day, order.at, history, rules, events=(order.event_id,))


def _returns(history: History, rules: MilestoneRules, zone: ZoneInfo, as_of: datetime) -> Iterator[Reached]:
    for before, after in pairwise(_past(history, as_of)):
        last, day = (one.at.astimezone(zone).date() for one in (before, after))
        if (day - last).days >= rules.silence_days:
            events = (after.event_id, before.event_id)
            yield _made("return", day, after.at, history, rules, events=events)


def _past(history: History, as_of: datetime) -> list[Interaction]:
    past = [one for one in history.interactions if one.at <= as_of]
    return sorted(past, key=lambda one: (one.at, one.event_id))


def _made(
    milestone: Milestone,
    day: date,
    at: datetime,
    history: History,
    rules: MilestoneRules,
    *,
    years: int | None = None,
    records: tuple[str, ...] = (),
    events: tuple[str, ...] = (),
) -> Reached:
    zone = history.zone or rules.zone
    return Reached(
        milestone=milestone,
        years=years,
        on=day,
        zone=zone.key,
        zone_of="customer" if history.zone else "installation",
        begins=at.astimezone(UTC),
        bots_from=begins(day + timedelta(days=rules.bots_after_days), zone) if rules.bots_after_days else at,
        ends=begins(day + timedelta(days=rules.told_for_days), zone),
        records=records,
        events=events,
    )
