"""Hand-offs through the API: one holder at a time, nothing lost, and nobody promised what cannot be kept."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select, update

from consent.model import Actor, Role
from profile_api.access.gate import Gate
from profile_api.handoffs.asking import ask_for_a_person
from profile_api.handoffs.holding import hear, say, take_step
from profile_api.handoffs.views import HandoffForm, MessageForm, StepForm
from profile_api.responses.errors import Problem
from stores.schema import audit, conversation_entries, conversations, handoff_events, handoffs, records
from tests.profile_api.conftest import Headers
from tests.profile_api.handoffs.conftest import CALLBACK, FORM
from tests.profile_api.people import ANA, ANA_EMAIL, BEN, BEN_EMAIL, NOW

CLAIRE, MARC = Actor("claire", Role.ADVISOR), Actor("marc", Role.ADVISOR)
BOT = Actor("demo-bot", Role.BOT)


def ask(client: TestClient, headers: Headers, role: Role = Role.BOT, of: str = ANA, **more: Any) -> Any:
    return client.post(f"/v1/profiles/{of}/handoffs", json=FORM | more, headers=headers(role, profile_id=of))


def step(client: TestClient, headers: Headers, handoff_id: str, name: str, role: Role = Role.ADVISOR, **of: Any) -> Any:
    sent = headers(role, profile_id=of.pop("profile_id", ANA))
    return client.post(f"/v1/handoffs/{handoff_id}/steps", json={"step": name} | of, headers=sent)


def told(client: TestClient, headers: Headers, of: str = ANA) -> list[Any]:
    sent = headers(Role.CUSTOMER, profile_id=of)
    return list(client.get(f"/v1/profiles/{of}/handoffs", headers=sent).json()["data"]["handoffs"])


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


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
def test_of_fifty_simultaneous_acceptances_one_wins_and_the_others_are_told_who_holds_it(
    client: TestClient, headers: Headers, gate: Gate, engine: Engine
) -> None:
    handoff_id = ask(client, headers).json()["handoff_id"]

    def accept(number: int) -> str | Problem:
        actor = Actor(f"advisor-{number}", Role.ADVISOR)
        try:
            return str(take_step(gate, actor, "service", handoff_id, StepForm(step="accept")).holder)
        except Problem as problem:
            return problem

    with ThreadPoolExecutor(50) as pool:
        ended = list(pool.map(accept, range(50)))
    (winner,) = [one for one in ended if isinstance(one, str)]
    refused = [one for one in ended if isinstance(one, Problem)]
    assert len(refused) == 49
    assert {(one.status, one.kind, one.more["holder"]) for one in refused} == {(409, "step-not-possible", winner)}
    with engine.connect() as connection:
        assert connection.scalar(select(handoffs.c.holder)) == winner
        accepted = select(func.count()).where(handoff_events.c.step == "accept")
        assert connection.scalar(accepted) == 1


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
    assert "get back to you" in noted.json()["told"]
    handoff_id = noted.json()["handoff_id"]
    assert kind(step(client, headers, handoff_id, "accept")) == (409, "step-not-possible")
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
def test_a_holder_who_vanishes_loses_it_to_the_queue_and_the_customer_is_told(
    client: TestClient, headers: Headers, gate: Gate, engine: Engine
) -> None:
    handoff_id = ask(client, headers, language="en").json()["handoff_id"]
    take_step(gate, CLAIRE, "service", handoff_id, StepForm(step="accept"))
    gate.clock = lambda: NOW + timedelta(seconds=80)
    assert hear(gate, CLAIRE, "service", handoff_id).holder == "claire"
    with pytest.raises(Problem, match="heartbeat: expected it by the holder"):
        hear(gate, MARC, "service", handoff_id)
    gate.clock = lambda: NOW + timedelta(seconds=169)
    assert told(client, headers)[0]["state"] == "accepted"
    gate.clock = lambda: NOW + timedelta(seconds=170)
    (one,) = told(client, headers)
    assert one["state"] == "queued" and "connection to your advisor was lost" in one["told"]
    with pytest.raises(Problem):
        say(gate, CLAIRE, "service", handoff_id, MessageForm(said_by="us", text="still here"))
    assert take_step(gate, MARC, "service", handoff_id, StepForm(step="accept")).holder == "marc"
    with engine.connect() as connection:
        steps = connection.scalars(select(handoff_events.c.step).order_by(handoff_events.c.event_id)).all()
    assert steps == ["request", "queue", "accept", "lapse", "queue", "accept"]


@pytest.mark.usefixtures("staffed")
def test_a_reservation_that_is_not_taken_up_or_rejected_is_offered_again(
    client: TestClient, headers: Headers, gate: Gate
) -> None:
    handoff_id = ask(client, headers).json()["handoff_id"]
    take_step(gate, CLAIRE, "service", handoff_id, StepForm(step="reserve"))
    with pytest.raises(Problem, match="held by claire"):
        take_step(gate, MARC, "service", handoff_id, StepForm(step="accept"))
    assert take_step(gate, CLAIRE, "service", handoff_id, StepForm(step="reject")).state == "queued"
    take_step(gate, CLAIRE, "service", handoff_id, StepForm(step="reserve"))
    gate.clock = lambda: NOW + timedelta(seconds=30)
    (waiting,) = client.get("/v1/handoffs", headers=headers()).json()["handoffs"]
    assert (waiting["state"], waiting["holder"]) == ("queued", None)


@pytest.mark.usefixtures("staffed")
def test_only_the_holder_answers_and_the_customer_always_writes(
    client: TestClient, headers: Headers, gate: Gate, engine: Engine
) -> None:
    handoff_id = ask(client, headers).json()["handoff_id"]

    def said(actor: Actor, by: str) -> str:
        try:
            say(gate, actor, "service", handoff_id, MessageForm(said_by=by, text=f"{actor.subject}: {by}"))  # type: ignore[arg-type]
        except Problem as problem:
            return f"{problem.status}"
        return "kept"

    assert [said(BOT, "us"), said(CLAIRE, "us")] == ["kept", "409"], "while it waits, the bot may still answer"
    take_step(gate, CLAIRE, "service", handoff_id, StepForm(step="accept"))
    assert [said(BOT, "us"), said(MARC, "us"), said(CLAIRE, "us"), said(BOT, "customer")] == [
        "409",
        "409",
        "kept",
        "kept",
    ]
    message, mine = {"said_by": "customer", "text": "thank you"}, headers(Role.CUSTOMER, profile_id=ANA)
    assert client.post(f"/v1/handoffs/{handoff_id}/messages", json=message, headers=mine).status_code == 201
    ours = message | {"said_by": "us"}
    assert kind(client.post(f"/v1/handoffs/{handoff_id}/messages", json=ours, headers=mine)) == (
        422,
        "not-the-customers-words",
    )
    take_step(gate, CLAIRE, "service", handoff_id, StepForm(step="return", summary="card blocked"))
    assert [said(BOT, "us"), said(CLAIRE, "us")] == ["kept", "409"]
    with engine.connect() as connection:
        kept = connection.execute(select(conversation_entries).order_by(conversation_entries.c.entry_id)).all()
    assert [row.said_by for row in kept] == ["bot", "advisor", "customer", "customer", "advisor", "bot"]


@pytest.mark.usefixtures("staffed")
def test_a_colleague_takes_over_and_finds_the_summary_and_the_skill(
    client: TestClient, headers: Headers, gate: Gate
) -> None:
    handoff_id = ask(client, headers).json()["handoff_id"]
    take_step(gate, CLAIRE, "service", handoff_id, StepForm(step="accept"))
    passed = StepForm(step="transfer", summary="she needs a credit", skill="credit")
    assert "colleague" in str(take_step(gate, CLAIRE, "service", handoff_id, passed).told)
    (waiting,) = client.get("/v1/handoffs", headers=headers()).json()["handoffs"]
    assert (waiting["state"], waiting["skill"]) == ("queued", "credit")
    assert step(client, headers, handoff_id, "accept").json()["holder"] == "demo-advisor"
    found = client.get(f"/v1/handoffs/{handoff_id}", headers=headers()).json()["data"]["packet"]
    assert found["summary"] == "she needs a credit"


def test_an_advisor_takes_on_no_more_than_they_can(client: TestClient, headers: Headers, gate: Gate) -> None:
    client.post("/v1/presence", json={"minutes": 5, "capacity": 1}, headers=headers())
    one, two = (ask(client, headers, conversation_id=f"chat-{name}").json()["handoff_id"] for name in "ab")
    assert step(client, headers, one, "reserve").status_code == step(client, headers, one, "accept").status_code == 200
    assert kind(step(client, headers, two, "accept")) == (409, "at-capacity")
    step(client, headers, one, "resolve")
    assert step(client, headers, two, "accept").status_code == 200


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
