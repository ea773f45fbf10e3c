"""Features of the moment: a person's current activity, from stored events.

They are computed from the events and their times, never counted up as messages come in: late events and events out of
order then end in the same values.
"""

import itertools
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from feature_repo.catalogue import CART_LASTS, DAY, HOUR, LIVE_WINDOWS, REPEATED, SESSION_GAP, VERSION

PAGES = ("page", "screen")
IN_CART = {"product_added": 1, "product_removed": -1}
EMPTIES_CART = ("order", "cart_cleared")
FAILED = ("failed", "failure", "error", "declined", "rage_click")
"""The suffixes of a failure's type or property `outcome`."""


@dataclass(frozen=True)
class PastEvent:
    """An event that may count, with only those details whose category is allowed in a feature.

    `at` is in microseconds; `number` is that of the order.
    """

    at: int
    occurred_at: datetime
    event_id: str
    channel: str
    type: str
    intent: str | None
    amount: Decimal | None
    number: str | None
    details: dict[str, str]
    amount_unknown: bool = False


def live_row(past: list[PastEvent], now: int) -> dict[str, Any]:
    """The row of `features_live` at an instant, from everything until then."""
    ordered = sorted(past, key=lambda event: (event.at, event.event_id))
    newest = ordered[-1] if ordered else None
    day = _within(DAY, ordered, now)
    stated = [event for event in day if event.intent is not None]
    pages = [event for event in day if event.type in PAGES]
    failures = [event for event in _within(HOUR, day, now) if _failed(event)]
    row: dict[str, Any] = {
        "last_event": newest.type if newest else None,
        "last_event_at": newest.occurred_at if newest else None,
        "current_channel": newest.channel if newest and _within(SESSION_GAP, [newest], now) else None,
        "recent_intent": stated[-1].intent if stated else None,
    }
    for name, window in LIVE_WINDOWS.items():
        inside = _within(window, day, now)
        row |= {f"events_{name}": len(inside), f"sessions_{name}": _sessions(inside)}
    return (
        row
        | {
            "pages_seen_1h": len(_within(HOUR, pages, now)),
            "pages_seen_24h": len(pages),
            "last_page": pages[-1].details.get("path") or pages[-1].details.get("name") if pages else None,
        }
        | _cart(_within(CART_LASTS, ordered, now))
        | {"failures_1h": len(failures), "repeated_failures": len(failures) >= REPEATED, "live_version": VERSION}
    )


def _within(window: timedelta, events: list[PastEvent], now: int) -> list[PastEvent]:
    return [event for event in events if event.at > now - window // timedelta(microseconds=1)]


def _sessions(ordered: list[PastEvent]) -> int:
    gap = SESSION_GAP // timedelta(microseconds=1)
    breaks = sum(later.at - earlier.at > gap for earlier, later in itertools.pairwise(ordered))
    return breaks + 1 if ordered else 0


def _failed(event: PastEvent) -> bool:
    return event.type.endswith(FAILED) or event.details.get("outcome", "").lower().endswith(FAILED)


def _cart(ordered: list[PastEvent]) -> dict[str, Any]:
    changes = [event for event in ordered if event.type in IN_CART or event.type in EMPTIES_CART]
    items, value = 0.0, 0.0
    for event in changes:
        if event.type in EMPTIES_CART:
            items = value = 0.0
        else:
            many = IN_CART[event.type] * _number(event.details.get("quantity"), 1.0)
            items, value = items + many, value + many * _number(event.details.get("price"), 0.0)
    return {
        "cart_items": max(0, round(items)),
        "cart_value": max(0.0, round(value, 2)),
        "cart_changed_at": changes[-1].occurred_at if changes else None,
    }


def _number(text: str | None, otherwise: float) -> float:
    try:
        number = float(text) if text else otherwise
    except ValueError:
        return otherwise
    return number if math.isfinite(number) and abs(number) < 1e9 else otherwise
