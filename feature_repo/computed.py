"""The features of one profile in plain Python, equal to what the Spark job computes for all of them.

The batch computes everybody; a change of one person (a live event, a merge, an erasure) needs the new values at once.
Decimals, rounding, windows and ties are as in Spark, to the last digit; a test checks that both give the same.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from contracts.categories import Category
from contracts.dates import months_later
from engagement.milestones.history import starts_of
from feature_repo.catalogue import (
    CONTACTS,
    INPUTS,
    MILESTONES,
    NOT_INTERACTIONS,
    RESOLVED,
    VERSION,
    VIEWS,
    WINDOWS,
)
from feature_repo.live_features import PastEvent, live_row

Row = dict[str, Any]
Rows = dict[str, Row]
"""View -> feature -> value."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROS_A_DAY = 86_400_000_000
_FOUR_PLACES = Decimal("0.0001")
_STRICTNESS = {category.value: rank for rank, category in enumerate(Category)}


def computed(document: Mapping[str, Any], events: Sequence[Mapping[str, Any]], as_of: datetime) -> Rows:
    """Every view's features of a person as they stood at `as_of`; nothing later counts.

    `document` is the profile's document as published. An event has `event_id`, `occurred_at` (aware), `channel`,
    `type`, `intent`, `amount` and `categories`: a row of the timeline with its document spread.
    """
    past = _past(events, as_of)
    return {view: compute(document, past, as_of) for view, compute in COMPUTED.items()}


def _past(events: Sequence[Mapping[str, Any]], as_of: datetime) -> list[PastEvent]:
    past = []
    for event in events:
        labels = event.get("categories") or {}
        if event["occurred_at"] > as_of or not _usable(labels.get("type"), Category.BEHAVIOUR):
            continue
        intent = event.get("intent") if _usable(labels.get("intent"), INPUTS["intent"]) else None
        usable = _usable(labels.get("amount"), INPUTS["amount"])
        amount = event.get("amount") if usable else None
        properties = event.get("properties") or {}
        past.append(
            PastEvent(
                _micros(event["occurred_at"]),
                event["occurred_at"],
                event["event_id"],
                event["channel"],
                event["type"],
                intent,
                None if amount is None else _rounded(float(amount)),
                properties.get("order_id") if _usable(labels.get("property.order_id"), INPUTS["amount"]) else None,
                {
                    name: value
                    for name, value in properties.items()
                    if _usable(labels.get(f"property.{name}"), INPUTS["detail"])
                },
                usable and amount is None,
            )
        )
    return past


def _value(document: Mapping[str, Any], past: list[PastEvent], as_of: datetime) -> Row:
    now = _micros(as_of)
    orders = _each_once([event for event in past if event.type == "order"])
    bought = [event for event in orders if event.amount is None or event.amount >= 0]
    returned = [event for event in orders if event.amount is not None and event.amount < 0]
    found: Row = {
        "recency_days": math.floor((now - max(one.at for one in bought)) / _MICROS_A_DAY) if bought else None,
        "returns_365d": len(_within(365, returned, now)),
        "lifetime_orders": len(bought),
        "lifetime_amount": _net(orders),
        "value_version": VERSION,
    }
    for days in WINDOWS:
        count, net = len(_within(days, bought, now)), _net(_within(days, orders, now))
        # + 0.0: there is no negative zero in Java
        average = float(_rounded(net / count)) + 0.0 if count and net is not None else None
        found |= {f"orders_{days}d": count, f"amount_{days}d": net, f"average_order_{days}d": average}
    return {name: found[name] for name in VIEWS["features_value"]}


def _interactions(document: Mapping[str, Any], past: list[PastEvent], as_of: datetime) -> Row:
    now = _micros(as_of)
    today = as_of.astimezone(UTC).date()
    contacts = [event for event in past if event.type in CONTACTS]
    resolved = [event for event in past if event.type == RESOLVED or event.intent == RESOLVED]
    stated = [e for e in past if e.intent is not None and e.type != RESOLVED and e.intent != RESOLVED]
    last_contact, last_stated = (max(found, key=_order, default=None) for found in (contacts, stated))
    resolved_at = max((event.at for event in resolved), default=None)
    open_since = [e for e in stated if e.intent == "complaint" and (resolved_at is None or e.at >= resolved_at)]
    first_open = min(open_since, key=lambda event: event.at, default=None)
    mix, preferred = _channels(past, now)
    since = _customer_since(document, today)
    milestone, on = _milestone(since, today) if since else (None, None)
    return {
        "contacts_30d": len(_within(30, contacts, now)),
        "last_contact_at": last_contact.occurred_at if last_contact else None,
        "last_contact_channel": last_contact.channel if last_contact else None,
        "channel_mix": mix,
        "preferred_channel": preferred,
        "last_intent": last_stated.intent if last_stated else None,
        "last_intent_at": last_stated.occurred_at if last_stated else None,
        "open_complaint": first_open is not None,
        "open_complaint_since": first_open.occurred_at if first_open else None,
        "days_as_customer": (today - since).days if since else None,
        "next_milestone": milestone,
        "next_milestone_on": on,
        "interactions_version": VERSION,
    }


COMPUTED: dict[str, Callable[[Mapping[str, Any], list[PastEvent], datetime], Row]] = {
    "features_value": _value,
    "features_interactions": _interactions,
    "features_live": lambda document, past, as_of: live_row(past, _micros(as_of)),
}


def _usable(category: str | None, at_most: Category) -> bool:
    return category is not None and _STRICTNESS.get(category, len(_STRICTNESS)) <= _STRICTNESS[at_most.value]


def _micros(moment: datetime) -> int:
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def _each_once(orders: list[PastEvent]) -> list[PastEvent]:
    """Removes duplicates of an order that a channel sent twice, by its number, keeping the last; returns count each
    time."""
    numbered: dict[tuple[str, str], PastEvent] = {}
    others = []
    for order in sorted(orders, key=_order):
        if order.number is not None and (order.amount is None or order.amount >= 0):
            numbered[order.channel, order.number] = order
        else:
            others.append(order)
    return [*others, *numbered.values()]


def _within(days: int, events: list[PastEvent], now: int) -> list[PastEvent]:
    return [event for event in events if event.at > now - days * _MICROS_A_DAY]


def _rounded(number: float) -> Decimal:
    return Decimal(repr(number)).quantize(_FOUR_PLACES, ROUND_HALF_UP)


def _net(orders: list[PastEvent]) -> float | None:
    if any(order.amount_unknown for order in orders):
        return None
    return float(sum((order.amount for order in orders if order.amount is not None), Decimal()))


def _order(event: PastEvent) -> tuple[int, str]:
    return event.at, event.event_id


def _channels(past: list[PastEvent], now: int) -> tuple[str | None, str | None]:
    counted: dict[str, tuple[int, int]] = {}
    for event in _within(365, past, now):
        if event.type not in NOT_INTERACTIONS:
            count, latest = counted.get(event.channel, (0, event.at))
            counted[event.channel] = count + 1, max(latest, event.at)
    if not counted:
        return None, None
    total = sum(count for count, _ in counted.values())
    shares = {channel: counted[channel][0] / total for channel in sorted(counted)}
    preferred = max(counted, key=lambda channel: (*counted[channel], channel))
    pairs = [f"{json.dumps(channel, ensure_ascii=False)}:{_as_java(share)}" for channel, share in shares.items()]
    return "{" + ",".join(pairs) + "}", preferred


def _as_java(share: float) -> str:
    """Four decimal places as Java writes a double: the small ones in scientific notation."""
    rounded = float(_rounded(share))
    return f"{rounded * 10_000:.0f}.0E-4" if 0 < rounded < 0.001 else repr(rounded)


def _customer_since(document: Mapping[str, Any], today: date) -> date | None:
    # The earliest of all records; a start in the future does not count.
    return min((one.day for one in starts_of(document.get("fields") or []) if one.day <= today), default=None)


def _milestone(since: date, today: date) -> tuple[str | None, str | None]:
    for years in MILESTONES:
        on = months_later(since, 12 * years)
        if on >= today:
            return ("1 year" if years == 1 else f"{years} years"), on.isoformat()
    return None, None
