"""What a person puts right wins at once and stays; what they object to stops at once, for them alone."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from consent.model import Role
from read_model.rebuild import rebuild
from stores.schema import consent_events, rectifications
from tests.profile_api.conftest import Headers
from tests.profile_api.people import NOW
from tests.read_model.live.collecting import batch_record

EVE, FRED = "p-eve", "p-fred"
LANDLINE = "+33170009999"


@pytest.fixture
def household(engine: Engine, client: TestClient) -> TestClient:
    batch_record(engine, "crm:EV-7000", EVE, given="Evelin", email="eve@inbox.example", phone=LANDLINE)
    batch_record(engine, "crm:FR-7001", FRED, given="Fred", email="fred@inbox.example", phone=LANDLINE)
    with engine.begin() as connection:
        rebuild(connection, [EVE, FRED], NOW)
    return client


def test_a_rectified_value_wins_over_every_source_from_the_moment_it_is_completed(
    household: TestClient, headers: Headers, engine: Engine
) -> None:
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    asked = {"given_name": " Évelyne ", "street": "14 rue des Lilas"}
    filed = household.post(
        "/v1/requests", json={"kind": "rectification", "profile_id": EVE, "fields": asked}, headers=officer
    ).json()
    assert filed["fields"] == {"given_name": "Évelyne", "street": "14 rue des Lilas"}
    for step, note in (("check_identity", "seen"), ("start", None), ("complete", None)):
        before = household.get(f"/v1/profiles/{EVE}", headers=headers()).json()
        assert before["data"]["fields"]["given_name"]["value"] == "Evelin"
        body = {"step": step, "note": note}
        assert (
            household.post(f"/v1/requests/{filed['request_id']}/steps", json=body, headers=officer).status_code == 200
        )
    after = household.get(f"/v1/profiles/{EVE}", headers=headers()).json()
    name, street = after["data"]["fields"]["given_name"], after["data"]["fields"]["street"]
    assert (name["value"], name["rule"], name["channel"]) == ("Évelyne", "rectified", "person")
    assert [one["value"] for one in name["losing"]] == ["Evelin"]
    assert (street["value"], street["category"]) == ("14 rue des Lilas", "contact")
    assert after["version"] > before["version"]
    with engine.begin() as connection:
        assert set(connection.scalars(select(rectifications.c.record_id))) == {"crm:EV-7000"}
        assert not rebuild(connection, [EVE], NOW).changed, "it stays"


def test_fields_and_values_that_can_not_be_are_refused(household: TestClient, headers: Headers) -> None:
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    for fields, kind in (
        ({"shoe_size": "42"}, "field-unknown"),
        ({"birth_date": "1st of May"}, "field-unreadable"),
        ({"birth_date": "2099-01-01"}, "field-unreadable"),
        ({"email": "not an address"}, "invalid-identifier"),
    ):
        body = {"kind": "rectification", "profile_id": EVE, "fields": fields}
        answer = household.post("/v1/requests", json=body, headers=officer)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, kind)


def test_an_objection_stops_the_purpose_at_once_and_for_nobody_else(
    household: TestClient, headers: Headers, engine: Engine
) -> None:
    def advice(profile_id: str) -> dict[str, object]:
        return dict(household.get(f"/v1/profiles/{profile_id}", headers=headers(purpose="advice")).json())

    assert advice(EVE)["data"]["fields"]  # type: ignore[index]
    eve = headers(Role.CUSTOMER, "privacy_rights", EVE)
    filed = household.post("/v1/requests", json={"kind": "objection", "purposes": ["advice"]}, headers=eve)
    assert filed.status_code == 201
    stopped = advice(EVE)
    assert (stopped["data"]["fields"], stopped["decision"]["policy"]) == ({}, "person-objected")  # type: ignore[index]
    assert advice(FRED)["data"]["fields"], "Fred, on the same landline, has not objected"  # type: ignore[index]
    with engine.connect() as connection:
        held = connection.execute(select(consent_events.c.identifier, consent_events.c.state)).all()
    assert held == [("eve@inbox.example", "ConsentRefused")]
