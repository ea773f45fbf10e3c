"""The endpoint for agents, driven by the SDK's own client over a real socket."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient
from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from sqlalchemy import Engine, func, insert, select

from consent.model import Role
from contracts.settings import Settings
from contracts.sources import demo_keys
from profile_api.http.keys import DemoIssuer
from stores.schema import audit, handoffs, inbox, records
from tests.profile_api.people import ANA, ANA_EMAIL, FAMILY_PHONE, NOW


@pytest.fixture
def address(client: TestClient) -> Iterator[str]:
    """The application on a port of its own."""
    config = uvicorn.Config(client.app, port=0, access_log=False, log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/mcp/"
    server.should_exit = True
    thread.join(timeout=20)


def test_an_agent_looks_up_gets_context_and_records_through_the_same_gate(
    address: str, issuer: DemoIssuer, engine: Engine, api_settings: Settings
) -> None:
    sent = {"Authorization": f"Bearer {issuer.token(Role.BOT, NOW)}", "Write-Key": demo_keys(api_settings).server}
    message = {"type": "track", "event": "Cart Viewed", "userId": "u-1", "messageId": "m-1"}

    async def talk() -> dict[str, Any]:
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(create_mcp_http_client(headers=sent))
            agent = await stack.enter_async_context(Client(streamable_http_client(address, http_client=http)))
            email = {"kind": "email", "value": ANA_EMAIL.upper()}
            calls = {
                "found": ("lookup_customer", {**email, "purpose": "service"}),
                "context": ("get_context", {"kind": "loyalty_card", "value": "L-204816", "purpose": "advice"}),
                "same": ("get_context", {"profile_id": ANA, "purpose": "advice"}),
                "refused": ("get_context", {"profile_id": ANA, "purpose": "resale"}),
                "unknown": ("get_context", {"profile_id": "nobody", "purpose": "service"}),
                "neither": ("get_context", {"purpose": "service"}),
                "shared": ("lookup_customer", {"kind": "phone", "value": FAMILY_PHONE, "purpose": "service"}),
                "recorded": ("record_event", {"message": message}),
                "again": ("record_event", {"message": message}),
                "no event": ("record_event", {"message": {"type": "nonsense"}}),
            }
            tools = (await agent.list_tools()).tools
            answers = {name: await agent.call_tool(tool, given) for name, (tool, given) in calls.items()}
            return {"tools": {tool.name: tool for tool in tools}, **answers}

    got = asyncio.run(talk())
    assert set(got["tools"]) == {"lookup_customer", "get_context", "record_event", "request_handoff"}
    assert all(tool.output_schema for tool in got["tools"].values())
    assert "ctx" not in str(got["tools"]["get_context"].input_schema)
    found, context = got["found"].structured_content, got["context"].structured_content
    assert found["profile_id"] == ANA and found["data"]["fields"]["city"]["value"] == "Lyon"
    assert context == got["same"].structured_content
    assert context["data"]["tone"]["open_complaint"] is True and "city" not in context["data"]["fields"]
    errors = {name: got[name].content[0].text for name in got if name != "tools" and got[name].is_error}
    kinds = {name: said.split(": ")[1] for name, said in errors.items()}
    assert kinds == {
        "refused": "purpose-refused",
        "unknown": "profile-not-found",
        "neither": "invalid-request",
        "shared": "identifier-shared",
        "no event": "invalid-event",
    }
    assert got["recorded"].structured_content == {"accepted": 1, "duplicates": 0}
    assert got["again"].structured_content == {"accepted": 0, "duplicates": 1}
    with engine.connect() as connection:
        recorded = [(row.action, row.outcome) for row in connection.execute(select(audit).order_by(audit.c.audit_id))]
        assert connection.scalar(select(func.count()).select_from(inbox)) == 1
    assert recorded[:2] == [("lookup", "answered"), ("context", "answered")]


def test_without_a_token_that_the_api_accepts_nothing_is_answered(address: str, issuer: DemoIssuer) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accept = {"Accept": "application/json, text/event-stream"}
    for sent in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {issuer.token(Role.BOT, NOW)}"}):
        answer = httpx.post(address, json=call, headers={**accept, **sent})
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


def test_an_agent_asks_for_a_person_once_and_is_told_what_the_customer_is_told(
    address: str, issuer: DemoIssuer, engine: Engine
) -> None:
    sent = {"Authorization": f"Bearer {issuer.token(Role.BOT, NOW)}"}
    point = {"contact_point": {"kind": "email", "value": ANA_EMAIL}}
    form = {"request_key": "k", "conversation_id": "chat-1", "channel": "chat", "why": "beyond_the_bot"} | {
        "language": "en"
    }
    carried = {"identifiers": [{"kind": "email", "value": ANA_EMAIL}]}
    with engine.begin() as connection:
        connection.execute(insert(records).values(record_id="crm:42", profile_id=ANA, document=carried))

    async def ask(request: dict[str, Any]) -> Any:
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(create_mcp_http_client(headers=sent))
            agent = await stack.enter_async_context(Client(streamable_http_client(address, http_client=http)))
            given = {"profile_id": ANA, "purpose": "service", "request": request}
            return await agent.call_tool("request_handoff", given)

    first, again, nobody = (
        asyncio.run(ask(one)) for one in (form | point, form | point, form | {"conversation_id": "2"})
    )
    assert first.structured_content == again.structured_content
    assert first.structured_content["state"] == "requested" and "get back to you" in first.structured_content["told"]
    assert nobody.is_error and "contact-point-required" in nobody.content[0].text
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(handoffs)) == 1
