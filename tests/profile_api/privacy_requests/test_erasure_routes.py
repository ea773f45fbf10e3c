"""An erasure is started through the API by an officer, for a checked request, one at a time."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert, text

from consent.model import Role
from erasure import attempts, journal
from erasure.journal import LOCK
from erasure.people.subject import Subject
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


def test_an_erasure_that_has_begun_is_refused_no_more_and_nobody_completes_one_by_hand(
    client: TestClient, headers: Headers, engine: Engine, started: list[str]
) -> None:
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    ana = headers(Role.CUSTOMER, "privacy_rights", ANA)
    request_id = client.post("/v1/requests", json={"kind": "erasure"}, headers=ana).json()["request_id"]
    path = f"/v1/requests/{request_id}"
    refusal = {"step": "refuse", "note": "no"}

    def possible() -> tuple[list[str], list[str]]:
        everyone = client.get("/v1/requests", headers=officer).json()["requests"]
        listed = next(one["possible_steps"] for one in everyone if one["request_id"] == request_id)
        return client.get(path, headers=officer).json()["possible_steps"], listed

    client.post(f"{path}/steps", json={"step": "start"}, headers=officer)
    assert possible() == (["extend", "refuse"], ["extend", "refuse"])
    with pytest.raises(ValueError, match="whom"), attempts.trying(engine, [request_id], lambda: NOW):
        raise ValueError("before it knew whom it is about")
    assert "refuse" in possible()[0], "nothing has begun"

    trying = attempts.trying(engine, [request_id], lambda: NOW)
    trying.__enter__()
    with engine.connect() as busy:  # it runs, and looks for whom it is about
        busy.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
        assert possible() == (["extend"], ["extend"])
        assert client.post(f"{path}/steps", json=refusal, headers=officer).status_code == 409
        busy.execute(text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
    assert "refuse" in possible()[0], "it was killed before it had begun"

    with engine.begin() as connection:
        journal.begin(connection, [request_id], Subject(people=1, records={"crm:ana"}), b"key", NOW)
    for step in ("refuse", "complete"):
        answer = client.post(f"{path}/steps", json=refusal | {"step": step}, headers=officer)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "step-not-possible"), step
    assert possible() == (["extend"], ["extend"])
    assert client.get(path, headers=officer).json()["state"] == "in_progress"
    assert client.post(f"{path}/erasure", headers=officer).status_code == 202, "it goes on"


def test_an_officer_reads_how_far_an_erasure_is_what_it_found_and_why_it_waits(
    client: TestClient, headers: Headers, engine: Engine, started: list[str]
) -> None:
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    ana = headers(Role.CUSTOMER, "privacy_rights", ANA)
    request_id = client.post("/v1/requests", json={"kind": "erasure"}, headers=ana).json()["request_id"]
    path = f"/v1/requests/{request_id}/erasure"

    def read() -> dict[str, Any]:
        answer = client.get(path, headers=officer)
        assert answer.status_code == 200
        return dict(answer.json())

    assert client.get(path, headers=ana).status_code == 403
    assert client.get(f"/v1/requests/r_{'0' * 32}/erasure", headers=officer).status_code == 404
    assert read()["state"] == "not_started" and "identity_checked" in read()["why"]
    client.post(f"/v1/requests/{request_id}/steps", json={"step": "start"}, headers=officer)
    assert "POST" in read()["why"]

    # 1. It runs: another connection holds the lock and has noted its step.
    subject = Subject(people=1, records={"crm:ana"})
    with engine.begin() as connection:
        erasure_id = journal.begin(connection, [request_id], subject, b"key", NOW)
        journal.done(connection, erasure_id, "tombstones", 3, NOW)
        journal.done(connection, erasure_id, "serving", {"profiles": 1}, NOW)
    killed = attempts.trying(engine, [request_id], lambda: NOW)
    killed.__enter__().comes_to("online")
    with engine.connect() as busy:
        busy.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
        found = read()
        assert (found["state"], "`online`" in found["why"]) == ("running", True)
        stands = {step["step"]: (step["state"], step["removed"]) for step in found["steps"]}
        assert stands["serving"] == ("done", {"profiles": 1})
        assert (stands["online"][0], stands["lake"][0]) == ("running", "waiting")
        busy.execute(text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
    found = read()  # 2. Its process is gone, and with it the lock.
    assert (found["state"], "start it again" in found["why"]) == ("stopped", True)

    # 3. It fails, and what it says of the reason repeats no value.
    with pytest.raises(ValueError, match="Ana"), attempts.trying(engine, [request_id], lambda: NOW):
        raise ValueError("Ana Quastel")
    assert (read()["state"], "ValueError" in read()["why"], "Ana" in read()["why"]) == ("stopped", True, False)

    # 4. Something is still there.
    line = {"store": "lake", "content": "files", "read": True, "parts": 1, "bytes": 9, "where": ["/gold/x"]}
    with attempts.trying(engine, [request_id], lambda: NOW) as attempt:
        attempt.found({"scanned": [line | {"hits": 2}, line | {"hits": 0}]})
    found = read()
    assert (found["state"], [one["where"] for one in found["found"]]) == ("waits", [["/gold/x"]])

    # 5. It ends, and says what stays and why.
    kept = {"what": "identifiers", "why": "other people hold them as well", "looked_for": 1, "found": 1, "where": []}
    document = {"certificate": {"requests": [request_id], "kept": [kept]}, "signature": "s"}
    with engine.begin() as connection:
        journal.end(connection, erasure_id, document, NOW)
    found = read()
    assert (found["state"], found["kept"]) == ("done", [kept])
