"""What a subscriber gets, when, and what never reaches it."""

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, text

from consent.model import Role
from profile_api.webhooks.queries import deliveries
from profile_api.webhooks.worker import ATTEMPTS, HOLD, LONGEST_PAUSE, Worker
from stores.schema import audit, webhook_deliveries, webhook_outbox
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL, NATIONAL_ID, NOW, decide_consent
from tests.profile_api.webhooks.conftest import ALL, Clock, Consumer, Subscribe


def states(engine: Engine) -> list[tuple[str, int]]:
    columns = webhook_deliveries.c
    with engine.connect() as connection:
        rows = connection.execute(select(columns.state, columns.attempts).order_by(columns.sequence)).all()
    return [(row.state, row.attempts) for row in rows]


def test_a_subscriber_gets_a_signed_cloudevent_with_what_its_purpose_permits(
    worker: Worker, subscribe: Subscribe, tell: Callable[..., None], consumer: Consumer, engine: Engine
) -> None:
    secret = subscribe("advice")
    tell("profile.merged", merged=["p-old"])
    worker.round()
    (body,) = consumer.verified(secret)
    (headers, raw) = consumer.requests[0]
    event = from_structured_event(HTTPMessage(headers, raw))
    assert headers["content-type"].startswith("application/cloudevents+json")
    assert (event.get_type(), event.get_subject(), event.get_specversion()) == ("profile.merged", ANA, "1.0")
    assert event.get_id() == headers["webhook-id"]
    data = body["data"]
    assert (data["profile_id"], data["version"], data["change"]) == (ANA, 3, {"merged": ["p-old"]})
    assert data["data"]["fields"]["given_name"]["value"] == "Ana"
    assert ANA_EMAIL not in raw.decode() and "rue des Lilas" not in raw.decode()  # advice does not cover contact data
    assert "secret" not in raw.decode() and NATIONAL_ID not in raw.decode()
    with engine.connect() as connection:
        (row,) = connection.execute(select(audit).where(audit.c.action == "webhook")).all()
    assert (row.role, row.purpose, row.profile_id, row.outcome) == ("bot", "advice", ANA, "answered")
    assert row.actor.startswith("webhook:sub_")


def test_a_step_of_a_hand_off_is_told_to_whoever_may_know_what_was_said(
    worker: Worker, subscribe: Subscribe, tell: Callable[..., None], consumer: Consumer
) -> None:
    step = {"handoff_id": "ho_1", "conversation_id": "chat-1", "step": "accept", "state": "accepted"}
    subscribe("marketing_email", ["handoff.changed"])
    tell("handoff.changed", **step)
    worker.round()
    assert consumer.requests == [], "marketing sees nothing of it"
    secret = subscribe("service", ["handoff.changed"])
    tell("handoff.changed", **step)
    worker.round()
    (body,) = consumer.verified(secret)
    assert body["type"] == "handoff.changed" and body["data"]["change"] == step


def test_without_permission_nothing_is_told_but_the_withdrawal_itself(
    worker: Worker, subscribe: Subscribe, tell: Callable[..., None], consumer: Consumer, engine: Engine
) -> None:
    secret = subscribe("personalisation")
    decide_consent(engine, "personalisation", "withdrawn")
    tell("profile.updated", note="secret-note")
    tell("consent.changed", purpose="analytics")
    tell("consent.changed", purpose="personalisation")
    tell("profile.updated", profile_id="p-gone")
    worker.round()
    (own,) = consumer.verified(secret)
    with engine.connect() as connection:
        results = connection.scalars(select(webhook_deliveries.c.last_result).order_by(webhook_deliveries.c.sequence))
        assert list(results) == ["withheld", "withheld", "204", "withheld"]
    assert own["subject"] == own["data"]["profile_id"] == ANA
    assert set(own["data"]) == {"profile_id", "purpose", "consent"}
    assert own["data"]["consent"]["personalisation"]["state"] == "ConsentWithdrawn"


def test_an_erasure_names_the_person_to_whom_they_were_disclosed_and_to_nobody_else(
    worker: Worker, subscribe: Subscribe, tell: Callable[..., None], consumer: Consumer, engine: Engine
) -> None:
    decide_consent(engine, "personalisation", "withdrawn")
    for purpose in ("advice", "personalisation"):
        subscribe(purpose, [*ALL, "profile.erased"])
    tell("profile.updated")
    worker.round()
    consumer.requests.clear()
    with engine.begin() as connection:
        connection.execute(text("delete from profiles where profile_id = :id"), {"id": ANA})
    tell("profile.erased")
    worker.round()
    bodies = [json.loads(raw) for _, raw in consumer.requests]
    by_purpose = {body["data"]["purpose"]: body for body in bodies}
    assert by_purpose["advice"]["subject"] == ANA
    assert by_purpose["advice"]["data"] == {"profile_id": ANA, "purpose": "advice"}
    assert "personalisation" not in by_purpose, "it was never told of her"


def test_a_consumer_that_is_down_loses_nothing(
    worker: Worker, subscribe: Subscribe, tell: Callable[..., None], consumer: Consumer, engine: Engine, clock: Clock
) -> None:
    secret = subscribe()
    consumer.status = 503
    for _ in range(3):
        tell()
    worker.round()
    assert len(consumer.requests) == 1  # one is tried, the others wait
    assert states(engine) == [("pending", 1), ("pending", 0), ("pending", 0)]
    worker.round()
    assert len(consumer.requests) == 1
    consumer.requests.clear()
    consumer.status, clock.ahead = 204, HOLD * 2
    worker.round()
    assert len({body["id"] for body in consumer.verified(secret)}) == 3
    assert [state for state, _ in states(engine)] == ["delivered"] * 3


def test_what_is_given_up_is_dead_and_a_replay_brings_everything_back(
    worker: Worker,
    subscribe: Subscribe,
    tell: Callable[..., None],
    consumer: Consumer,
    engine: Engine,
    clock: Clock,
    client: TestClient,
    officer: dict[str, str],
) -> None:
    secret = subscribe()
    tell()
    began = clock()
    consumer.status = 302  # a redirect is not followed: it would lead round the check of addresses
    for _ in range(ATTEMPTS):
        worker.round()
        clock.ahead += 2 * LONGEST_PAUSE
    assert states(engine) == [("dead", ATTEMPTS)] and len(consumer.requests) == ATTEMPTS
    (listed,) = client.get("/v1/webhooks", headers=officer).json()["subscriptions"]
    assert (listed["dead"], "secret" in listed) == (1, False)
    consumer.status, consumer.requests = 200, []
    clock.ahead = timedelta()
    replay = f"/v1/webhooks/{listed['subscription_id']}/replay"
    since = (began - timedelta(minutes=1)).isoformat()
    assert client.post(replay, json={"since": since}, headers=officer).json() == {"due": 1}
    worker.round()
    assert len(consumer.verified(secret)) == 1 and states(engine) == [("delivered", 1)]
    later = (began + timedelta(minutes=1)).isoformat()
    assert client.post(replay, json={"since": later}, headers=officer).json() == {"due": 0}


def test_a_message_that_a_consumer_refuses_does_not_hold_up_the_others(
    worker: Worker, subscribe: Subscribe, tell: Callable[..., None], consumer: Consumer, engine: Engine
) -> None:
    subscribe()
    consumer.status = 400
    tell()
    tell()
    worker.round()
    assert states(engine) == [("pending", 1), ("pending", 1)]


def test_while_the_gate_cannot_decide_nothing_is_sent_and_no_attempt_is_counted(
    worker: Worker, subscribe: Subscribe, tell: Callable[..., None], consumer: Consumer, engine: Engine
) -> None:
    subscribe()
    tell()
    with engine.begin() as connection:
        connection.execute(text("alter table audit rename to gone"))
    worker.round()
    assert consumer.requests == [] and states(engine) == [("pending", 0)]


def test_a_worker_delivers_on_its_own_and_old_events_are_forgotten(
    worker: Worker, subscribe: Subscribe, tell: Callable[..., None], consumer: Consumer, engine: Engine
) -> None:
    subscribe()
    tell()
    stop = threading.Event()
    running = threading.Thread(target=worker.run, args=[stop])
    running.start()
    until = time.monotonic() + 10
    while not consumer.requests and time.monotonic() < until:
        time.sleep(0.02)
    stop.set()
    running.join(timeout=10)
    assert len(consumer.requests) == 1
    assert deliveries.forget(engine, datetime.now(UTC)) == 0
    assert deliveries.forget(engine, datetime.now(UTC) + timedelta(days=31)) == 1
    with engine.connect() as connection:
        assert connection.execute(select(webhook_outbox)).all() == []


def test_two_workers_never_hold_the_same_delivery(
    engine: Engine, subscribe: Subscribe, tell: Callable[..., None]
) -> None:
    subscribe()
    for _ in range(deliveries.BATCH + 1):
        tell()
    now = datetime.now(UTC)
    (one,) = deliveries.due_subscriptions(engine, now)
    first = {event.sequence for event, _ in deliveries.claim(engine, one.subscription_id, now)}
    second = {event.sequence for event, _ in deliveries.claim(engine, one.subscription_id, now)}
    assert (len(first), len(second), first & second) == (deliveries.BATCH, 1, set())
    later = now + deliveries.LEASE
    assert len(deliveries.claim(engine, one.subscription_id, later)) == deliveries.BATCH


@pytest.mark.parametrize(
    "wrong",
    [
        {"purpose": "resale"},
        {"purpose": "privacy_rights"},
        {"purpose": "nonsense"},
        {"role": "privacy_officer"},
        {"kinds": []},
        {"kinds": ["profile.sold"]},
        {"url": "http://10.0.0.1/"},
        {"url": "https://169.254.169.254/latest"},
    ],
    ids=str,
)
def test_a_subscription_that_could_leak_is_refused(
    client: TestClient, officer: dict[str, str], wrong: dict[str, Any]
) -> None:
    wanted = {"url": "http://127.0.0.1:9/", "kinds": ALL, "purpose": "service", **wrong}
    answer = client.post("/v1/webhooks", json=wanted, headers=officer)
    assert answer.status_code == 422, answer.text


def test_only_a_privacy_officer_decides_who_is_told(
    client: TestClient, headers: Headers, officer: dict[str, str], subscribe: Subscribe, engine: Engine
) -> None:
    subscribe()
    (one,) = client.get("/v1/webhooks", headers=officer).json()["subscriptions"]
    path = f"/v1/webhooks/{one['subscription_id']}"
    steward = headers(Role.STEWARD, "legal_obligation")
    wanted = {"url": one["url"], "kinds": ALL, "purpose": "service"}
    assert client.post("/v1/webhooks", json=wanted, headers=steward).status_code == 403
    assert client.get("/v1/webhooks", headers=steward).status_code == 403
    assert client.delete(path, headers=steward).status_code == 403
    assert client.post(f"{path}/replay", json={"since": NOW.isoformat()}, headers=steward).status_code == 403
    assert client.delete(path, headers=officer).status_code == 204
    assert client.delete(path, headers=officer).status_code == 404
    again = client.post(f"{path}/replay", json={"since": NOW.isoformat()}, headers=officer)
    assert (again.status_code, again.json()) == (202, {"due": 0}), "it may still be told of an erasure that failed"
    with engine.connect() as connection:
        recorded = [(row.action, row.outcome) for row in connection.execute(select(audit).order_by(audit.c.audit_id))]
    assert recorded[0] == ("webhook.create", "answered")
    assert ("webhook.delete", "role-not-permitted") in recorded and recorded.count(("webhook.delete", "answered")) == 1
