"""The packet: everything that the next holder needs, as they may see it when they open it."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert

from consent.model import Role
from engagement.handoffs.content import ConversationEntry, EntryKind, answered, still_open
from engagement.handoffs.packet import Packet
from engagement.handoffs.schema import PUBLISHED, packet_schema
from stores.schema import restrictions
from tests.profile_api.conftest import Headers
from tests.profile_api.handoffs.conftest import CALLBACK, FORM
from tests.profile_api.people import ANA, ANA_EMAIL, NOW, decide_consent

ASKED: dict[str, Any] = FORM | CALLBACK | {
    "why": "failed_attempts",
    "verified_by": "login",
    "summary": "Her card was stolen; blocking it failed.",
    "transcript": [
        {"at": "2024-05-01T11:58:00Z", "said_by": "customer", "text": "My card was stolen."},
        {"at": "2024-05-01T11:58:30Z", "said_by": "bot", "text": "Which one?"},
        {"at": "2024-05-01T11:59:00Z", "said_by": "customer", "text": "It ends in 42.", "answers": "card_number"},
    ],
    "slots": [{"name": "card_number"}, {"name": "place_of_loss"}, {"name": "amount", "value": "200"}],
    "tried": [{"name": "block_card", "outcome": "failed", "text": "the line was down"}],
    "promises": [{"text": "a new card", "due_on": "2024-05-08"}],
    "language": "fr",
    "zone": "traditional",
    "rule": "a_stolen_card",
}  # fmt: skip


def accepted(client: TestClient, headers: Headers) -> str:
    sent = headers(Role.BOT)
    handoff_id = client.post(f"/v1/profiles/{ANA}/handoffs", json=ASKED, headers=sent).json()["handoff_id"]
    done = client.post(f"/v1/handoffs/{handoff_id}/steps", json={"step": "accept"}, headers=headers())
    assert done.json()["state"] == "accepted"
    return str(handoff_id)


def opened(client: TestClient, headers: Headers, handoff_id: str, purpose: str = "service") -> Any:
    return client.get(f"/v1/handoffs/{handoff_id}", headers=headers(Role.ADVISOR, purpose)).json()["data"]["packet"]


@pytest.mark.usefixtures("staffed")
def test_the_packet_holds_everything_that_was_handed_over(client: TestClient, headers: Headers) -> None:
    dial = {"position": 10, "channel": "chat"}
    client.post(f"/v1/profiles/{ANA}/dial", json=dial, headers=headers(Role.BOT))
    handoff_id = accepted(client, headers)
    found = opened(client, headers, handoff_id)
    Packet.model_validate(found)
    assert found["identity"] == {"profile_id": ANA, "verified_by": "login"}
    assert found["asked"] == {"role": "bot", "at": "2024-05-01T12:00:00Z", "why": "failed_attempts"}
    assert found["summary"] == ASKED["summary"] and len(found["transcript"]) == 3
    assert found["tried"][0]["name"] == "block_card" and found["tried"][0]["outcome"] == "failed"
    assert found["promises"][0]["due_on"] == "2024-05-08"
    assert found["contact_point"] == {"kind": "email", "value": ANA_EMAIL}
    assert (found["dial"], found["zone"], found["rule"], found["language"]) == (
        10,
        "traditional",
        "a_stolen_card",
        "fr",
    )
    assert found["facts"]["city"]["value"] == "Lyon" and "health_note" not in found["facts"]
    assert {one["category"] for one in found["withheld"]} == {"sensitive"}
    assert found["told"]["categories"] == sorted(["identity", "contact", "transaction", "behaviour", "communication"])
    assert found["earlier"] == []


@pytest.mark.usefixtures("staffed")
def test_no_question_that_the_transcript_answers_is_open(client: TestClient, headers: Headers) -> None:
    handoff_id = accepted(client, headers)
    found = opened(client, headers, handoff_id)
    assert found["slots"] == {"card_number": "It ends in 42.", "amount": "200"}
    assert found["open_slots"] == ["place_of_loss"]
    message = {"said_by": "customer", "text": "At the station.", "answers": "place_of_loss"}
    client.post(f"/v1/handoffs/{handoff_id}/messages", json=message, headers=headers(Role.BOT))
    found = opened(client, headers, handoff_id)
    assert found["open_slots"] == [] and found["slots"]["place_of_loss"] == "At the station."


@pytest.mark.usefixtures("staffed")
def test_what_consent_took_away_between_request_and_opening_is_withheld(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    handoff_id = accepted(client, headers)
    before = opened(client, headers, handoff_id, "advice")
    assert before["facts"]["given_name"]["value"] == "Ana" and before["transcript"]
    assert "city" not in before["facts"] and before["contact_point"] is None, "advice covers no address"
    decide_consent(engine, "advice", "refused", days_ago=0)
    after = opened(client, headers, handoff_id, "advice")
    assert after["facts"] == {} and after["summary"] is None and after["transcript"] == after["promises"] == []
    assert {one["category"] for one in after["withheld"]} >= {"identity", "communication"}
    assert opened(client, headers, handoff_id)["facts"]["given_name"]["value"] == "Ana", "service rests on the contract"
    with engine.begin() as connection:
        connection.execute(insert(restrictions).values(record_id="crm:42", request_id="r_1", since=NOW))
    assert opened(client, headers, handoff_id)["facts"] == {}


@pytest.mark.usefixtures("staffed")
def test_only_the_holder_opens_the_packet(client: TestClient, headers: Headers) -> None:
    sent = headers(Role.BOT)
    handoff_id = client.post(f"/v1/profiles/{ANA}/handoffs", json=ASKED, headers=sent).json()["handoff_id"]
    route = f"/v1/handoffs/{handoff_id}"
    waiting = client.get(route, headers=headers())
    assert (waiting.status_code, waiting.json()["type"].rpartition(":")[2]) == (409, "not-the-holder")
    for role in (Role.BOT, Role.CUSTOMER):
        assert client.get(route, headers=headers(role, profile_id=ANA)).status_code == 403
    client.post(f"{route}/steps", json={"step": "reserve"}, headers=headers())
    assert client.get(route, headers=headers()).status_code == 200, "to know what one is asked to take on"


@pytest.mark.usefixtures("staffed")
def test_earlier_hand_offs_of_the_same_customer_are_in_the_packet(client: TestClient, headers: Headers) -> None:
    first = accepted(client, headers)
    client.post(f"/v1/handoffs/{first}/steps", json={"step": "return"}, headers=headers())
    again = ASKED | {"request_key": "k-2", "conversation_id": "mail-1", "channel": "email", "why": "asked"}
    second = client.post(f"/v1/profiles/{ANA}/handoffs", json=again, headers=headers(Role.BOT)).json()["handoff_id"]
    client.post(f"/v1/handoffs/{second}/steps", json={"step": "accept"}, headers=headers())
    found = opened(client, headers, second)
    assert found["channel"] == "email"
    (earlier,) = found["earlier"]
    assert (earlier["handoff_id"], earlier["conversation_id"], earlier["state"]) == (first, "chat-1", "returned")


@pytest.mark.usefixtures("staffed")
def test_a_conversation_goes_on_in_another_channel_and_customers_are_known_by_their_login(
    client: TestClient, headers: Headers
) -> None:
    first = accepted(client, headers)
    client.post(f"/v1/handoffs/{first}/steps", json={"step": "return"}, headers=headers())
    mine, again = headers(Role.CUSTOMER, profile_id=ANA), FORM | {"request_key": "k-2", "channel": "phone"}
    claimed = again | {"verified_by": "possession"}
    second = client.post(f"/v1/profiles/{ANA}/handoffs", json=claimed, headers=mine).json()["handoff_id"]
    client.post(f"/v1/handoffs/{second}/steps", json={"step": "accept"}, headers=headers())
    found = opened(client, headers, second)
    assert (found["conversation_id"], found["channel"]) == ("chat-1", "phone") and len(found["transcript"]) == 3
    assert found["identity"]["verified_by"] == "login" and found["told"]["categories"] == []


def test_the_last_answer_counts_whichever_entry_gave_it() -> None:
    def entry(kind: EntryKind, minute: int, text: str | None) -> ConversationEntry:
        return ConversationEntry(kind, NOW.replace(minute=minute), "customer", text, "card_number")

    asked, said = entry(EntryKind.SLOT, 1, None), entry(EntryKind.MESSAGE, 2, "42")
    assert still_open([asked]) == ["card_number"] and still_open([said, asked]) == []
    assert answered([entry(EntryKind.SLOT, 3, "43"), said]) == {"card_number": "43"}
    assert still_open([said]) == []


def test_the_published_schema_is_that_of_the_packet() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == packet_schema(), "run python -m engagement.handoffs.schema"
    assert set(json.loads(packet_schema())["required"]) == set(Packet.model_fields)
