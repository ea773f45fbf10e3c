"""The features of one profile in plain Python, to hold the Spark jobs against."""

import json
from calendar import monthrange
from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

Event = dict[str, Any]

CONTACTS = {"call", "message", "visit", "email", "letter"}


def value(events: list[Event], as_of: datetime) -> dict[str, Any]:
    orders = [event for event in events if event["type"] == "order" and event["occurred_at"] <= as_of]
    bought = [event for event in orders if event["amount"] is None or event["amount"] >= 0]
    returned = [event for event in orders if event["amount"] is not None and event["amount"] < 0]
    latest = max((event["occurred_at"] for event in bought), default=None)
    found: dict[str, Any] = {
        "recency_days": None if latest is None else (as_of - latest) // timedelta(days=1),
        "returns_365d": len(_within(returned, as_of, 365)),
        "lifetime_orders": len(bought),
        "lifetime_amount": _net(orders),
        "value_version": 2,
    }
    for days in (30, 90, 365):
        count, net = len(_within(bought, as_of, days)), _net(_within(orders, as_of, days))
        average = None if not count or net is None else net / count
        found |= {f"orders_{days}d": count, f"amount_{days}d": net, f"average_order_{days}d": average}
    return found


def interactions(events: list[Event], customer_since: list[str], as_of: datetime) -> dict[str, Any]:
    past = sorted((e for e in events if e["occurred_at"] <= as_of), key=lambda e: (e["occurred_at"], e["event_id"]))
    contacts = [event for event in past if event["type"] in CONTACTS]
    resolutions = [e for e in past if e["type"] == "complaint_resolved" or e["intent"] == "complaint_resolved"]
    stated = [event for event in past if event["intent"] and event not in resolutions]
    resolved_at = resolutions[-1]["occurred_at"] if resolutions else None
    open_since = [
        event["occurred_at"]
        for event in stated
        if event["intent"] == "complaint" and (resolved_at is None or event["occurred_at"] >= resolved_at)
    ]
    recent = [e for e in _within(past, as_of, 365) if e["type"] not in ("order", "complaint_resolved")]
    counts = Counter(event["channel"] for event in recent)
    preferred = max(
        counts,
        key=lambda name: (counts[name], max(e["occurred_at"] for e in recent if e["channel"] == name), name),
        default=None,
    )
    starts = [date.fromisoformat(text) for text in customer_since if date.fromisoformat(text) <= as_of.date()]
    name, on = milestone(min(starts), as_of.date()) if starts else (None, None)
    mix = {channel: round(counts[channel] / len(recent), 4) for channel in sorted(counts)}
    return {
        "contacts_30d": len(_within(contacts, as_of, 30)),
        "last_contact_at": contacts[-1]["occurred_at"] if contacts else None,
        "last_contact_channel": contacts[-1]["channel"] if contacts else None,
        "channel_mix": json.dumps(mix, separators=(",", ":")) if mix else None,
        "preferred_channel": preferred,
        "last_intent": stated[-1]["intent"] if stated else None,
        "last_intent_at": stated[-1]["occurred_at"] if stated else None,
        "open_complaint": bool(open_since),
        "open_complaint_since": open_since[0] if open_since else None,
        "days_as_customer": (as_of.date() - min(starts)).days if starts else None,
        "next_milestone": name,
        "next_milestone_on": on,
        "interactions_version": 2,
    }


def milestone(since: date, today: date) -> tuple[str | None, str | None]:
    for years in (1, *range(5, 101, 5)):
        year = since.year + years
        on = date(year, since.month, min(since.day, monthrange(year, since.month)[1]))
        if on >= today:
            return ("1 year" if years == 1 else f"{years} years"), on.isoformat()
    return None, None


def _within(events: list[Event], as_of: datetime, days: int) -> list[Event]:
    return [event for event in events if as_of - event["occurred_at"] < timedelta(days=days)]


def _net(orders: list[Event]) -> float | None:
    if any(order["amount"] is None for order in orders):
        return None
    return float(sum(Decimal(str(order["amount"])) for order in orders if order["amount"] is not None))
