"""Ledger, service, outgoing: what one sender or one hanging neighbour can do to everybody else."""

import asyncio
import gzip
import itertools
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from typing import Any
from unittest.mock import Mock

import httpx
import msgspec
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from sqlalchemy import Engine, func, select, text
from uvicorn.server import ServerState

from consent.model import Role
from contracts.events import Message, live_event
from contracts.settings import Settings
from contracts.sources import demo_key
from profile_api.app import create_app
from profile_api.auth import Verifier
from profile_api.connections import PatientProtocol, network_of
from profile_api.errors import Problem
from profile_api.keys import DemoIssuer, fetch_keys
from profile_api.live.inbox import Inbox, Unkeepable
from profile_api.live.messages import Accepted, Sorted
from stores.schema import audit, inbox
from tests.profile_api.people import ANA, NOW, Features, write_people

ISSUER, AUDIENCE = "https://issuer.demo.example", "one-customer-view"
KEY = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256", "use": "sig"})


class Neighbour(ThreadingHTTPServer):
    """Answers with the issuer's keys; while it hangs, not at all."""

    daemon_threads = True

    def __init__(self, keys: list[dict[str, Any]] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.hangs, self.asked = threading.Event(), 0
        self.keys = KeySet([KEY]).as_dict(private=False)["keys"] if keys is None else keys
        self.let_go = threading.Event()
        self.address = f"http://127.0.0.1:{self.server_address[1]}/keys"


class _Answers(BaseHTTPRequestHandler):
    server: Neighbour

    def do_GET(self) -> None:
        self.server.asked += 1
        if self.server.hangs.is_set():
            self.server.let_go.wait(30)
            return
        body = json.dumps({"keys": self.server.keys}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    server = Neighbour()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.let_go.set()
    server.shutdown()
    server.server_close()


@contextmanager
def listening(app: FastAPI, **config: Any) -> Iterator[str]:
    """The application on a port of its own."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, access_log=False, log_config=None, **config))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=20)


def _token(key_id: str = "one", now: datetime = NOW, **claims: Any) -> str:
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "claire", "role": "advisor", "iat": int(now.timestamp())}
    said |= {"exp": int((now + timedelta(hours=1)).timestamp())} | claims
    return jwt.encode({"alg": "ES256", "kid": key_id}, said, KEY, ["ES256"])


def test_an_issuer_that_hangs_holds_up_nobody(
    api_settings: Settings, database_url: str, engine: Engine, neighbour: Neighbour
) -> None:
    neighbour.hangs.set()
    real = api_settings.model_copy(update={"jwks_url": neighbour.address, "demo": False})
    app = create_app(real, database_url, Features(), clock=lambda: NOW)
    with listening(app) as address, httpx.Client(base_url=address, timeout=30) as client:
        answers: list[int] = []

        def ask(number: int) -> None:
            sent = {"Authorization": f"Bearer {_token(f'unknown-{number}')}", "Purpose": "service"}
            answers.append(httpx.get(f"{address}/v1/profiles/{ANA}", headers=sent, timeout=30).status_code)

        asking = [threading.Thread(target=ask, args=[number]) for number in range(8)]
        for one in asking:
            one.start()
        while neighbour.asked == 0:
            time.sleep(0.01)
        assert client.get("/v1/health").status_code == 200
        assert answers == [], "health answered while all of these still waited for the issuer"
        neighbour.let_go.set()
        for one in asking:
            one.join()
        assert answers == [503] * 8
        assert neighbour.asked == 1, "one fetch for all of them"


def test_known_keys_serve_on_while_the_issuer_hangs_and_unknown_key_ids_do_not_ask_it_each_time(
    api_settings: Settings, database_url: str, engine: Engine, neighbour: Neighbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = api_settings.model_copy(update={"jwks_url": neighbour.address, "demo": False})
    client = TestClient(create_app(real, database_url, Features(), clock=lambda: NOW), raise_server_exceptions=False)

    def status(token: str) -> int:
        sent = {"Authorization": f"Bearer {token}", "Purpose": "service"}
        return int(client.get(f"/v1/profiles/{ANA}", headers=sent).status_code)

    assert status(_token()) == 404, "the first request waits for the first keys, and is let in"
    assert [status(_token(f"unknown-{number}")) for number in range(20)] == [401] * 20
    assert neighbour.asked == 1
    neighbour.hangs.set()
    monkeypatch.setattr("profile_api.keys.FRESH", -1.0)
    monkeypatch.setattr("profile_api.keys.RETRY", -1.0)
    assert [status(_token(sub=f"claire-{number}")) for number in range(3)] == [404] * 3
    assert neighbour.asked <= 2


def test_a_key_that_we_do_not_know_costs_the_issuers_others_nothing(neighbour: Neighbour) -> None:
    neighbour.keys = [{"kty": "AKP", "kid": "new"}, {"kty": "EC", "crv": "P-0", "x": "", "y": ""}, *neighbour.keys]
    assert [key.kid for key in fetch_keys(neighbour.address).keys] == ["one"]


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int((NOW + timedelta(days=365 * 50)).timestamp())},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": int((NOW + timedelta(days=30)).timestamp()), "iat": float("nan")},
        {"iat": 0},
        {"iat": int((NOW - timedelta(days=2)).timestamp())},
        {"nbf": int((NOW + timedelta(minutes=1)).timestamp())},
    ],
)
def test_no_token_is_good_for_longer_than_the_settings_say_or_before_its_time(
    claims: dict[str, Any], issuer: DemoIssuer
) -> None:
    class Given:
        def current(self, key_id: str | None) -> KeySet:
            return KeySet([KEY])

        def last_renewal(self) -> None: ...

    verifier = Verifier(Given(), ISSUER, AUDIENCE, lambda: NOW)
    assert verifier.actor(_token()).subject == "claire"
    with pytest.raises(Problem):
        verifier.actor(_token(**claims))
    with pytest.raises(Problem):
        Verifier(Given(), ISSUER, AUDIENCE, lambda: NOW, longest=60).actor(_token())


GOOD = {"type": "track", "event": "Cart Viewed", "userId": "someone-else"}
LONE = '{"type":"track","event":"\\ud83d","userId":"u"}'
SENT_AT_OF_A_WRONG_TYPE = ['{"a":1}', "1709287200000", "[1]", "true", "1.5", '[{"a":"\\ud83d"}]']
BATCHES = ("/v1/batch", "/v1/import", "/v1/events/batch")


@pytest.fixture
def send(client: TestClient, api_settings: Settings) -> Callable[[str, str | bytes], int]:
    def post(path: str, body: str | bytes) -> int:
        content = body.encode() if isinstance(body, str) else body
        headers = {"Content-Type": "application/json"}
        return int(client.post(path, content=content, headers=headers, auth=(demo_key(api_settings), "")).status_code)

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
        assert send(path, f'{{"context":[],"batch":[{item}]}}') == 400
        assert send(path, f'{{"batch":[{item}],"context":7}}') == 400
    assert kept(engine) == []


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
    assert {str(live_event(msgspec.convert(one, Message), NOW).occurred_at) for one in found} == {
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
    assert [one["context"] for one in kept(engine)] == [said]


@pytest.mark.parametrize(
    "bad", [{"message_id": "\x00"}, {"message_id": "\ud83d"}, {"item": "{"}, {"received_at": "never"}, {"gpc": {}}]
)
def test_one_bad_row_never_fails_a_shared_commit(bad: dict[str, Any], engine: Engine) -> None:
    def request(number: int) -> Sorted:
        row = {"index": 0, "source": "web", "message_id": f"m{number}", "record_id": "web:u", "received_at": NOW}
        fields = row | {"item": "{}", "gpc": False}
        return Sorted(accepted=[Accepted(**(fields | (bad if number == 3 else {})))])

    kept_by = Inbox(engine)
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
    kept_by = Inbox(engine)
    row = {"index": 0, "source": "web", "record_id": "web:u", "received_at": NOW, "item": "{}", "gpc": False}
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


class Impatient(PatientProtocol):
    most = 5


HEAD = b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 60\r\n"
SLOW = {
    "nothing": b"",
    "half a line": b"POST /v1/ev",
    "headers without an end": HEAD + b"X-A: b\r\n",
    "half a body": HEAD + b"\r\n{",
    "a second request that does not come whole": b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/he",
    "a body that goes on after its answer": b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
    + b"x" * 70_000,
}


@pytest.fixture
def impatient(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A service that waits a tenth of a second, and takes nobody for a proxy."""
    monkeypatch.setattr("profile_api.connections.HEAD_WITHIN", 0.1)
    monkeypatch.setattr("profile_api.connections.READ_WITHIN", 0.1)
    monkeypatch.setattr("profile_api.limits.BODY_WITHIN", 0.1)
    with listening(client.app, http=Impatient, ws="none", forwarded_allow_ips="", timeout_keep_alive=1) as address:  # type: ignore[arg-type]
        yield "127.0.0.1", int(address.rpartition(":")[2])


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
def test_no_connection_stays_open_that_sends_too_slowly(sent: bytes, impatient: tuple[str, int]) -> None:
    with socket.create_connection(impatient, timeout=20) as connection:
        connection.sendall(sent)
        answer = b""
        with suppress(ConnectionError):
            while more := connection.recv(65_536):  # until the service hangs up; without an end to patience, never
                answer += more
    assert (b" 408 " in answer) == (sent == SLOW["half a body"])


def test_headers_without_end_are_refused_at_once(impatient: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("profile_api.connections.HEAD_WITHIN", 60.0)
    with socket.create_connection(impatient, timeout=20) as connection:
        with suppress(ConnectionError):
            for _ in range(40):
                connection.sendall(b"GET / HTTP/1.1\r\nX-A: " if _ == 0 else b"x" * 4_096)
            assert b" 400 " in connection.recv(1_000)
        with suppress(ConnectionError):
            assert connection.recv(1_000) == b""


@pytest.mark.parametrize("reads_on", [True, False])
def test_whoever_does_not_read_the_answer_loses_the_connection(
    reads_on: bool, monkeypatch: pytest.MonkeyPatch, client: TestClient
) -> None:
    monkeypatch.setattr("profile_api.connections.READ_WITHIN", 0.05)

    async def tried() -> bool:
        transport = Mock(spec=asyncio.Transport)
        transport.get_extra_info.return_value = None
        config = uvicorn.Config(client.app, log_config=None)  # type: ignore[arg-type]
        protocol = Impatient(config, ServerState(), {}, asyncio.get_running_loop())
        protocol.connection_made(transport)
        protocol.pause_writing()  # what the network buffers is full
        if reads_on:
            protocol.resume_writing()
        await asyncio.sleep(0.1)
        protocol.connection_lost(None)
        return bool(transport.abort.called)

    assert asyncio.run(tried()) is not reads_on


def test_one_address_has_only_so_many_connections(impatient: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("profile_api.connections.HEAD_WITHIN", 60.0)
    with ExitStack() as stack:
        opened = [stack.enter_context(socket.create_connection(impatient, timeout=5)) for _ in range(20)]
        for one in opened:
            with suppress(ConnectionError):
                one.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
        answered = 0
        for one in opened:
            with suppress(ConnectionError):
                answered += one.recv(1_000).startswith(b"HTTP/1.1 200")
        assert answered == Impatient.most
    while sum(Impatient._open.values()):
        time.sleep(0.01)
    with socket.create_connection(impatient, timeout=5) as later:
        later.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert later.recv(1_000).startswith(b"HTTP/1.1 200")
    assert network_of("2001:db8::1") == network_of("2001:db8:0:0:ffff::2") != network_of("2001:db8:0:1::1")


@pytest.mark.parametrize("by", ["token", "address"])
def test_one_client_has_only_so_many_requests_under_way(
    by: str, api_settings: Settings, database_url: str, engine: Engine, issuer: DemoIssuer
) -> None:
    few = api_settings.model_copy(update={"at_once": 3})
    app = create_app(few, database_url, Features(), clock=lambda: NOW)
    let_go = threading.Event()
    tokens = {role: issuer.token(role, NOW, ANA) for role in Role}

    async def tried() -> list[int]:
        async def slow_body() -> AsyncIterator[bytes]:
            yield b"{"
            while not let_go.is_set():
                await asyncio.sleep(0.01)
            yield b"}"

        async def ask(number: int) -> int:
            address = f"10.0.0.{number}" if by == "token" else "10.0.0.1"
            role = Role.ADVISOR if by == "token" else list(Role)[number % 4]
            transport = httpx.ASGITransport(app, client=(address, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://x.example") as client:
                sent = {"Authorization": f"Bearer {tokens[role]}"}
                answer = await client.post("/v1/profiles/lookup", content=slow_body(), headers=sent)
                let_go.set() if answer.status_code == 429 else None
                return answer.status_code

        return await asyncio.gather(*(ask(number) for number in range(10)))

    statuses = asyncio.run(tried())
    assert statuses.count(429) == 7


def test_the_agents_endpoint_opens_no_stream(client: TestClient, issuer: DemoIssuer) -> None:
    sent = {"Authorization": f"Bearer {issuer.token(Role.BOT, NOW)}", "Accept": "text/event-stream"}
    with client:
        for method in ("GET", "DELETE", "HEAD"):
            answer = client.request(method, "/mcp/", headers=sent)
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        accept = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2026-07-28"}
        listen = {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": {"notifications": {}}}
        answer = client.post("/mcp/", json=listen, headers=sent | accept)
        assert answer.headers["content-type"].startswith("application/json") and "error" in answer.json()


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
        return client.post(path, json=body, auth=(demo_key(api_settings), ""))

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
        sent = {"Authorization": f"Bearer {issuer.token(Role.BOT, NOW)}", "Write-Key": demo_key(api_settings)}
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
        return int(client.post("/v1/batch", content=body, headers=sent, auth=(demo_key(api_settings), "")).status_code)

    assert post([{**said, "anonymousId": f"{n}"} for n in range(2_400)]) == 429, "12,000 decisions in 17 kB"
    assert post([{"type": "x"}] * 2_400) == 429, "and refused messages are rows too"
    assert post([{**said, "anonymousId": f"{n}"} for n in range(1_000)]) == 429, "of more people than one address has"
    assert kept(engine) == []
    assert post([{**said, "anonymousId": f"{n % 400}"} for n in range(800)]) == 200
    assert post([{**said, "anonymousId": f"{n}"} for n in range(400)]) == 200, "people met before are no new ones"
    assert post([{**said, "anonymousId": f"new-{n}"} for n in range(101)]) == 429


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
