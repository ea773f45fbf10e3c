"""An erasure is started through the API by an officer, for a checked request, one at a time."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert, text

from consent.erasure.journal import LOCK
from consent.model import Role
from stores.schema import erasures
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, NOW


@pytest.fixture
def started(client: TestClient) -> list[str]:
    calls: list[str] = []
    assert isinstance(client.app, FastAPI)
    client.app.state.start_erasing = calls.append
    return calls


def test_an_erasure_is_started_for_a_request_under_way_and_leaves_a_certificate(
    client: TestClient, headers: Headers, engine: Engine, started: list[str]
) -> None:
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    ana = headers(Role.CUSTOMER, "privacy_rights", ANA)
    filed = client.post("/v1/requests", json={"kind": "erasure"}, headers=ana).json()
    path = f"/v1/requests/{filed['request_id']}"
    assert filed["state"] == "identity_checked", "an officer judges whether a law wants it kept"
    assert client.post(f"{path}/erasure", headers=officer).status_code == 409
    client.post(f"{path}/steps", json={"step": "start"}, headers=officer)
    assert client.post(f"{path}/erasure", headers=ana).status_code == 403
    with engine.connect() as busy:
        busy.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
        running = client.post(f"{path}/erasure", headers=officer)
        assert (running.status_code, running.json()["type"].rpartition(":")[2]) == (409, "erasure-running")
        busy.execute(text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
    assert started == []
    client.app.state.start_erasing = None  # type: ignore[attr-defined]  # a service that knows no owner
    alone = client.post(f"{path}/erasure", headers=officer)
    assert (alone.status_code, alone.json()["type"].rpartition(":")[2]) == (409, "owner-needed")
    client.app.state.start_erasing = started.append  # type: ignore[attr-defined]
    answer = client.post(f"{path}/erasure", headers=officer)
    assert (answer.status_code, answer.json()["steps"][-1]["step"]) == (202, "erase")
    assert started == [filed["request_id"]]
    assert client.get(f"{path}/certificate", headers=officer).status_code == 404
    with engine.begin() as connection:
        row = {
            "erasure_id": "e",
            "started_at": NOW,
            "requests": [filed["request_id"]],
            "certificate": {"signature": "s"},
        }
        connection.execute(insert(erasures).values(row))
    assert client.get(f"{path}/certificate", headers=officer).json() == {"signature": "s"}
    assert client.get(f"{path}/certificate", headers=ana).status_code == 403
