"""Decisions through the API: taken, enforced on the next read, shown as they stand, and with a receipt each."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator, FormatChecker
from sqlalchemy import Engine, select

import consent
from consent.ledger import read
from consent.model import ConsentState, Method, Role
from consent.signals import has_gpc, object_by_gpc
from consent.verify import verify_consents
from contracts.identifiers import Identifier
from profile_api.consents.views import No, Yes
from stores.schema import audit, consent_events
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL, BEN, CHLOE, DAN, FAMILY_PHONE, NOW, decide_consent

OWN, DESK, CALL = (Role.CUSTOMER, "privacy_rights"), (Role.PRIVACY_OFFICER, "privacy_rights"), (Role.ADVISOR, "service")
EMAIL = {"kind": "email", "value": ANA_EMAIL}


def take(client: TestClient, headers: Headers, choice: str, form: dict[str, Any], who: Any = OWN, of: str = ANA) -> Any:
    return client.post(f"/v1/profiles/{of}/consents/{choice}", json=form, headers=headers(*who, of))


def fields(client: TestClient, headers: Headers, purpose: str = "personalisation", of: str = ANA) -> Any:
    return client.get(f"/v1/profiles/{of}", headers=headers(purpose=purpose)).json()["data"]["fields"]


def test_withdrawing_takes_no_more_calls_or_fields_than_giving(client: TestClient) -> None:
    paths = client.get("/v1/openapi.json").json()["paths"]
    give, withdraw = (paths[f"/v1/profiles/{{profile_id}}/consents/{one}"]["post"] for one in ("give", "withdraw"))
    assert {one["name"] for one in withdraw["parameters"]} == {one["name"] for one in give["parameters"]}
    yes, no = Yes.model_json_schema(), No.model_json_schema()
    assert set(no["properties"]) <= set(yes["properties"]) and set(no["required"]) <= set(yes["required"])


@pytest.mark.parametrize(("who", "method"), [(OWN, "form"), (CALL, "call"), (DESK, "form")])
def test_what_is_given_shows_on_the_next_read_and_what_is_withdrawn_no_more(
    client: TestClient, headers: Headers, engine: Engine, who: Any, method: str
) -> None:
    assert not fields(client, headers)
    given = take(client, headers, "give", {"purpose": "personalisation"}, who)
    assert given.status_code == 201
    assert (given.json()["state"], given.json()["permits"]) == ("ConsentGiven", True)
    assert fields(client, headers)
    withdrawn = take(client, headers, "withdraw", {"purpose": "personalisation"}, who).json()
    assert (withdrawn["state"], withdrawn["permits"], fields(client, headers)) == ("ConsentWithdrawn", False, {})
    with engine.connect() as connection:
        rows = connection.execute(select(consent_events).order_by(consent_events.c.sequence)).all()
        assert {(row.method, row.channel, row.decided_through) for row in rows} == {(method, "api", who[0].value)}
        assert {row.identifier for row in rows} == {ANA_EMAIL, "l-204816"}, "each of hers, but for the sensitive"
        assert {row.expires_at is None for row in rows if row.state == "ConsentGiven"} == {False}
        assert verify_consents(connection).whole
        acts = connection.execute(select(audit).where(audit.c.action.like("consent-%"))).all()
        assert [(row.action, row.profile_id) for row in acts] == [("consent-give", ANA), ("consent-withdraw", ANA)]


def test_a_legitimate_interest_ends_with_an_objection_and_a_contract_is_no_choice(
    client: TestClient, headers: Headers
) -> None:
    assert fields(client, headers, "advice")
    refused = take(client, headers, "refuse", {"purpose": "advice"}).json()
    assert (refused["permits"], fields(client, headers, "advice")) == (False, {})
    contract = take(client, headers, "refuse", {"purpose": "service"})
    assert contract.status_code == 422 and "advice" in contract.json()["valid"]
    assert take(client, headers, "give", {"purpose": "resale"}).status_code == 422


def test_an_address_is_decided_by_itself_and_only_if_it_is_the_persons(client: TestClient, headers: Headers) -> None:
    given = take(client, headers, "give", {"purpose": "marketing_email", "contact_point": EMAIL}, CALL)
    assert len(given.json()["events"]) == 1
    foreign = {"kind": "email", "value": "ben@inbox.example"}
    for form in ({"contact_point": foreign}, {"contact_point": {"kind": "phone", "value": "+33170000000"}}):
        answer = take(client, headers, "give", {"purpose": "marketing_email"} | form, CALL)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "contact-point-unknown")
    unreadable = {"purpose": "marketing_email", "contact_point": {"kind": "email", "value": "nothing"}}
    assert take(client, headers, "give", unreadable, CALL).json()["type"].endswith("invalid-identifier")


def test_one_members_choice_leaves_the_familys_phone(client: TestClient, headers: Headers, engine: Engine) -> None:
    take(client, headers, "give", {"purpose": "personalisation"}, of=BEN)
    take(client, headers, "give", {"purpose": "personalisation"}, of=CHLOE)
    with engine.connect() as connection:
        assert read(connection, [Identifier("phone", FAMILY_PHONE)]) == []
    assert fields(client, headers, of=BEN) and fields(client, headers, of=CHLOE)
    take(client, headers, "withdraw", {"purpose": "personalisation"}, of=BEN)
    assert not fields(client, headers, of=BEN) and fields(client, headers, of=CHLOE)
    take(client, headers, "give", {"purpose": "personalisation"}, of=DAN)
    assert fields(client, headers, of=DAN), "also who has no identifier at all"


def test_a_renewal_needs_a_consent_and_ends_as_well(client: TestClient, headers: Headers, engine: Engine) -> None:
    form = {"purpose": "personalisation"}
    assert take(client, headers, "renew", form).status_code == 409
    decide_consent(engine, "personalisation", "granted")
    assert take(client, headers, "renew", form).json()["state"] == "RenewedConsentGiven"
    later = (NOW + timedelta(days=3 * 366)).isoformat()
    params = {"as_of": later}
    answer = client.get(f"/v1/profiles/{ANA}/consents", params=params, headers=headers(*OWN, ANA)).json()
    assert answer["data"]["purposes"]["personalisation"]["state"] == "ConsentExpired"


def test_only_the_person_an_advisor_or_an_officer_decides(client: TestClient, headers: Headers, engine: Engine) -> None:
    form = {"purpose": "personalisation"}
    route = f"/v1/profiles/{ANA}/consents/give"
    for role, purpose, status in (
        (Role.BOT, "service", 403),
        (Role.STEWARD, "analytics", 403),
        (Role.ADVISOR, "advice", 403),
        (Role.ADVISOR, "resale", 403),
        (Role.ADVISOR, None, 400),
    ):
        assert client.post(route, json=form, headers=headers(role, purpose)).status_code == status, role
    ben = headers(Role.CUSTOMER, "privacy_rights", BEN)
    unknown = client.post("/v1/profiles/nobody/consents/give", json=form, headers=ben)
    assert client.post(route, json=form, headers=ben).content == unknown.content and unknown.status_code == 404
    with engine.connect() as connection:
        assert connection.execute(select(consent_events)).all() == []


def test_the_status_names_the_events_it_rests_on_as_of_any_instant(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    decide_consent(engine, "marketing_email", "granted", days_ago=9)
    decide_consent(engine, "marketing_email", "withdrawn", days_ago=3)

    def status(role: Role = Role.PRIVACY_OFFICER, purpose: str = "privacy_rights", **params: str) -> Any:
        answer = client.get(f"/v1/profiles/{ANA}/consents", params=params, headers=headers(role, purpose))
        return answer.json()["data"]["purposes"]

    now = status()["marketing_email"]
    assert (now["state"], now["permits"], now["contact_points"]) == ("ConsentWithdrawn", False, [])
    assert [(one["state"], one["decides"]) for one in now["events"]] == [
        ("ConsentWithdrawn", True),
        ("ConsentGiven", False),
    ]
    assert now["events"][0]["identifier"] == now["events"][0]["contact_point"] == EMAIL
    then = status(as_of=(NOW - timedelta(days=5)).isoformat())["marketing_email"]
    assert (then["state"], then["contact_points"], len(then["events"])) == ("ConsentGiven", [EMAIL], 1)
    assert status(as_of="2001-01-01T00:00:00Z")["marketing_email"]["state"] == "ConsentUnknown"
    assert set(status()) >= {"advice", "personalisation"} and not set(status()) & {"service", "resale"}
    unclear = client.get(f"/v1/profiles/{ANA}/consents?as_of=2001-01-01T00:00:00", headers=headers(*DESK))
    assert (unclear.status_code, unclear.json()["errors"][0]["at"]) == (422, "query.as_of")


def test_a_receipt_is_json_ld_that_its_schema_describes(client: TestClient, headers: Headers, engine: Engine) -> None:
    form = {"purpose": "marketing_email", "contact_point": EMAIL, "notice_language": "en"}
    given = take(client, headers, "give", form).json()["events"]
    withdrawn = take(client, headers, "withdraw", {"purpose": "advice"}).json()["events"]
    decide_consent(engine, "analytics", "refused")
    imported = [f"{ANA_EMAIL}-analytics-refused-1"]
    schema = json.loads((Path(consent.__file__).parent / "receipt.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    check = Draft202012Validator(schema, format_checker=FormatChecker())
    for consent_id in [*given, *withdrawn, *imported]:
        answer = client.get(f"/v1/consents/{consent_id}/receipt", headers=headers(*OWN, ANA))
        assert answer.headers["content-type"] == "application/ld+json"
        check.validate(answer.json())
    record = client.get(f"/v1/consents/{given[0]}/receipt", headers=headers(*OWN, ANA)).json()["dct:source"]
    assert record["dpv:hasConsentStatus"]["@type"] == "dpv:ConsentGiven"
    assert record["dpv:hasDataSubject"]["dct:identifier"] == ANA_EMAIL
    notice = {"@type": "dpv:ConsentNotice", "dct:hasVersion": "2024-1", "dct:language": "en"}
    proof = {name: record["dpv:hasNotice"][name] for name in ("ocv:hasText", "ocv:inChain")}
    assert record["dpv:hasNotice"] == notice | proof
    assert record["dpv:hasProcess"]["dpv:hasPurpose"] == "dpv:DirectMarketing"
    ben = client.get(f"/v1/consents/{given[0]}/receipt", headers=headers(*OWN, BEN))
    assert ben.status_code == 404
    assert ben.content == client.get("/v1/consents/nobody/receipt", headers=headers(*OWN, BEN)).content


def test_a_browser_that_sends_gpc_objects_once_and_a_later_yes_stands(engine: Engine) -> None:
    device = Identifier("device_id", "d-1")
    assert has_gpc({"Sec-GPC": " 1"}) and not has_gpc({"sec-gpc": "0"}) and not has_gpc({"gpc": "1"})
    with engine.begin() as connection:
        assert len(object_by_gpc(connection, [device], NOW, NOW, "web")) == 4
        assert object_by_gpc(connection, [device], NOW + timedelta(days=1), NOW, "web") == set()
        found = read(connection, [device])
    assert {(one.state, one.method) for one in found} == {(ConsentState.REFUSED, Method.GPC)}
    assert "marketing_email" in {one.purpose for one in found}


def test_the_purposes_are_open_to_read_in_both_languages(client: TestClient) -> None:
    purposes = {one["id"]: one for one in client.get("/v1/purposes").json()}
    assert purposes["marketing_email"]["text"]["fr"] and purposes["resale"]["refused"]
    assert purposes["marketing_email"]["channels"] == ["email"]
