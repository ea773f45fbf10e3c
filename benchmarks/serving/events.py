"""Live events under load: how many are kept durably, and how soon one is seen in the profile and in the features."""

import base64
import json
import threading
import time
from typing import Any

import httpx
from sqlalchemy import Engine, text

from benchmarks.serving.client import Plan

MESSAGE = {"type": "track", "event": "Product Viewed", "userId": "load-{n}", "messageId": "{n}"}
PROBES = 3.0
"""Events a second of which is watched when they are seen; the rest of the load is not."""
PATIENCE = 20.0


def basic(key: str) -> dict[str, str]:
    """The header of a source with this write key."""
    return {
        "Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode(),
        "Content-Type": "application/json",
    }


def event_plan(port: int, key: str, seconds: float, prefix: str, **how: Any) -> Plan:
    """Single events, each of its own."""
    return Plan(port, "POST", "/v1/events", seconds, 1, basic(key), json.dumps(MESSAGE), prefix=prefix, **how)


def batch_plan(port: int, key: str, seconds: float, prefix: str, size: int, **how: Any) -> Plan:
    """Batches of events, as client libraries send them."""
    batch = [MESSAGE | {"messageId": f"{{n}}-{number}", "userId": f"load-{number}"} for number in range(size)]
    body = json.dumps({"batch": batch})
    return Plan(port, "POST", "/v1/events/batch", seconds, 1, basic(key), body, prefix=prefix, **how)


def kept(engine: Engine, prefix: str) -> int:
    """How many events of a run the inbox holds."""
    with engine.connect() as connection:
        found = connection.scalar(
            text("SELECT count(*) FROM inbox WHERE starts_with(message_id, :prefix)"), {"prefix": prefix}
        )
    return int(found or 0)


def watch(port: int, key: str, token: str, seconds: float, rounds: list[float], failed: list[str]) -> None:
    """Sends events of known people and asks until each is on the timeline and in the features; appends seconds."""
    reader = {"Authorization": f"Bearer {token}", "Purpose": "service"}
    end, number = time.monotonic() + seconds, 0
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5.0) as client:
        profile_id = _known(client, key, reader)
        while time.monotonic() < end:
            began, number = time.perf_counter(), number + 1
            at = time.time()
            message = {"type": "track", "event": f"Seen {number}", "userId": "watched", "messageId": f"watch-{at}"}
            client.post("/v1/events", json=message, headers=basic(key)).raise_for_status()
            accepted = time.perf_counter()
            if _seen(client, reader, profile_id, f"watch-{at}", f"seen_{number}"):
                rounds.append(time.perf_counter() - accepted)
            else:
                failed.append(message["messageId"])
            time.sleep(max(0.0, 1 / PROBES - (time.perf_counter() - began)))


def watching(*given: Any) -> threading.Thread:
    """Starts to watch beside the load."""
    thread = threading.Thread(target=watch, args=given)
    thread.start()
    return thread


def _known(client: httpx.Client, key: str, reader: dict[str, str]) -> str:
    hello = {"type": "identify", "userId": "watched", "messageId": f"hello-{time.time()}", "traits": {"name": "Ana"}}
    client.post("/v1/events", json=hello, headers=basic(key)).raise_for_status()
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        found = client.post("/v1/profiles/lookup", json={"kind": "user_id", "value": "watched"}, headers=reader)
        if found.status_code == 200:
            return str(found.json()["profile_id"])
        time.sleep(0.05)
    raise SystemExit(f"expected an identified person to have a profile within {PATIENCE} s, found none")


def _seen(client: httpx.Client, reader: dict[str, str], profile_id: str, message_id: str, event: str) -> bool:
    give_up, listed = time.monotonic() + PATIENCE, False
    while time.monotonic() < give_up:
        if not listed:
            events = client.get(f"/v1/profiles/{profile_id}/timeline?limit=3", headers=reader).json()["data"]["events"]
            listed = any(message_id in (one["event_id"] or "") for one in events)
        if listed:
            features = client.get(f"/v1/profiles/{profile_id}/features", headers=reader).json()["data"]["features"]
            if features["last_event"]["value"] == event:
                return True
        time.sleep(0.003)
    return False
