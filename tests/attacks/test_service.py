"""Ledger, service, outgoing: what one sender can do to everybody else."""

import gzip
import itertools
import json
import time
from collections.abc import Callable
from concurrent.futures import Future
from itertools import product
from typing import Any

import httpx
import msgspec
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select, text

from consent.model import Role
from contracts.assurance import Proof
from contracts.events import Message, live_event
from contracts.settings import Settings
from contracts.sources import Sources, demo_keys
from profile_api.app import create_app
from profile_api.http.keys import DemoIssuer
from read_model.live.erased import Guard
from read_model.live.inbox import Inbox, Unkeepable
from read_model.live.messages import Accepted, Sorted
from stores.schema import audit, inbox
from tests.profile_api.people import ANA, NOW, Features, write_people

GOOD = {"type": "track", "event": "Cart Viewed", "userId": "someone-else"}


LONE = '{"type":"track","event":"\\ud83d","userId":"u"}'


SENT_AT_OF_A_WRONG_TYPE = ['{"a":1}', "1709287200000", "[1]", "true", "1.5", '[{"a":"\\ud83d"}]']


BATCHES = ("/v1/batch", "/v1/import", "/v1/events/batch")


@pytest.fixture
def send(client: TestClient, api_settings: Settings) -> Callable[[str, str | bytes], int]:
    def post(path: str, body: str | bytes) -> int:
        content = body.encode() if isinstance(body, str) else body
        headers = {"Content-Type": "application/json"}
        return int(
            client.post(path, content=content, headers=headers, auth=(demo_keys(api_settings).browser, "")).status_code
        )

    return post


def kept(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.scalars(select(inbox.c.item).order_by(inbox.c.inbox_id)))


def test_a_sent_at_of_a_wrong_type_is_a_400_whatever_the_order_of_the_keys(
    send: Callable[[str, str], int], engine: Engine
) -> None:
    for path, item, sent_at in product(BATCHES, (LONE, json.dumps(GOOD)), SENT_AT_OF_A_WRONG_TYPE):
        assert send(path, f'{{"batch":[{item}],"sentAt":{sent_at}}}') == 400
        assert send(path, f'{{"sentAt":{sent_at},"batch":[{item}]}}') == 400
    assert kept(engine) == []


@pytest.mark.parametrize("context", ["[]", "7", '"yes"', "null", "true"])
def test_a_context_that_is_no_object_says_nothing_and_costs_no_message(
    send: Callable[[str, str], int], engine: Engine, context: str
) -> None:
    for path in BATCHES:
        assert send(path, f'{{"context":{context},"batch":[{LONE},{json.dumps(GOOD)}]}}') in (200, 207)
        assert send(path, f'{{"batch":[{json.dumps(GOOD)}],"context":{context}}}') in (200, 202)
    assert len(kept(engine)) == 2 * len(BATCHES)


def test_an_unreadable_sent_at_corrects_nothing_and_keeps_the_event(
    send: Callable[[str, str], int], engine: Engine
) -> None:
    event = json.dumps({**GOOD, "timestamp": "2024-05-01T11:00:00Z"})
    unreadable = ['"yesterday"', '""', '"\\u0000"', '"\\ud83d"', '"9999-99-99T00:00:00Z"', "null"]
    for path, sent_at in product(BATCHES, unreadable):
        assert send(path, f'{{"batch":[{event}],"sentAt":{sent_at}}}') in (200, 202)
        assert send(path, f'{{"batch":[{LONE},{event}],"sentAt":{sent_at}}}') in (200, 207)
    own = event[:-1] + ',"sentAt":"yesterday"}'
    assert send("/v1/batch", f'{{"batch":[{own}]}}') == 200
    found = kept(engine)
    assert len(found) == 37
    assert {str(live_event(msgspec.convert(one, Message), Proof.SERVER, NOW).occurred_at) for one in found} == {
        "2024-05-01 11:00:00+00:00"
    }


def test_a_context_that_a_batch_lends_is_checked_like_the_messages(send: Callable[[str, str], int]) -> None:
    for context in ('{"a":"\\u0000"}', '{"a":"\\ud83d"}', '{"a":' * 40 + "1" + "}" * 40, '{"a":NaN}'):
        body = f'{{"batch":[{json.dumps(GOOD)}],"context":{context}}}'
        assert send("/v1/events/batch", body) in (202, 400, 422)
    assert send("/v1/events/batch", json.dumps({"batch": [GOOD]})) == 202


def test_a_lone_surrogate_in_one_message_leaves_the_batchs_context_to_the_others(
    send: Callable[[str, str], int], engine: Engine
) -> None:
    said = {"consent": {"categoryPreferences": {"analytics": False}}}
    body = f'{{"batch":[{LONE},{json.dumps(GOOD)}],"context":{json.dumps(said)}}}'
    assert send("/v1/batch", body) == 200
    # The message that cannot be read leaves its refusal, too.
    assert [one["context"] for one in kept(engine)] == [said, said]


@pytest.mark.parametrize(
    "bad", [{"message_id": "\x00"}, {"message_id": "\ud83d"}, {"item": "{"}, {"received_at": "never"}, {"gpc": {}}]
)
def test_one_bad_row_never_fails_a_shared_commit(bad: dict[str, Any], engine: Engine) -> None:
    def request(number: int) -> Sorted:
        row = {"index": 0, "source": "web", "message_id": f"m{number}", "record_id": "web:u", "received_at": NOW}
        fields = row | {"item": "{}", "gpc": False, "proof": "none"}
        return Sorted(accepted=[Accepted(**(fields | (bad if number == 3 else {})))])

    kept_by = Inbox(engine, Guard(None, Sources([])))
    waiting = [(request(number), Future()) for number in range(9)]
    waiting[5][1].cancel()  # and who went away takes nobody along, nor the writer
    kept_by._settle([one for one in waiting if one[1].set_running_or_notify_cancel()])  # as the writer does
    outcomes = [future for number, (_, future) in enumerate(waiting) if number not in (3, 5)]
    assert [future.result(timeout=0) for future in outcomes] == [{0}] * 7
    with pytest.raises(Unkeepable):
        waiting[3][1].result(timeout=0)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(inbox)) == 7


def test_a_request_that_was_taken_back_does_not_end_the_writer(engine: Engine) -> None:
    kept_by = Inbox(engine, Guard(None, Sources([])))
    row = {
        "index": 0,
        "source": "web",
        "record_id": "web:u",
        "received_at": NOW,
        "item": "{}",
        "gpc": False,
        "proof": "none",
    }
    with engine.connect() as other, other.begin():
        other.execute(text("LOCK TABLE inbox"))
        first = kept_by.keep(Sorted(accepted=[Accepted(message_id="m0", **row)]))
        while not first.running():
            time.sleep(0.005)
        assert not first.cancel(), "under way, it is not taken back"
        second = kept_by.keep(Sorted(accepted=[Accepted(message_id="m1", **row)]))
        second.cancel()
    assert first.result(timeout=10) == {0}
    assert kept_by.keep(Sorted(accepted=[Accepted(message_id="m2", **row)])).result(timeout=10) == {0}
    kept_by.close()


def test_a_write_key_brings_only_so_many_messages_from_one_address(
    api_settings: Settings, database_url: str, engine: Engine, issuer: DemoIssuer
) -> None:
    few = api_settings.model_copy(update={"write_rate": "5/minute", "write_key_rate": "12/minute"})
    app = create_app(few, database_url, Features(), clock=lambda: NOW)
    paths = itertools.cycle(["/v1/events", "/v1/track", "/v1/batch", "/v1/import", "/v1/events/batch"])

    def post(address: str, many: int = 1) -> httpx.Response:
        client = TestClient(app, client=(address, 1))
        message, path = {**GOOD, "properties": {"x": 1}}, next(paths)
        body = {"batch": [message] * many} if path in BATCHES else message
        return client.post(path, json=body, auth=(demo_keys(api_settings).browser, ""))

    assert [post("10.0.0.1").status_code // 100 for _ in range(5)] == [2] * 5
    refused = post("10.0.0.1")
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (429, "rate-limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert [post("10.0.0.2").status_code // 100 for _ in range(5)] == [2] * 5, "another address is another client"
    assert [post("10.0.0.3").status_code // 100 for _ in range(3)] == [2, 2, 4], "and the key has a limit of its own"
    assert len(kept(engine)) == 12
    with TestClient(app, client=("10.0.0.2", 1)) as agent:
        call = {"name": "record_event", "arguments": {"message": GOOD}}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        sent = {"Authorization": f"Bearer {issuer.token(Role.BOT, NOW)}", "Write-Key": demo_keys(api_settings).browser}
        answer = agent.post("/mcp/", json=body, headers=sent | {"Accept": "application/json, text/event-stream"})
        assert "rate-limited" in answer.text


def test_a_few_bytes_that_unpack_to_many_messages_count_as_what_they_are(
    api_settings: Settings, database_url: str, engine: Engine
) -> None:
    few = api_settings.model_copy(update={"write_rate": "2390/minute", "write_people": "500/hour"})
    client = TestClient(create_app(few, database_url, Features(), clock=lambda: NOW))

    refusals = dict.fromkeys(("analytics", "personalisation", "marketing_email", "advice", "model_training"), False)
    context = {"consent": {"categoryPreferences": refusals}}
    said = {"type": "track", "event": "e"}

    def post(messages: list[dict[str, Any]]) -> int:
        body = gzip.compress(json.dumps({"batch": messages, "context": context}).encode())
        assert len(body) < 20_000
        sent = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        return int(
            client.post("/v1/batch", content=body, headers=sent, auth=(demo_keys(api_settings).browser, "")).status_code
        )

    assert post([{**said, "anonymousId": f"seen-{n}"} for n in range(2_400)]) == 429, "12,000 decisions in 17 kB"
    assert post([{"type": "x"}] * 2_400) == 429, "and refused messages are rows too"
    assert post([{**said, "anonymousId": f"seen-{n}"} for n in range(1_000)]) == 429, (
        "of more people than one address has"
    )
    assert kept(engine) == []
    assert post([{**said, "anonymousId": f"seen-{n % 400}"} for n in range(800)]) == 200
    assert post([{**said, "anonymousId": f"seen-{n}"} for n in range(400)]) == 200, "people met before are no new ones"
    assert post([{**said, "anonymousId": f"new-{n}"} for n in range(101)]) == 429


def test_people_of_refused_messages_count_as_well_where_their_refusal_of_consent_is_kept(
    api_settings: Settings, database_url: str, engine: Engine
) -> None:
    few = api_settings.model_copy(update={"write_people": "500/hour"})
    client = TestClient(create_app(few, database_url, Features(), clock=lambda: NOW))
    no = {"consent": {"categoryPreferences": {"marketing_email": False}}}
    bad = [{"type": "bad", "anonymousId": f"seen-{number}", "context": no} for number in range(501)]
    key = (demo_keys(api_settings).browser, "")
    answers = [client.post("/v1/batch", json={"batch": part}, auth=key).status_code for part in (bad, bad[:9])]
    assert answers == [429, 422] and len(kept(engine)) == 9


@pytest.mark.parametrize(("role", "purpose"), [(Role.CUSTOMER, "service"), (Role.ADVISOR, "service")])
def test_nobody_leaves_rows_of_the_audit_without_end(
    role: Role, purpose: str, api_settings: Settings, database_url: str, engine: Engine, headers: Any
) -> None:
    write_people(engine)
    few = api_settings.model_copy(update={"staff_rate": "3/minute", "customer_rate": "3/minute"})
    client = TestClient(create_app(few, database_url, Features(), clock=lambda: NOW))
    answers = [client.get(f"/v1/profiles/{ANA}", headers=headers(role, purpose, ANA)) for _ in range(5)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    withdrawn = client.post(
        f"/v1/profiles/{ANA}/consents/withdraw", headers=headers(role, purpose, ANA), json={"purpose": "analytics"}
    )
    assert withdrawn.status_code == 429
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(audit)) == 3
