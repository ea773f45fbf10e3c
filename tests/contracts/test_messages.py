import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.assurance import Proof
from contracts.batches import split_batch
from contracts.event_values import event_slug
from contracts.events import (
    LARGEST_ITEM,
    LiveEvent,
    RefusedItem,
    live_event,
    read_message,
)
from contracts.live_keys import visitor_key

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRACK = {"type": "track", "event": "Cart Viewed", "userId": "u1", "messageId": "m1"}


def said(**more: Any) -> LiveEvent:
    return live_event(read_message(json.dumps(TRACK | more).encode())[1], Proof.SERVER, NOW)


def refusal(raw: bytes) -> str:
    with pytest.raises(RefusedItem) as refused:
        live_event(read_message(raw)[1], Proof.SERVER, NOW)
    return str(refused.value)


def test_a_sender_whose_clock_is_wrong_is_corrected_by_what_it_was_wrong_when_it_sent() -> None:
    late = said(timestamp="2026-03-01T15:00:00Z", sentAt="2026-03-01T15:00:10Z")
    assert late.occurred_at == NOW - timedelta(seconds=10)
    early = said(timestamp="2019-01-01T00:00:00+01:00", sentAt="2019-01-01T00:00:05+01:00")
    assert early.occurred_at == NOW - timedelta(seconds=5)
    assert said(timestamp="2026-03-01T11:00:00Z").occurred_at == NOW - timedelta(hours=1)
    assert said().occurred_at == NOW
    assert said(timestamp="2026-03-01T12:00:09Z").occurred_at == NOW, "nothing happens after it was told"


@given(st.timedeltas(timedelta(days=-3_000), timedelta(days=3_000)), st.timedeltas(timedelta(0), timedelta(days=30)))
def test_however_wrong_the_clock_the_event_happened_when_it_did(wrong: timedelta, ago: timedelta) -> None:
    sent = NOW + wrong
    assert said(timestamp=(sent - ago).isoformat(), sentAt=sent.isoformat()).occurred_at == NOW - ago


@pytest.mark.parametrize(
    "more",
    [
        {"timestamp": "9999-12-31T23:59:59Z"},
        {"timestamp": "9999-12-31T23:59:59Z", "sentAt": "9999-12-31T23:59:59Z"},
        {"timestamp": "9999-12-31T23:59:59-12:00"},
        {"timestamp": "2026-03-03T12:00:00Z"},
        {"timestamp": "1969-12-31T00:00:00Z"},
        {"timestamp": "yesterday"},
        {"timestamp": 7},
        {"type": "trick"},
        {"type": None},
        {"event": " "},
        {"userId": None},
        {"userId": "null"},
        {"userId": ["u1"]},
        {"userId": "u" * 256},
        {"messageId": ""},
        {"messageId": "m" * 256},
        {"properties": [1]},
        {"traits": "x"},
        {"context": 3},
        {"type": "alias"},
        {"type": "group"},
        {"properties": {"a": "\x00"}},
        {"properties": {"a\x00": 1}},
        {"properties": {"a": 10**400}},
        {"properties": json.loads('{"a":' * 20 + "1" + "}" * 20)},
        {"properties": {"long": "x" * LARGEST_ITEM}},
    ],
    ids=lambda more: json.dumps(more)[:50],
)
def test_what_is_no_event_is_refused_with_what_was_expected(more: dict[str, Any]) -> None:
    message = refusal(json.dumps(TRACK | more).encode())
    assert "xpected" in message
    assert "9999" not in message and "yesterday" not in message and "trick" not in message


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"null", b'"x"', b"\xff", b'{"userId": "\\ud800"}', b'{"a": NaN}', b'{"a": 1e999}', b"[" * 9_000],
)
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    assert refusal(raw)


def test_a_bad_message_costs_the_others_of_its_batch_nothing() -> None:
    body = b'{"batch": [{"userId": "\\ud800"}, {"type": "page", "userId": "u1"}, 7], "sentAt": "2026-03-01T12:00:00Z"}'
    batch = split_batch(body)
    assert batch.sent_at == "2026-03-01T12:00:00Z"
    outcomes = []
    for raw in batch.batch:
        try:
            outcomes.append(live_event(read_message(raw)[1], Proof.SERVER, NOW).type)
        except RefusedItem:
            outcomes.append("refused")
    assert outcomes == ["refused", "page", "refused"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"batch": {}}', b'{"batch": 1}', b"\xff", b"[" * 9_000, b"nul"])
def test_what_is_no_batch_is_refused(body: bytes) -> None:
    with pytest.raises(RefusedItem):
        split_batch(body)


def test_orders_and_refunds_are_orders_with_their_amount_and_other_events_are_their_name() -> None:
    order = said(event="Order Completed", properties={"total": "49.90", "intent": " buy ", "orderId": 7})
    assert (order.type, order.amount, order.intent, order.properties["order_id"]) == ("order", 49.9, "buy", 7)
    assert said(event="Order Refunded", properties={"total": 20}).amount == -20
    assert said(event="Order Refunded").amount is None
    assert [event_slug(name) for name in ("paymentFailed", "Été  raté!", "№", "")] == [
        "payment_failed",
        "ete_rate",
        "no",
        "track",
    ]


def test_a_visitor_is_named_by_the_device_and_never_like_a_user() -> None:
    visitor = said(userId=None, anonymousId="a1")
    assert (visitor.key, visitor.user_id, visitor.anonymous_id) == (visitor_key("a1"), None, "a1")
    assert said(userId="a1").key == "a1" != visitor.key
    assert said(userId=7).key == "7"


def test_traits_come_in_either_spelling_and_identifiers_of_other_kinds_beside_them() -> None:
    event = said(
        type="identify",
        traits={"firstName": "Ana", "last_name": "Durand"},
        context={
            "traits": {"email": "ana@inbox.example"},
            "externalIds": [{"type": "loyaltyCard", "id": 7}, {"type": "phone"}, 3],
            "consent": {"categoryPreferences": {"Advertising": False, "odd": "perhaps"}},
        },
    )
    assert event.traits == {"first_name": "Ana", "last_name": "Durand", "email": "ana@inbox.example"}
    assert (event.external_ids, event.consent) == ({"loyalty_card": "7"}, {"Advertising": False, "odd": False})
