"""Hand-offs through the API: one holder at a time, nothing lost, and nobody promised what cannot be kept."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select, update

from consent.model import Role
from profile_api.access.gate import Gate
from profile_api.handoffs.asking import ask_for_a_person
from profile_api.handoffs.holding import take_step
from profile_api.handoffs.views import HandoffForm, StepForm
from stores.schema import audit, conversation_entries, conversations, handoff_events, handoffs, records, webhook_outbox
from tests.profile_api.conftest import Headers
from tests.profile_api.handoffs.asking import BOT, CLAIRE, ask, kind, step, told
from tests.profile_api.handoffs.conftest import CALLBACK, FORM
from tests.profile_api.people import ANA, ANA_EMAIL, BEN, BEN_EMAIL, NOW


@pytest.mark.usefixtures("staffed")
def test_a_bot_asks_an_advisor_accepts_answers_and_resolves_and_the_customer_is_told(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    asked = ask(client, headers, language="fr")
    assert asked.status_code == 201 and asked.json()["state"] == "queued" and "conseiller" in asked.json()["told"]
    handoff_id = asked.json()["handoff_id"]
    (waiting,) = client.get("/v1/handoffs", headers=headers()).json()["handoffs"]
    assert (waiting["handoff_id"], waiting["state"], waiting["holder"]) == (handoff_id, "queued", None)
    assert ANA not in str(waiting) and ANA_EMAIL not in str(waiting)
    reserved = step(client, headers, handoff_id, "reserve").json()
    assert (reserved["state"], reserved["holder"], reserved["told"]) == ("reserved", "demo-advisor", None)
    assert step(client, headers, handoff_id, "accept").json()["state"] == "accepted"
    (one,) = told(client, headers)
    assert (one["state"], one["holder"]) == ("accepted", None) and "Un conseiller" in one["told"]
    route, message = f"/v1/handoffs/{handoff_id}/messages", {"said_by": "us", "text": "I block your card."}
    assert client.post(route, json=message, headers=headers()).status_code == 201
    assert client.post(f"/v1/handoffs/{handoff_id}/heartbeat", headers=headers()).is_success
    assert step(client, headers, handoff_id, "wrap").json()["state"] == "wrapping"
    assert step(client, headers, handoff_id, "resolve").json()["state"] == "resolved"
    assert "terminée" in told(client, headers)[0]["told"]
    assert client.get("/v1/handoffs", headers=headers()).json() == {"handoffs": []}
    with engine.connect() as connection:
        steps = connection.scalars(select(handoff_events.c.step).order_by(handoff_events.c.event_id)).all()
        read = connection.execute(select(audit.c.action, audit.c.profile_id)).all()
    assert steps == ["request", "queue", "reserve", "accept", "wrap", "resolve"]
    assert {("handoff-request", ANA), ("handoff-accept", ANA), ("handoff-message", ANA)} <= {tuple(row) for row in read}


@pytest.mark.usefixtures("staffed")
def test_whoever_subscribed_is_told_of_each_step_that_was_taken(
    client: TestClient, headers: Headers, gate: Gate, engine: Engine
) -> None:
    wanted = {"url": "https://8.8.8.8/hook", "kinds": ["handoff.changed"], "purpose": "service"}
    officer = headers(Role.PRIVACY_OFFICER, "legal_obligation")
    assert client.post("/v1/webhooks", json=wanted, headers=officer).status_code == 201
    handoff_id = ask(client, headers).json()["handoff_id"]
    take_step(gate, CLAIRE, "service", handoff_id, StepForm(step="accept"))
    assert step(client, headers, handoff_id, "accept").status_code == 409
    gate.clock = lambda: NOW + timedelta(seconds=90)
    client.get("/v1/handoffs", headers=headers())
    with engine.connect() as connection:
        events = connection.execute(select(webhook_outbox).order_by(webhook_outbox.c.sequence)).all()
    assert [one.data["step"] for one in events] == ["request", "queue", "accept", "lapse", "queue"]
    assert {one.profile_id for one in events} == {ANA} and "chat-1" not in str([one.data for one in events])


@pytest.mark.usefixtures("staffed")
def test_of_many_requests_with_one_key_one_is_made(gate: Gate, engine: Engine) -> None:
    def request(number: int) -> str:
        return ask_for_a_person(gate, BOT, "service", ANA, HandoffForm(**FORM, summary="a card")).handoff_id

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(request, range(20)))) == 1
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(handoffs)) == 1
        assert connection.scalar(select(func.count()).select_from(conversation_entries)) == 1


@pytest.mark.usefixtures("staffed")
def test_a_conversation_has_one_open_hand_off_and_belongs_to_one_person(client: TestClient, headers: Headers) -> None:
    first = ask(client, headers).json()["handoff_id"]
    again = ask(client, headers, request_key="k-2")
    assert kind(again) == (409, "handoff-open") and again.json()["handoff_id"] == first
    assert kind(ask(client, headers, of=BEN)) == (409, "conversation-of-another")
    assert step(client, headers, first, "rescind", Role.CUSTOMER).json()["state"] == "rescinded"
    second = ask(client, headers, request_key="k-2", channel="phone").json()
    assert second["state"] == "queued" and second["conversation_id"] == "chat-1", "through every channel"


def test_nobody_there_is_never_a_plain_yes_and_nothing_is_promised_without_a_way_to_reach_the_customer(
    client: TestClient, headers: Headers, gate: Gate, engine: Engine
) -> None:
    assert kind(ask(client, headers)) == (422, "contact-point-required")
    stranger = {"contact_point": {"kind": "email", "value": BEN_EMAIL}}
    assert kind(ask(client, headers, **stranger)) == (422, "contact-point-unknown")
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(conversations)) == 0, "nothing half done"
    noted = ask(client, headers, **CALLBACK, language="en")
    assert (noted.status_code, noted.json()["state"]) == (202, "requested")
    assert "get back to you" in noted.json()["told"] and "at this hour" in noted.json()["told"]
    assert noted.json()["expected_from"] == "2024-05-02T07:00:00Z", "the first of May is a holiday"
    gate.clock = lambda: NOW + timedelta(hours=24)
    (again,) = told(client, headers)
    assert again["expected_from"] == "2024-05-02T12:00:00Z" and "Nobody is available right now" in again["told"]
    there = {"minutes": 5, "languages": ["fr"]}
    client.post("/v1/presence", json=there, headers=headers())
    assert told(client, headers)[0]["state"] == "requested", "nobody there speaks English"
    client.post("/v1/presence", json=there | {"languages": ["en"]}, headers=headers())
    assert told(client, headers)[0]["state"] == "queued"
    promised = {"request_key": "k-2", "conversation_id": "chat-2", "promises": [{"text": "a call"}]}
    assert kind(ask(client, headers, **promised)) == (422, "contact-point-required"), "also while somebody is there"
    client.post("/v1/presence", json=there | {"minutes": 0}, headers=headers())
    gone = ask(client, headers, request_key="k-2", conversation_id="chat-2")
    assert kind(gone) == (422, "contact-point-required")


@pytest.mark.usefixtures("staffed")
def test_a_conversation_follows_its_record_through_merge_and_unmerge(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    hers = ask(client, headers, **CALLBACK).json()["handoff_id"]
    his = ask(client, headers, of=BEN, conversation_id="chat-2").json()["handoff_id"]
    with engine.begin() as connection:
        whose = connection.execute(select(conversations.c.conversation_id, conversations.c.record_id)).all()
        assert {tuple(row) for row in whose} == {("chat-1", "crm:42"), ("chat-2", "web:ben")}
        connection.execute(update(records).where(records.c.record_id == "web:ben").values(profile_id=ANA))
    assert {one["handoff_id"] for one in told(client, headers)} == {hers, his}, "nothing is lost"
    assert step(client, headers, his, "rescind", Role.CUSTOMER, profile_id=BEN).status_code == 404
    with engine.begin() as connection:
        connection.execute(update(records).where(records.c.record_id == "web:ben").values(profile_id=BEN))
    assert [one["handoff_id"] for one in told(client, headers)] == [hers]
    assert [one["handoff_id"] for one in told(client, headers, BEN)] == [his]


@pytest.mark.usefixtures("staffed")
def test_customers_know_of_their_own_alone_and_say_nothing_in_our_name(client: TestClient, headers: Headers) -> None:
    handoff_id = ask(client, headers, Role.CUSTOMER).json()["handoff_id"]
    unknown = step(client, headers, "ho_none", "rescind", Role.CUSTOMER, profile_id=BEN)
    another = step(client, headers, handoff_id, "rescind", Role.CUSTOMER, profile_id=BEN)
    assert kind(another) == (404, "handoff-not-found") and another.content == unknown.content
    assert kind(step(client, headers, handoff_id, "accept", Role.CUSTOMER)) == (409, "step-not-possible")
    for wrong in ({"promises": [{"text": "a gift"}]}, {"tried": [{"name": "a", "outcome": "done"}]}):
        answer = ask(client, headers, Role.CUSTOMER, conversation_id="chat-9", **wrong)
        assert kind(answer) == (422, "not-the-customers-words")
    assert client.get(f"/v1/profiles/{ANA}/handoffs", headers=headers(Role.CUSTOMER, profile_id=BEN)).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"why": "because"},
        {"request_key": None},
        {"conversation_id": "ana@inbox.example"},
        {"channel": "Her phone"},
        {"slots": [{"name": "card number"}]},
        {"tried": [{"name": "block_card", "outcome": "maybe"}]},
        {"transcript": [{"at": "2024-05-01", "said_by": "customer", "text": "x"}]},
        {"summary": "a\x00b"},
        {"zone": "grey"},
        {"holder": "claire"},
    ],
)
def test_what_is_no_request_is_refused_and_leaves_nothing(
    client: TestClient, headers: Headers, engine: Engine, wrong: dict[str, Any]
) -> None:
    assert kind(ask(client, headers, **wrong)) == (422, "invalid-request")
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(conversations)) == 0
