"""Privacy requests through the API: filed, handled, listed; never without an identity check, never twice at once."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, select, update
from sqlalchemy.exc import ProgrammingError

from consent.model import Role
from consent.open_requests import overdue_requests
from contracts.identifiers import Identifier
from stores.schema import audit, privacy_request_events, privacy_requests
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, BEN, NOW


@pytest.fixture
def officer(headers: Headers) -> dict[str, str]:
    return headers(Role.PRIVACY_OFFICER, "privacy_rights")


@pytest.fixture
def ana(headers: Headers) -> dict[str, str]:
    return headers(Role.CUSTOMER, "privacy_rights", ANA)


def test_an_officer_checks_the_identity_and_sees_the_request_through(
    client: TestClient, officer: dict[str, str]
) -> None:
    filed = client.post("/v1/requests", json={"kind": "erasure", "profile_id": ANA}, headers=officer)
    assert filed.status_code == 201
    body = filed.json()
    assert (body["state"], body["due_on"], body["overdue"]) == ("received", "2024-06-01", False)
    steps = f"/v1/requests/{body['request_id']}/steps"
    early = client.post(steps, json={"step": "start"}, headers=officer)
    assert (early.status_code, early.json()["type"].rpartition(":")[2]) == (409, "step-not-possible")
    assert client.post(steps, json={"step": "check_identity"}, headers=officer).status_code == 409
    note = "passport, seen"
    checked = client.post(steps, json={"step": "check_identity", "note": note}, headers=officer).json()
    assert checked["state"] == "identity_checked"
    assert client.post(steps, json={"step": "start"}, headers=officer).json()["state"] == "in_progress"
    extended = client.post(steps, json={"step": "extend", "note": "many records"}, headers=officer).json()
    assert (extended["state"], extended["due_on"]) == ("extended", "2024-08-01")
    assert client.post(steps, json={"step": "complete"}, headers=officer).status_code == 409  # only by erasing
    refused = client.post(steps, json={"step": "refuse", "note": "invoices must be kept"}, headers=officer).json()
    assert [(one["step"], one["note"]) for one in refused["steps"]] == [
        ("receive", None),
        ("check_identity", note),
        ("start", None),
        ("extend", "many records"),
        ("refuse", "invoices must be kept"),
    ]
    assert refused["possible_steps"] == []


@pytest.mark.parametrize("nobodys", ["nope", "r_0", "x-1", "r_none", "%20"])
def test_an_id_of_no_request_is_not_found_whatever_it_looks_like(
    client: TestClient, officer: dict[str, str], ana: dict[str, str], nobodys: str
) -> None:
    alone = {name: value for name, value in officer.items() if name.lower() != "case-reference"}
    for reader in (alone, ana):
        for path in ("", "/letter", "/erasure", "/certificate", "/bundle"):
            answer = client.get(f"/v1/requests/{nobodys}{path}", headers=reader)
            if reader is ana and path in ("/erasure", "/certificate"):
                continue
            assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (404, "request-not-found"), path


@pytest.mark.parametrize("by", ["profile id", "former profile id", "identifier"])
def test_a_request_of_somebody_else_is_answered_like_one_that_there_is_not(
    client: TestClient, officer: dict[str, str], headers: Headers, by: str
) -> None:
    given: dict[str, Any] = {
        "profile id": {"profile_id": ANA},
        "former profile id": {"profile_id": "p-old"},
        "identifier": {"identifier": Identifier("loyalty_card", "l-204816")},
    }[by]
    ana = headers(Role.CUSTOMER, "privacy_rights", **given)
    filed = client.post("/v1/requests", json={"kind": "access", "profile_id": BEN}, headers=officer).json()
    calls: list[tuple[str, str, Any]] = [
        *(("GET", path, None) for path in ("", "/letter", "/bundle", "/erasure", "/certificate")),
        ("POST", "/steps", {"step": "complete"}),
        ("POST", "/lift", {"note": "told"}),
        ("POST", "/erasure", None),
    ]
    for method, path, body in calls:
        theirs, nobodys = (
            client.request(method, f"/v1/requests/{one}{path}", json=body, headers=ana)
            for one in (filed["request_id"], "r_" + "0" * 32)
        )
        assert (theirs.status_code, theirs.json()) == (nobodys.status_code, nobodys.json()), path
    mine = client.post("/v1/requests", json={"kind": "access"}, headers=ana).json()["request_id"]
    assert client.get(f"/v1/requests/{mine}/letter", headers=ana).status_code == 200


def test_a_second_request_of_the_same_kind_waits_for_the_first(client: TestClient, officer: dict[str, str]) -> None:
    body = {"kind": "access", "profile_id": ANA}
    assert client.post("/v1/requests", json=body, headers=officer).status_code == 201
    again = client.post("/v1/requests", json=body | {"profile_id": "p-old"}, headers=officer)
    assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (409, "duplicate-request")
    other = client.post("/v1/requests", json={"kind": "portability", "profile_id": ANA}, headers=officer)
    assert other.status_code == 201


def test_a_customer_files_for_themselves_alone_and_is_known_by_the_token(
    client: TestClient, ana: dict[str, str], headers: Headers
) -> None:
    mine = client.post("/v1/requests", json={"kind": "access"}, headers=ana).json()
    assert (mine["profile_id"], mine["state"]) == (ANA, "in_progress")
    assert [one["actor"] for one in mine["steps"]] == ["customer"] * 3
    assert client.post("/v1/requests", json={"kind": "access", "profile_id": BEN}, headers=ana).status_code == 404
    ben = headers(Role.CUSTOMER, "privacy_rights", BEN)
    assert client.get(f"/v1/requests/{mine['request_id']}", headers=ben).status_code == 404
    assert client.get("/v1/requests", headers=ben).json()["requests"] == []
    assert [one["request_id"] for one in client.get("/v1/requests", headers=ana).json()["requests"]] == [
        mine["request_id"]
    ]
    step = client.post(f"/v1/requests/{mine['request_id']}/steps", json={"step": "complete"}, headers=ana)
    assert step.status_code == 403


@pytest.mark.parametrize("role", [Role.ADVISOR, Role.BOT, Role.STEWARD])
def test_other_roles_neither_file_nor_see_requests(client: TestClient, headers: Headers, role: Role) -> None:
    asked = headers(role, "privacy_rights")
    assert client.post("/v1/requests", json={"kind": "access", "profile_id": ANA}, headers=asked).status_code == 403
    assert client.get("/v1/requests", headers=asked).status_code == 403


def test_what_is_asked_fits_the_kind(client: TestClient, officer: dict[str, str]) -> None:
    for body in (
        {"kind": "rectification", "profile_id": ANA},
        {"kind": "access", "profile_id": ANA, "purposes": ["advice"]},
        {"kind": "objection", "profile_id": ANA, "purposes": ["service"]},
        {"kind": "erasure", "profile_id": ANA, "records": ["web:ben"]},
    ):
        assert client.post("/v1/requests", json=body, headers=officer).status_code == 422, body
    assert client.get("/v1/requests", headers=officer).json()["requests"] == []


def test_overdue_requests_are_listed_and_counted(client: TestClient, engine: Engine, officer: dict[str, str]) -> None:
    for kind in ("access", "erasure"):
        client.post("/v1/requests", json={"kind": kind, "profile_id": ANA}, headers=officer)
    assert client.get("/v1/requests?overdue=true", headers=officer).json()["requests"] == []
    with engine.begin() as connection:
        late = update(privacy_requests).where(privacy_requests.c.kind == "access")
        connection.execute(late.values(due_on=datetime(2024, 4, 30, tzinfo=UTC).date()))
        assert overdue_requests(connection, NOW) == 1
    found = client.get("/v1/requests?overdue=true", headers=officer).json()["requests"]
    assert [(one["kind"], one["overdue"]) for one in found] == [("access", True)]


def test_the_timeline_of_a_request_can_only_grow(client: TestClient, engine: Engine, officer: dict[str, str]) -> None:
    client.post("/v1/requests", json={"kind": "access", "profile_id": ANA}, headers=officer)
    for change in (delete(privacy_request_events), update(privacy_request_events).values(step="other")):
        with pytest.raises(ProgrammingError, match="append-only"), engine.begin() as connection:
            connection.execute(change)


def test_every_attempt_leaves_an_audit_row(client: TestClient, engine: Engine, officer: dict[str, str]) -> None:
    client.post("/v1/requests", json={"kind": "access", "profile_id": "nobody"}, headers=officer)
    client.post("/v1/requests", json={"kind": "access", "profile_id": ANA}, headers=officer)
    client.post("/v1/requests", json={"kind": "access", "profile_id": ANA}, headers=officer)
    with engine.connect() as connection:
        outcomes = connection.scalars(select(audit.c.outcome).where(audit.c.action == "request-file")).all()
    assert sorted(outcomes) == ["answered", "duplicate-request", "profile-not-found"]
