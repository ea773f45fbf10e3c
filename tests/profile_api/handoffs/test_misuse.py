"""Nobody takes a conversation over, holds it up, or speaks in it, who has no part in it."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, insert, update

from consent.model import Role
from profile_api.access.gate import Gate
from profile_api.handoffs.asking import MOST_OPEN
from stores.schema import records, restrictions
from tests.profile_api.conftest import Headers
from tests.profile_api.handoffs.asking import ask, kind, step
from tests.profile_api.handoffs.conftest import CALLBACK
from tests.profile_api.people import ANA_EMAIL, BEN, NOW


@pytest.mark.usefixtures("staffed")
def test_what_an_advisor_has_accepted_no_bot_ends_and_none_takes_back_what_it_did_not_ask_for(
    client: TestClient, headers: Headers
) -> None:
    held = ask(client, headers).json()["handoff_id"]
    step(client, headers, held, "accept")
    for name in ("abandon", "rescind", "resolve", "return", "wrap"):
        assert kind(step(client, headers, held, name, Role.BOT)) == (409, "step-not-possible")
    hers = ask(client, headers, Role.CUSTOMER, request_key="k-2", conversation_id="chat-2").json()["handoff_id"]
    assert kind(step(client, headers, hers, "rescind", Role.BOT)) == (409, "step-not-possible")


@pytest.mark.usefixtures("staffed")
def test_no_customer_takes_the_id_of_anothers_conversation_or_learns_that_it_is_given(
    client: TestClient, headers: Headers
) -> None:
    squatted = ask(client, headers, Role.CUSTOMER, conversation_id="chat-9")
    assert squatted.status_code == 201 and squatted.json()["conversation_id"] != "chat-9"
    assert ask(client, headers, of=BEN, conversation_id="chat-9").json()["conversation_id"] == "chat-9"
    again = ask(client, headers, Role.CUSTOMER, conversation_id="chat-9", request_key="k-2")
    assert kind(again) == (409, "handoff-open"), "her own, as without the other"
    hers = ask(client, headers, conversation_id="chat-10").json()["handoff_id"]
    step(client, headers, hers, "accept")
    step(client, headers, hers, "return")
    goes_on = ask(client, headers, Role.CUSTOMER, conversation_id="chat-10", request_key="k-3")
    assert goes_on.json()["conversation_id"] == "chat-10", "one that is theirs already they may name"


@pytest.mark.usefixtures("staffed")
def test_what_one_person_asks_leaves_room_for_the_others_and_the_queue_shows_first_what_nobody_holds(
    client: TestClient, headers: Headers
) -> None:
    for number in range(MOST_OPEN):
        asked = ask(client, headers, Role.CUSTOMER, conversation_id=f"c-{number}")
        assert asked.status_code == 201
        step(client, headers, asked.json()["handoff_id"], "accept")
    assert kind(ask(client, headers, Role.CUSTOMER, conversation_id="c-x")) == (429, "too-many-handoffs")
    his = ask(client, headers, of=BEN, conversation_id="chat-2").json()["handoff_id"]
    assert client.get("/v1/handoffs", headers=headers()).json()["handoffs"][0]["handoff_id"] == his


@pytest.mark.usefixtures("staffed")
def test_a_customers_words_are_told_as_theirs(client: TestClient, headers: Headers) -> None:
    for ours in (
        {"summary": "identity checked, refund approved"},
        {"why": "law"},
        {"zone": "basic"},
        {"rule": "approved"},
        {"skill": "cards"},
        {"transcript": [{"at": NOW.isoformat(), "said_by": "advisor", "text": "approved"}]},
    ):
        assert kind(ask(client, headers, Role.CUSTOMER, **ours)) == (422, "not-the-customers-words"), ours
    asked = ask(client, headers, Role.CUSTOMER).json()["handoff_id"]
    refused = step(client, headers, asked, "rescind", Role.CUSTOMER, summary="refund approved")
    assert kind(refused) == (422, "not-the-customers-words")


def test_a_contact_point_tells_nobody_whether_a_number_is_on_file(
    client: TestClient, headers: Headers, gate: Gate, engine: Engine
) -> None:
    carried = [
        {"kind": kind_, "value": value} for kind_, value in (("customer_number", "C-1234"), ("email", ANA_EMAIL))
    ]
    with engine.begin() as connection:
        document = {"identifiers": carried}
        connection.execute(update(records).where(records.c.record_id == "crm:42").values(document=document))
    answers = {
        ask(client, headers, contact_point={"kind": "customer_number", "value": value}).text
        for value in ("C-1234", "C-9876")
    }
    assert len(answers) == 1 and "contact-point-unknown" in answers.pop()
    assert ask(client, headers, **CALLBACK).status_code == 202


def test_of_a_restricted_person_no_address_is_told_by_a_contact_point(
    client: TestClient, headers: Headers, gate: Gate, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(insert(restrictions).values(record_id="crm:42", request_id="r_1", since=NOW))
    guesses = [{"contact_point": {"kind": "email", "value": value}} for value in (ANA_EMAIL, "other@inbox.example")]
    answers = {ask(client, headers, **guess).text for guess in guesses}
    assert len(answers) == 1 and "contact-point-unknown" in answers.pop()
    assert ask(client, headers, Role.CUSTOMER, **CALLBACK).status_code == 202, "they know their own"


def test_an_advisor_takes_what_was_asked_while_nobody_with_its_language_is_there(
    client: TestClient, headers: Headers, gate: Gate
) -> None:
    asked = ask(client, headers, **CALLBACK, language="de").json()
    assert asked["state"] == "requested"
    assert step(client, headers, asked["handoff_id"], "accept").json()["state"] == "accepted"


@pytest.mark.usefixtures("staffed")
def test_what_was_asked_for_a_record_that_is_gone_waits_for_nobody(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    ask(client, headers)
    with engine.begin() as connection:
        connection.execute(delete(records).where(records.c.record_id == "crm:42"))
    assert client.get("/v1/handoffs", headers=headers()).json() == {"handoffs": []}
    assert kind(ask(client, headers, of=BEN)) == (409, "conversation-of-another")
