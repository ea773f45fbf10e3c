"""Ledger, service, outgoing: no error repeats what the caller sent, over every route and every tool."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from consent.model import Role
from contracts.sources import demo_keys
from profile_api.http.keys import DemoIssuer
from tests.profile_api.canaries import Person
from tests.profile_api.people import NOW
from tests.profile_api.routes import ROUTES
from tests.profile_api.world import World

SECRET = "marguerite-zqx"
NUMBER = 8_136_427_795
WRONG: list[Any] = [SECRET * 40, NUMBER, [SECRET], {SECRET: SECRET}]
ACCEPT = {"Accept": "application/json, text/event-stream"}


def repeats(answer: httpx.Response) -> bool:
    said = answer.text + json.dumps(list(answer.headers.raw), default=repr)
    return bool(re.search(f"{SECRET}|{NUMBER}", said, re.IGNORECASE))


def twisted(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A request with one thing wrong at a time: a value, a name, or something that does not belong there."""
    for name in given:
        yield from ({**given, name: wrong} for wrong in WRONG)
        yield {other: value for other, value in given.items() if other != name} | {SECRET: 1}
        if isinstance(given[name], dict):
            yield from ({**given, name: inner} for inner in twisted(given[name]))
    yield {**given, SECRET: SECRET}


@pytest.mark.parametrize("named", sorted(one for one in ROUTES if not one.startswith("MOUNT")))
def test_no_error_of_any_route_repeats_what_was_sent(named: str, world: World) -> None:
    role = next((one for one in ("privacy_officer", "steward", "advisor") if one in ROUTES[named].roles), "bot")
    if named.startswith("POST /advisor"):
        pytest.skip("a page, which shows an advisor what they typed")

    async def tried() -> list[str]:
        told = []
        async with world.client() as client:
            call = world.request(named, role, "privacy_rights", Person("ConsentGiven"))
            path = re.sub(r"(unknown|p-[\w-]+)", SECRET, call["url"])
            calls = [call | {"url": path}, call | {"params": {"limit": SECRET, "cursor": SECRET, SECRET: SECRET}}]
            calls += [call | {"headers": call["headers"] | {"Purpose": SECRET}}]
            calls += [call | {"headers": call["headers"] | {"Authorization": f"Bearer {SECRET}"}}]
            calls += [call | {"json": None, "content": body} for body in (SECRET, f'{{"{SECRET}": ', f'["{SECRET}"]')]
            calls += [call | {"json": one} for one in twisted(call["json"] or {})]
            calls += [call | {"json": one} for one in WRONG]
            for one in calls:
                one["headers"] = {"Content-Type": "application/json"} | one["headers"]
                answer = await client.request(**one)
                if answer.status_code >= 400 and repeats(answer):
                    told.append(f"{answer.status_code} {answer.text[:300]}")
        return told

    assert asyncio.run(tried()) == []


def test_no_error_of_the_agents_endpoint_repeats_what_was_sent(client: TestClient, issuer: DemoIssuer) -> None:
    sent = {"Authorization": f"Bearer {issuer.token(Role.BOT, NOW)}", **ACCEPT}
    versions = (
        {},
        {"MCP-Protocol-Version": "2025-06-18"},
        {"MCP-Protocol-Version": SECRET},
        {"Mcp-Session-Id": SECRET},
    )

    def call(method: str, **params: Any) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}

    tools: dict[str, dict[str, Any]] = {
        "lookup_customer": {"kind": "email", "value": "x@inbox.example", "purpose": "service", "region": "FR"},
        "get_context": {"profile_id": "p", "kind": "email", "value": "v", "purpose": "service", "region": "FR"},
        "record_event": {"message": {"type": "track", "event": "e", "userId": "u", "properties": {"a": 1}}},
        "request_handoff": {
            "profile_id": "p",
            "purpose": "service",
            "request": {"request_key": "k", "conversation_id": "c", "channel": "chat", "why": "asked"},
        },
    }
    bodies: list[Any] = [call(SECRET), call("tools/call", name=SECRET), call("prompts/get", name=SECRET), SECRET]
    bodies += [call("resources/read", uri=f"https://{SECRET}"), call("tools/call", name=[SECRET]), [SECRET]]
    bodies += [call("completion/complete", ref=SECRET), call("initialize", protocolVersion=SECRET), {SECRET: SECRET}]
    bodies += [call("logging/setLevel", level=SECRET), call("subscriptions/listen", notifications={SECRET: True})]
    bodies += [call("tools/call", name=name, arguments=one) for name, fine in tools.items() for one in twisted(fine)]
    with client:
        tried = 0
        for version in versions:
            for body in bodies:
                raw = body if isinstance(body, str) else json.dumps(body)
                for write_key in ("", SECRET):
                    headers = {**sent, **version, "Content-Type": "application/json", "Write-Key": write_key}
                    answer = client.post("/mcp/", content=raw, headers=headers)
                    failed = '"error"' in answer.text or '"isError":true' in answer.text or answer.status_code >= 400
                    tried += failed
                    assert not (failed and repeats(answer)), answer.text[:500]
        assert tried > 200


def test_a_bots_refused_event_says_what_was_expected_and_nothing_of_it(
    client: TestClient, issuer: DemoIssuer, api_settings: Any
) -> None:
    sent = {
        "Authorization": f"Bearer {issuer.token(Role.BOT, NOW)}",
        "Write-Key": demo_keys(api_settings).server,
        **ACCEPT,
    }
    with client:
        for message in twisted({"type": "track", "event": "e", "userId": "u", "timestamp": "2024-05-01T00:00:00Z"}):
            params = {"name": "record_event", "arguments": {"message": message}}
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
            answer = client.post("/mcp/", json=body, headers=sent)
            assert not repeats(answer), answer.text[:500]
        params = {"name": "record_event", "arguments": {"message": SECRET}}
        answer = client.post("/mcp/", json={**body, "params": params}, headers=sent)
        assert "message: Input should be a valid dictionary" in answer.text
