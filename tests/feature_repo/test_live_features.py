import random
from datetime import UTC, datetime, timedelta
from typing import Any

from feature_repo.catalogue import LASTS, VIEWS
from feature_repo.computed import computed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LABELS = {"type": "behaviour", "intent": "behaviour", "amount": "transaction", "property.quantity": "behaviour"}
LABELS |= {"property.price": "transaction", "property.path": "behaviour", "property.outcome": "behaviour"}


def event(minutes: float, kind: str, **said: Any) -> dict[str, Any]:
    named = {"channel": "web", "intent": None, "amount": None, "properties": {}, "categories": LABELS} | said
    return {"event_id": f"{kind}{minutes}", "occurred_at": NOW - timedelta(minutes=minutes), "type": kind} | named


def live(*events: dict[str, Any]) -> dict[str, Any]:
    return computed({}, events, NOW)["features_live"]


def test_windows_hold_what_is_younger_than_their_length_and_sessions_end_with_half_an_hour_of_silence() -> None:
    found = live(event(1, "page"), event(5, "page"), event(59, "page"), event(90, "login"), event(24 * 60, "page"))
    assert [found[f"events_{window}"] for window in ("5m", "1h", "24h")] == [1, 3, 4]
    assert [found[f"sessions_{window}"] for window in ("5m", "1h", "24h")] == [1, 2, 3]
    assert (found["pages_seen_1h"], found["pages_seen_24h"]) == (3, 3)


def test_the_newest_event_says_where_the_person_is_and_what_for() -> None:
    found = live(
        event(3, "message", channel="chat", intent="invoice"),
        event(1, "page", properties={"path": "/help"}),
        event(2, "page", properties={"path": "/lamps"}),
    )
    assert (found["last_event"], found["last_page"], found["current_channel"]) == ("page", "/help", "web")
    assert (found["recent_intent"], found["last_event_at"]) == ("invoice", NOW - timedelta(minutes=1))
    assert live(event(31, "page"))["current_channel"] is None


def test_the_cart_holds_what_was_added_since_the_last_order() -> None:
    added = event(9, "product_added", properties={"quantity": "2", "price": "10.5"})
    removed = event(8, "product_removed", properties={"price": "10.5"})
    found = live(added, removed)
    assert (found["cart_items"], found["cart_value"]) == (1, 10.5)
    assert found["cart_changed_at"] == NOW - timedelta(minutes=8)
    assert live(added, removed, event(7, "order", amount=10.5))["cart_items"] == 0
    assert live(removed, event(6, "product_added", properties={"quantity": "many"}))["cart_items"] == 0


def test_three_failures_within_an_hour_are_repeated() -> None:
    failures = [event(1, "payment_failed"), event(2, "login", properties={"outcome": "failed"}), event(3, "api_error")]
    assert (live(*failures)["failures_1h"], live(*failures)["repeated_failures"]) == (3, True)
    assert live(*failures[:2], event(60, "payment_failed"))["repeated_failures"] is False


def test_what_is_labelled_stricter_stays_out() -> None:
    found = live(
        event(1, "page", categories=LABELS | {"type": "sensitive"}),
        event(2, "page", properties={"path": "/clinic"}, categories=LABELS | {"property.path": "sensitive"}),
    )
    assert (found["events_24h"], found["last_page"]) == (1, None)


def test_the_order_in_which_events_arrive_changes_nothing() -> None:
    draw = random.Random(6)
    kinds = ["page", "product_added", "product_removed", "order", "payment_failed"]
    events = [event(draw.randint(0, 2_000), draw.choice(kinds), event_id=f"e{number}") for number in range(60)]
    expected = live(*events)
    for _ in range(5):
        draw.shuffle(events)
        assert live(*events) == expected
    assert list(expected) == list(VIEWS["features_live"])
    assert all(expected[name] is not None for name in LASTS if name not in ("last_page", "recent_intent"))
