"""What leaves the gate, and what does not, seen through the API."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert, select, text, update

from consent.model import Role
from consent.purposes import published_purposes
from stores.schema import audit, profiles, records
from tests.profile_api.conftest import Headers
from tests.profile_api.people import (
    ANA,
    ANA_EMAIL,
    BEN,
    FAMILY_PHONE,
    NATIONAL_ID,
    Features,
    decide_consent,
)

EMAIL = {"kind": "email", "value": f" {ANA_EMAIL.upper()}"}
CARD = {"kind": "loyalty_card", "value": "L-204816"}
ROUTES = [f"/v1/profiles/{ANA}", f"/v1/profiles/{ANA}/timeline", f"/v1/profiles/{ANA}/features"]


def test_an_identifier_as_it_was_typed_finds_the_profile_with_its_provenance(
    client: TestClient, headers: Headers
) -> None:
    answer = client.post("/v1/profiles/lookup", json=EMAIL, headers=headers())
    assert answer.status_code == 200
    body = answer.json()
    assert (body["profile_id"], body["version"], body["requested_id"]) == (ANA, 3, None)
    assert body["data"]["fields"]["street"] == {
        "value": "12 rue des Lilas",
        "category": "contact",
        "channel": "crm",
        "observed_at": "2024-01-05T10:00:00+00:00",
        "rule": "most_recent",
        "assurance": "source",
        "record_id": "crm:42",
        "losing": [
            {
                "value": "3 place Haute",
                "channel": "web",
                "observed_at": "2022-03-04T09:00:00+00:00",
                "record_id": "web:7",
            }
        ],
    }
    rests_on = {"policy": "contract", "consent_event": None, "notice_version": "2024-1", "age_unknown": False}
    assert body["decision"] == rests_on


def test_every_identifier_kind_finds_the_same_profile(client: TestClient, headers: Headers) -> None:
    card = client.post("/v1/profiles/lookup", json={"kind": "loyalty_card", "value": "L-204816"}, headers=headers())
    email = client.post("/v1/profiles/lookup", json=EMAIL, headers=headers())
    assert card.json() == email.json()


def test_advisor_and_bot_get_the_same_view_under_the_same_purpose(client: TestClient, headers: Headers) -> None:
    for purpose in ("service", "advice", "personalisation"):
        advisor = client.post("/v1/profiles/lookup", json=CARD, headers=headers(Role.ADVISOR, purpose)).json()
        bot = client.post("/v1/profiles/lookup", json=CARD, headers=headers(Role.BOT, purpose)).json()
        assert advisor == bot and advisor["version"] == 3


def test_a_denied_category_is_absent_and_explained(client: TestClient, headers: Headers) -> None:
    body = client.get(f"/v1/profiles/{ANA}", headers=headers(purpose="advice")).json()
    assert {field["category"] for field in body["data"]["fields"].values()} == {"identity"}
    assert [one["kind"] for one in body["data"]["identifiers"]] == ["loyalty_card"]
    assert {one["category"] for one in body["withheld"]} == {"contact", "sensitive"}
    assert {one["policy"] for one in body["withheld"]} == {"category-outside-purpose"}


@pytest.mark.parametrize("role", list(Role))
def test_no_secret_leaves_for_a_purpose_that_does_not_cover_it(
    client: TestClient, headers: Headers, role: Role
) -> None:
    for purpose in published_purposes():
        for route in ROUTES:
            text = client.get(route, headers=headers(role, purpose, ANA)).text
            assert "secret-unlabelled" not in text and "secret-feature" not in text
            covered = purpose == "privacy_rights" and role in (Role.PRIVACY_OFFICER, Role.CUSTOMER)
            if not covered:
                assert "secret" not in text and NATIONAL_ID not in text, (purpose, route)


def test_a_source_key_that_is_a_withheld_identifier_stays_in(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    statement = "update profiles set document = jsonb_set(document, '{fields,0,record_id}', to_jsonb(:key ::text))"
    with engine.begin() as connection:
        connection.execute(text(statement), {"key": "registry:184-12-76-451-089-46"})
    service = client.get(f"/v1/profiles/{ANA}", headers=headers()).json()
    assert service["data"]["fields"]["given_name"]["record_id"] is None
    officer = client.get(f"/v1/profiles/{ANA}", headers=headers(Role.PRIVACY_OFFICER, "privacy_rights")).json()
    assert officer["data"]["fields"]["given_name"]["record_id"] == "registry:184-12-76-451-089-46"


def test_a_purpose_on_consent_shows_nothing_until_consent_is_given_and_after_it_is_withdrawn(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    asking = headers(purpose="personalisation")
    unknown = client.get(f"/v1/profiles/{ANA}", headers=asking).json()
    assert (unknown["data"]["fields"], unknown["decision"]["policy"]) == ({}, "consent-missing")
    assert unknown["consent"]["personalisation"]["state"] == "ConsentUnknown"

    decide_consent(engine, "personalisation", "granted", days_ago=2)
    given = client.get(f"/v1/profiles/{ANA}", headers=asking).json()
    assert given["data"]["fields"]["given_name"]["value"] == "Ana"
    assert given["decision"]["consent_event"] == f"{ANA_EMAIL}-personalisation-granted-2"
    assert given["decision"]["notice_version"] == "2020-1"
    assert given["consent"]["personalisation"]["permits"]

    decide_consent(engine, "personalisation", "withdrawn", days_ago=1)
    for route in ROUTES:
        data = client.get(route, headers=asking).json()["data"]
        assert not any(data[part] for part in ("fields", "identifiers", "events", "features") if part in data)


def test_a_merged_away_id_answers_with_the_one_it_became_part_of(client: TestClient, headers: Headers) -> None:
    for suffix in ("", "/timeline", "/features"):
        body = client.get(f"/v1/profiles/p-old{suffix}", headers=headers()).json()
        assert (body["profile_id"], body["requested_id"]) == (ANA, "p-old")


def test_a_shared_identifier_is_no_persons(client: TestClient, headers: Headers) -> None:
    phone = {"kind": "phone", "value": "01 70 00 00 00", "region": "FR"}
    answer = client.post("/v1/profiles/lookup", json=phone, headers=headers())
    assert (answer.status_code, answer.json()["shared_by"]) == (409, 2)
    assert BEN not in answer.text and FAMILY_PHONE not in answer.text


def test_unknown_and_forbidden_profiles_answer_alike(client: TestClient, headers: Headers) -> None:
    ben = headers(Role.CUSTOMER, "service", BEN)
    forbidden, unknown = (client.get(f"/v1/profiles/{id_}", headers=ben) for id_ in (ANA, "nobody"))
    assert forbidden.status_code == 404
    assert (forbidden.content, forbidden.headers) == (unknown.content, unknown.headers)
    by_id = {"kind": "national_id", "value": NATIONAL_ID}
    assert client.post("/v1/profiles/lookup", json=by_id, headers=headers()).content == unknown.content
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    assert client.post("/v1/profiles/lookup", json=by_id, headers=officer).json()["profile_id"] == ANA


def test_customers_see_themselves_also_by_their_former_id(client: TestClient, headers: Headers) -> None:
    answer = client.get(f"/v1/profiles/{ANA}", headers=headers(Role.CUSTOMER, "privacy_rights", "p-old"))
    assert answer.json()["data"]["fields"]["health_note"]["value"] == "secret-health"


@pytest.mark.parametrize("purpose", [None, "", "curiosity", "Service", "sérvice\x7f"])
@pytest.mark.parametrize("route", ROUTES)
def test_a_read_without_a_known_purpose_is_told_the_valid_ones(
    client: TestClient, headers: Headers, route: str, purpose: str | None
) -> None:
    sent = {name.encode(): value.encode() for name, value in headers(purpose=None).items()}
    if purpose is not None:
        sent[b"Purpose"] = purpose.encode("latin-1")
    answer = client.get(route, headers=sent)
    assert answer.status_code == 400
    assert "service" in answer.json()["valid"] and "resale" not in answer.json()["valid"]


@pytest.mark.parametrize("purpose", ["resale", "political_targeting", "analytics"])
def test_what_is_refused_leaves_a_trace(client: TestClient, headers: Headers, engine: Engine, purpose: str) -> None:
    for id_ in (ANA, "nobody"):
        answer = client.get(f"/v1/profiles/{id_}", headers=headers(purpose=purpose))
        assert answer.status_code == 403
    with engine.connect() as connection:
        rows = connection.execute(select(audit)).all()
    assert [(row.purpose, row.outcome, row.profile_id) for row in rows] == [(purpose, "refused", None)] * 2


def test_the_audit_says_who_read_what_for_which_purpose_under_which_decision_and_no_value(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    client.post("/v1/profiles/lookup", json=CARD, headers=headers(purpose="advice"))
    client.post("/v1/profiles/lookup", json={"kind": "email", "value": "no@inbox.example"}, headers=headers(Role.BOT))
    with engine.connect() as connection:
        rows = connection.execute(select(audit).order_by(audit.c.audit_id)).all()
    assert [(row.actor, row.role, row.purpose, row.action, row.profile_id, row.outcome) for row in rows] == [
        ("demo-advisor", "advisor", "advice", "lookup", ANA, "answered"),
        ("demo-bot", "bot", "service", "lookup", None, "profile-not-found"),
    ]
    assert rows[0].decision["policy"] == "legitimate-interest"
    assert rows[0].decision["withheld"]["contact"] == "category-outside-purpose"
    assert "inbox.example" not in str(rows)


@pytest.mark.parametrize("broken", ["audit", "consent_events", "profiles"])
@pytest.mark.parametrize("route", ROUTES)
def test_without_ledger_audit_or_store_no_data_leaves(
    client: TestClient, headers: Headers, engine: Engine, route: str, broken: str
) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"alter table {broken} rename to gone"))
    answer = client.get(route, headers=headers())
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "data" not in answer.json() and "Durand" not in answer.text


def test_without_a_policy_decision_no_data_leaves(
    client: TestClient, headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no engine")

    monkeypatch.setattr("consent.decide.is_authorized_batch", broken)
    for route in ROUTES:
        assert client.get(route, headers=headers()).status_code == 503


def test_without_the_online_store_features_say_so_and_leave_no_audit_row(
    client: TestClient, headers: Headers, engine: Engine, features: Features
) -> None:
    features.broken = True
    assert client.get(f"/v1/profiles/{ANA}/features", headers=headers()).status_code == 503
    with engine.connect() as connection:
        assert connection.execute(select(audit)).all() == []
    assert client.get(f"/v1/profiles/{ANA}", headers=headers()).status_code == 200


def test_features_of_a_denied_category_are_absent(client: TestClient, headers: Headers, engine: Engine) -> None:
    decide_consent(engine, "analytics", "granted")
    answer = client.get(f"/v1/profiles/{ANA}/features", headers=headers(Role.STEWARD, "analytics")).json()
    assert "days_as_customer" not in answer["data"]["features"]
    assert answer["data"]["features"]["orders_30d"]["value"] == 2
    assert answer["data"]["features"]["orders_30d"]["event_timestamp"].startswith("2024-05-01T12:00:00")


def _two_records(engine: Engine, purpose: str) -> None:
    """Ana as two records, each with an address of its own; she said yes under the first."""
    other = "ana.bis@inbox.example"
    with engine.begin() as connection:
        document = connection.execute(select(profiles.c.document).where(profiles.c.profile_id == ANA)).scalar_one()
        document["identifiers"].append({"kind": "email", "value": other, "category": "contact"})
        document["fields"][1] |= {"record_id": "web:7", "losing": []}
        connection.execute(update(profiles).where(profiles.c.profile_id == ANA).values(document=document))
        for record_id, email in (("crm:42", ANA_EMAIL), ("web:7", other)):
            held = {"identifiers": [{"kind": "email", "value": email}]}
            connection.execute(insert(records).values(record_id=record_id, profile_id=ANA, document=held))
    decide_consent(engine, purpose, "granted")


def test_a_purpose_that_reaches_people_shows_the_addresses_and_records_that_said_yes(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    _two_records(engine, "marketing_email")
    route = f"/v1/profiles/{ANA}"
    body = client.get(route, headers=headers(purpose="marketing_email")).json()
    assert [one["value"] for one in body["data"]["identifiers"]] == [ANA_EMAIL]
    assert set(body["data"]["fields"]) == {"given_name", "birth_date"}, "the family name comes from the other record"
    assert body["consent"]["marketing_email"]["permits"]
    assert "ana.bis" not in str(body) and "rue des Lilas" not in str(body)
    for more in ("timeline", "features"):
        data = client.get(f"{route}/{more}", headers=headers(purpose="marketing_email")).json()["data"]
        assert not data.get("events") and not data.get("features")
    decide_consent(engine, "marketing_email", "granted", "ana.bis@inbox.example")
    both = client.get(route, headers=headers(purpose="marketing_email")).json()["data"]
    assert len(both["identifiers"]) == 2 and both["fields"]["family_name"]["value"] == "Durand"
    decide_consent(engine, "marketing_email", "withdrawn", days_ago=0)
    spared = client.get(route, headers=headers(purpose="marketing_email")).json()["data"]
    assert [one["value"] for one in spared["identifiers"]] == ["ana.bis@inbox.example"]


def test_a_record_that_joined_undecided_ends_what_is_computed_from_all_until_it_is_decided(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    _two_records(engine, "personalisation")
    route = f"/v1/profiles/{ANA}"
    body = client.get(route, headers=headers(purpose="personalisation")).json()
    assert (body["data"]["fields"], body["decision"]["policy"]) == ({}, "consent-missing")
    assert body["consent"]["personalisation"]["state"] == "ConsentUnknown"
    decide_consent(engine, "personalisation", "granted", "ana.bis@inbox.example")
    assert client.get(route, headers=headers(purpose="personalisation")).json()["data"]["fields"]
