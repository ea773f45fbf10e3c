"""Ledger, service, outgoing: whoever opens many connections and sends little holds up nobody."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from itertools import pairwise
from unittest.mock import Mock

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from uvicorn.server import ServerState

from consent.model import Role
from contracts.settings import Settings
from profile_api.app import create_app
from profile_api.http.connections import PatientProtocol, network_of
from profile_api.http.keys import DemoIssuer
from tests.attacks.listening import listening
from tests.profile_api.people import ANA, NOW, Features


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
    monkeypatch.setattr("profile_api.http.connections.HEAD_WITHIN", 0.1)
    monkeypatch.setattr("profile_api.http.connections.READ_WITHIN", 0.1)
    monkeypatch.setattr("profile_api.http.limits.BODY_WITHIN", 0.1)
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
    monkeypatch.setattr("profile_api.http.connections.HEAD_WITHIN", 60.0)
    answer = b""
    with socket.create_connection(impatient, timeout=20) as connection:
        with suppress(ConnectionError):  # the service hangs up while we still send
            for _ in range(40):
                connection.sendall(b"GET / HTTP/1.1\r\nX-A: " if _ == 0 else b"x" * 4_096)
        with suppress(ConnectionError):  # a reset may overtake the answer
            while more := connection.recv(1_000):
                answer += more
    assert answer.count(b" 400 ") == bool(answer)


def test_what_still_arrives_on_a_refused_connection_gets_no_second_answer(client: TestClient) -> None:
    async def tried() -> list[bytes]:
        transport = Mock(spec=asyncio.Transport)
        transport.get_extra_info.return_value = None
        transport.is_closing.side_effect = lambda: transport.close.called
        protocol = Impatient(uvicorn.Config(client.app, log_config=None), ServerState(), {}, asyncio.get_running_loop())  # type: ignore[arg-type]
        protocol.connection_made(transport)
        for sent in (b"GET / HTTP/1.1\r\nX-A: ", b"x" * 70_000, b"x" * 4_096, b"\r\n\r\n"):
            protocol.data_received(sent)
        return [call.args[0] for call in transport.write.call_args_list]

    (answer,) = asyncio.run(tried())
    assert b" 400 " in answer


@pytest.mark.parametrize("cuts", [(), (30,), (65_536,), (10, 70_000)], ids=str)
def test_a_body_that_comes_with_its_head_is_no_long_head(cuts: tuple[int, ...], client: TestClient) -> None:
    head = b"POST /v1/events/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n"

    async def tried() -> tuple[bytes, bool]:
        transport = Mock(spec=asyncio.Transport)
        transport.get_extra_info.return_value = None
        transport.is_closing.return_value = False
        protocol = Impatient(uvicorn.Config(client.app, log_config=None), ServerState(), {}, asyncio.get_running_loop())  # type: ignore[arg-type]
        protocol.connection_made(transport)
        sent = head + b"x" * 90_000
        for start, end in pairwise((0, *cuts, len(sent))):
            protocol.data_received(sent[start:end])
        return bytes(protocol.cycle.body), transport.write.called

    assert asyncio.run(tried()) == (b"x" * 90_000, False)


def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(impatient: tuple[str, int]) -> None:
    with socket.create_connection(impatient, timeout=20) as connection:
        connection.sendall(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n")
        assert b" 413 " in connection.recv(1_000)


@pytest.mark.parametrize("reads_on", [True, False])
def test_whoever_does_not_read_the_answer_loses_the_connection(
    reads_on: bool, monkeypatch: pytest.MonkeyPatch, client: TestClient
) -> None:
    monkeypatch.setattr("profile_api.http.connections.READ_WITHIN", 0.05)

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
    monkeypatch.setattr("profile_api.http.connections.HEAD_WITHIN", 60.0)
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
