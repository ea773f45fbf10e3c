"""What a bot gets in one round trip."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from consent.model import Role
from profile_api.bots.context import context_of
from profile_api.responses.views import FeaturesData, FeatureView, ProfileData
from stores.schema import audit
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL, FAMILY_PHONE, NATIONAL_ID, Features, decide_consent

BY_EMAIL = {"identifier": {"kind": "email", "value": f" {ANA_EMAIL.upper()}"}}


def test_fields_features_consents_and_tone_come_in_one_answer_with_one_audit_row(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    decide_consent(engine, "marketing_email", "granted")
    answer = client.post("/v1/bot/context", json=BY_EMAIL, headers=headers(Role.BOT))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["profile_id"], body["version"], body["consent"]["marketing_email"]["permits"]) == (ANA, 3, True)
    data = body["data"]
    assert (data["fields"]["given_name"], data["fields"]["city"]) == ("Ana", "Lyon")
    assert data["features"]["orders_30d"]["value"] == 2 and data["features_available"]
    assert data["tone"] == {
        "name_to_use": "Ana Durand",
        "formality": "formal",
        "because": ["open_complaint"],
        "open_complaint": True,
        "last_intent": None,
        "last_contact_channel": None,
    }
    assert "bot" in data["introduction"]["en"] and "assistant automatique" in data["introduction"]["fr"]
    assert "secret" not in answer.text and NATIONAL_ID not in answer.text
    with engine.connect() as connection:
        (row,) = connection.execute(select(audit)).all()
    assert (row.action, row.role, row.profile_id, row.outcome) == ("context", "bot", ANA, "answered")


def test_what_is_withheld_gives_no_fact(client: TestClient, headers: Headers, engine: Engine) -> None:
    for purpose, who in (("personalisation", {"profile_id": ANA}), ("marketing_email", BY_EMAIL)):
        data = client.post("/v1/bot/context", json=who, headers=headers(Role.BOT, purpose)).json()["data"]
        assert (data["fields"], data["features"], data["language"]) == ({}, {}, None)
        assert data["tone"] == dict.fromkeys(data["tone"]) | {"because": []}
    decide_consent(engine, "marketing_email", "granted")
    data = client.post("/v1/bot/context", json=BY_EMAIL, headers=headers(Role.BOT, "marketing_email")).json()["data"]
    assert data["tone"]["name_to_use"] == "Ana"
    assert data["tone"]["open_complaint"] is None and data["tone"]["formality"] is None  # behaviour is not covered


def test_without_the_online_store_the_rest_is_answered_and_says_so(
    client: TestClient, headers: Headers, features: Features
) -> None:
    features.broken = True
    data = client.post("/v1/bot/context", json=BY_EMAIL, headers=headers(Role.BOT)).json()["data"]
    assert (data["features_available"], data["features"]) == (False, {})
    assert data["fields"]["given_name"] == "Ana" and data["tone"]["open_complaint"] is None


def test_the_tone_follows_the_channel_where_no_complaint_is_open() -> None:
    def tone_on(channel: str) -> str | None:
        shown = {"preferred_channel": FeatureView(value=channel, category="behaviour", event_timestamp=None)}
        return context_of(ProfileData(fields={}, identifiers=[]), FeaturesData(features=shown)).tone.formality

    assert [tone_on(one) for one in ("web_chat", "call_centre", "orders")] == ["relaxed", "formal", None]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"profile_id": ANA}, 200),
        ({"profile_id": "p-old"}, 200),
        ({"profile_id": "nobody"}, 404),
        ({"identifier": {"kind": "phone", "value": FAMILY_PHONE}}, 409),
        ({"identifier": {"kind": "email", "value": "none"}}, 422),
        ({}, 422),
        ({"profile_id": ANA, **BY_EMAIL}, 422),
    ],
)
def test_a_person_is_named_in_exactly_one_way(
    client: TestClient, headers: Headers, body: dict[str, object], status: int
) -> None:
    assert client.post("/v1/bot/context", json=body, headers=headers(Role.BOT)).status_code == status
