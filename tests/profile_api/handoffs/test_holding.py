"""Holding a conversation: one advisor at a time, who is heard, and only they answer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select

from consent.model import Actor, Role
from profile_api.access.gate import Gate
from profile_api.handoffs.holding import hear, say, take_step
from profile_api.handoffs.lapsing import lapsing
from profile_api.handoffs.views import MessageForm, StepForm
from profile_api.responses.errors import Problem
from stores.schema import conversation_entries, handoff_events, handoffs
from tests.profile_api.conftest import Headers
from tests.profile_api.handoffs.asking import BOT, CLAIRE, MARC, ask, kind, step, told
from tests.profile_api.handoffs.conftest import CALLBACK
from tests.profile_api.people import ANA, NOW


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
def test_the_service_ends_what_is_overdue_though_nobody_asks(
    client: TestClient, headers: Headers, gate: Gate, engine: Engine
) -> None:
    handoff_id = ask(client, headers).json()["handoff_id"]
    take_step(gate, CLAIRE, "service", handoff_id, StepForm(step="accept"))
    with lapsing(engine, lambda: NOW + timedelta(seconds=90), every=0.01):
        while True:
            with engine.connect() as connection:
                if connection.scalar(select(handoffs.c.state)) == "queued":
                    break
    with engine.connect() as connection:
        steps = connection.scalars(select(handoff_events.c.step).order_by(handoff_events.c.event_id)).all()
    assert steps == ["request", "queue", "accept", "lapse", "queue"]


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
    second = ask(client, headers, request_key="k-2").json()["handoff_id"]
    take_step(gate, MARC, "service", second, StepForm(step="accept"))
    assert said(BOT, "us") == "409", "by an earlier hand-off of the same conversation neither"
    gate.clock = lambda: NOW + timedelta(seconds=90)
    assert said(BOT, "us") == "kept", "the holder vanished"
    with engine.connect() as connection:
        kept = connection.execute(select(conversation_entries).order_by(conversation_entries.c.entry_id)).all()
    assert [row.said_by for row in kept] == ["bot", "advisor", "customer", "customer", "advisor", "bot", "bot"]


@pytest.mark.usefixtures("staffed")
def test_a_colleague_takes_over_and_finds_the_summary_and_the_skill(
    client: TestClient, headers: Headers, gate: Gate
) -> None:
    handoff_id = ask(client, headers, language="en").json()["handoff_id"]
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
    gate.clock = lambda: NOW + timedelta(seconds=90)
    three = ask(client, headers, conversation_id="chat-c", **CALLBACK).json()["handoff_id"]
    assert step(client, headers, three, "accept").status_code == 200, "what was lost to the queue is not held"
