"""A service that runs as in production says nothing about anybody: its output is searched for what people stored."""

import json
import os
import signal
import time
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine, text

from consent.model import Role
from contracts.settings import Settings
from contracts.sources import demo_keys
from profile_api.http.keys import demo_issuer
from stores.embedded import Stores
from tests.profile_api.canaries import CanaryFeatures, Person, leaked, write_canaries
from tests.profile_api.routes import ROUTES
from tests.profile_api.served import Server, free_port, serve
from tests.profile_api.truth import TRUTH, may_ask
from tests.profile_api.world import World


def test_a_live_service_logs_no_personal_data_whatever_happens(
    engine: Engine, database_url: str, stores: Stores, tmp_path: Path
) -> None:
    write_canaries(engine)
    person, port = Person("ConsentGiven"), free_port()
    same = Settings(local=tmp_path, lake=str(tmp_path / "lake"), demo=True, jwks_url=None)
    now = datetime.now(UTC)
    world = World(FastAPI(), engine, CanaryFeatures(), demo_issuer(same), demo_keys(same).server, now)
    key = {"OCV_INSTALLATION_KEY": os.environ["OCV_INSTALLATION_KEY"]}
    server = serve(tmp_path, port, workers=1, OCV_DATABASE_URL=database_url, OCV_REDIS_URL=stores.redis_url, **key)
    try:
        _wait_until_it_lives(server, port)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            asked = _everything(world, client, person) + _what_is_wrong(client, person)
            for broken in ("consent_events", "audit"):
                with engine.begin() as connection:
                    connection.execute(text(f"alter table {broken} rename to gone"))
                asked += _everything(world, client, person)
                with engine.begin() as connection:
                    connection.execute(text(f"alter table gone rename to {broken}"))
    finally:
        printed, logged = server.end(signal.SIGTERM, within=60)
    log = [json.loads(line) for line in logged.splitlines() if line.startswith("{")]
    assert len([entry for entry in log if entry.get("event") == "request"]) >= asked
    assert leaked(logged) == set() and "Traceback" not in logged
    assert "inbox.example" not in logged and person.profile_id not in logged
    by_the_demo = [line for line in printed.splitlines() if not line.startswith("curl ")]  # shows somebody's address
    assert leaked("".join(by_the_demo)) == set()


def _everything(world: World, client: httpx.Client, person: Person) -> int:
    """Every route, for a purpose that it serves; returns how many requests that were."""
    asked = 0
    for named, route in ROUTES.items():
        if not named.startswith("MOUNT"):
            pairs = product(["advisor"] if route.page else [role.value for role in Role], TRUTH)
            role, purpose = next(pair for pair in pairs if may_ask(*pair) and route.permits(*pair))
            client.request(**world.request(named, role, purpose, person))
            asked += 1
    return asked


def _what_is_wrong(client: httpx.Client, person: Person) -> int:
    """Personal data where none is expected: in addresses, headers and bodies that cannot be read."""
    client.get(f"/v1/{person.email}", params={"email": person.email})
    client.get(f"/v1/profiles/{person.profile_id}", headers={"Purpose": person.email, "Authorization": person.email})
    client.post("/v1/profiles/lookup", content=f'{{"value": "{person.email}"', headers={"X-Name": person.email})
    client.post("/advisor/session", data={"token": person.email}, headers={"User-Agent": person.email})
    client.request(person.email.partition("@")[0].upper().replace(".", ""), "/v1/health")
    return 5


def _wait_until_it_lives(server: Server, port: int) -> None:
    while server.process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/v1/health").raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(server.logged.read_text())
