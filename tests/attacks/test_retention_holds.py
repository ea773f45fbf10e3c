"""Consent: retention is decoration. What an officer holds is deleted neither by retention nor by an erasure."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, insert, select, update

from consent.model import Role
from erasure.journal import NotErasable
from erasure.operational import holds
from erasure.run import check_holds
from stores.schema import audit, erasures, legal_holds, privacy_requests
from tests.attacks.erasing import erase
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL, BEN, NOW
from tests.read_model.live.collecting import accept, project_all

CASE = {"Case-Reference": "C-2024-17"}


@pytest.fixture
def officer(headers: Headers) -> dict[str, str]:
    return headers(Role.PRIVACY_OFFICER, "legal_obligation")


def place(client: TestClient, officer: dict[str, str], **more: object) -> str:
    answer = client.post("/v1/holds", json={"profile_id": ANA, "reason": "lawsuit 24/1234", **more}, headers=officer)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["hold_id"])


def started_erasure(client: TestClient, engine: Engine, headers: Headers, **more: object) -> str:
    sent = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    asked = {"kind": "erasure", "profile_id": ANA, **more}
    request = str(client.post("/v1/requests", json=asked, headers=sent).json()["request_id"])
    with engine.begin() as connection:
        connection.execute(update(privacy_requests).values(state="in_progress"))
    return request


def test_a_hold_stops_an_erasure_with_a_clear_word_until_it_is_lifted(
    client: TestClient, engine: Engine, headers: Headers, officer: dict[str, str]
) -> None:
    started: list[str] = []
    client.app.state.start_erasing = started.append  # type: ignore[attr-defined]  # the application under test
    hold = place(client, officer)
    request = started_erasure(client, engine, headers)
    sent = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    refused = client.post(f"/v1/requests/{request}/erasure", headers=sent)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2].rpartition(":")[2]) == (409, "legal-hold")
    assert refused.json()["holds"] == [hold] and "lift" in refused.json()["detail"] and not started
    with engine.connect() as connection, pytest.raises(NotErasable, match=hold):
        check_holds(connection, ["crm:42", "crm:other"])
    lifted = client.post(f"/v1/holds/{hold}/lift", json={"reason": "it has ended"}, headers=officer)
    assert lifted.status_code == 200 and lifted.json()["lifted_because"] == "it has ended"
    assert client.post(f"/v1/requests/{request}/erasure", headers=sent).status_code == 202 and started == [request]


def test_a_hold_on_one_record_leaves_the_others_of_a_wrong_merge_to_be_erased(
    client: TestClient, engine: Engine, headers: Headers, officer: dict[str, str]
) -> None:
    client.app.state.start_erasing = lambda request: None  # type: ignore[attr-defined]  # the application under test
    place(client, officer, records=["crm:42"])
    sent = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    of_other = started_erasure(client, engine, headers, records=["web:7"])
    assert client.post(f"/v1/requests/{of_other}/erasure", headers=sent).status_code == 202
    with engine.begin() as connection:
        connection.execute(delete(privacy_requests).where(privacy_requests.c.request_id != of_other))
        connection.execute(update(privacy_requests).values(details={"records": ["crm:42"]}))
    assert client.post(f"/v1/requests/{of_other}/erasure", headers=sent).status_code == 409


def test_a_hold_on_records_whose_erasure_has_begun_is_refused(
    client: TestClient, engine: Engine, headers: Headers, officer: dict[str, str]
) -> None:
    request = started_erasure(client, engine, headers, records=["web:7"])
    begun = {"erasure_id": "e_1", "started_at": NOW, "requests": [request], "sealed": b"of whom"}
    with engine.begin() as connection:
        connection.execute(insert(erasures).values(begun))
    for asked in ({}, {"records": ["web:7"]}):
        refused = client.post("/v1/holds", json={"profile_id": ANA, "reason": "lawsuit", **asked}, headers=officer)
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "erasure-begun"), asked
        assert "a hold cannot keep them any more" in refused.json()["detail"]
    place(client, officer, records=["crm:42"])
    named = {"identifiers": [{"kind": "email", "value": ANA_EMAIL}]}
    for of_whom in ({"profile_id": "i_1", "details": named}, {"profile_id": "p-old", "details": {}}):
        with engine.begin() as connection:
            connection.execute(update(privacy_requests).values(of_whom))
        refused = client.post("/v1/holds", json={"profile_id": ANA, "reason": "lawsuit"}, headers=officer)
        assert refused.status_code == 409, of_whom
    with engine.connect() as connection:
        assert connection.scalars(select(legal_holds.c.record_id)).all() == ["crm:42"]


def test_an_erasure_takes_lifted_holds_of_its_person_and_leaves_one_that_stands(engine: Engine) -> None:
    accept(engine, NOW, {"type": "identify", "userId": "u-1", "traits": {"email": "zed@inbox.example"}})
    project_all(engine, NOW)
    with engine.begin() as connection:
        ended = holds.place(connection, ["app:u-1"], "lawsuit", "officer", NOW)
        holds.lift(connection, ended, "it has ended", "officer", NOW)
        stands = holds.place(connection, ["app:u-1"], "another", "officer", NOW)
    erase(engine, "app:u-1")
    with engine.connect() as connection:
        assert connection.scalars(select(legal_holds.c.hold_id)).all() == [stands]


def test_officers_alone_hold_and_every_act_is_in_the_audit(
    client: TestClient, engine: Engine, headers: Headers, officer: dict[str, str]
) -> None:
    for role in (Role.ADVISOR, Role.BOT, Role.STEWARD, Role.CUSTOMER):
        sent = headers(role, "legal_obligation", ANA if role is Role.CUSTOMER else None)
        answer = client.post("/v1/holds", json={"profile_id": ANA, "reason": "mine"}, headers=sent)
        assert answer.status_code == 403, role
    hold = place(client, officer)
    assert [one["hold_id"] for one in client.get("/v1/holds", headers=officer).json()["holds"]] == [hold]
    unknown = client.post("/v1/holds", json={"profile_id": "nobody", "reason": "lawsuit"}, headers=officer)
    assert unknown.status_code == 404
    of_another = {"profile_id": BEN, "reason": "lawsuit", "records": ["crm:42"]}
    assert client.post("/v1/holds", json=of_another, headers=officer).status_code == 422
    assert client.post("/v1/holds/h_none/lift", json={"reason": "none"}, headers=officer).status_code == 404
    with engine.connect() as connection:
        acts = list(connection.execute(select(audit.c.action, audit.c.profile_id, audit.c.outcome)))
        assert connection.scalar(select(legal_holds.c.placed_at).limit(1)) == NOW
    assert ("hold-place", ANA, "answered") in acts and ("hold-list", None, "answered") in acts


def test_the_person_sees_since_when_they_are_held_and_not_why(
    client: TestClient, headers: Headers, officer: dict[str, str]
) -> None:
    place(client, officer)
    own = client.get(f"/v1/profiles/{ANA}/retention", headers=headers(Role.CUSTOMER, "privacy_rights", ANA))
    assert own.json()["data"]["held_since"].startswith("2024-05-01T12:00:00") and "24/1234" not in own.text
