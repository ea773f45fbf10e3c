"""Consent: what a purpose may not see does not show in a version, a webhook, a lookup or another decision either."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from consent.model import Role
from profile_api.webhooks.messages import signed
from profile_api.webhooks.queries.stored import OutboxEvent, Subscription
from stores.counting import count_changes
from stores.schema import profiles
from tests.attacks.household import EVE, take
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL, NOW, decide_consent


def test_a_version_tells_of_nothing_that_its_purpose_may_not_see(
    household: TestClient, headers: Headers, engine: Engine
) -> None:
    def versions(of: str) -> dict[str, int]:
        asked = {purpose: headers(purpose=purpose) for purpose in ("service", "marketing_phone", "personalisation")}
        return {
            purpose: household.get(f"/v1/profiles/{of}", headers=sent).json()["version"]
            for purpose, sent in asked.items()
        }

    before = versions(EVE)
    for number in range(3):
        with engine.begin() as connection:
            count_changes(connection, {EVE: {"behaviour"}}, NOW + timedelta(seconds=number))
    after = versions(EVE)
    assert after["service"] == before["service"] + 3
    assert {name: after[name] - before[name] for name in ("marketing_phone", "personalisation")} == {
        "marketing_phone": 0,
        "personalisation": 0,
    }, "neither without consent nor where it does not cover behaviour"
    take(household, headers, "give", {"purpose": "personalisation"}, EVE)
    assert versions(EVE)["personalisation"] > after["personalisation"], "with consent it tells of behaviour"
    given = versions(EVE)
    take(household, headers, "give", {"purpose": "marketing_phone"}, EVE)
    with engine.begin() as connection:
        moved = {"street": "14 rue des Lilas"}
        document = connection.scalar(select(profiles.c.document).where(profiles.c.profile_id == EVE))
        field = {"field": "street", "value": moved["street"], "category": "contact", "record_id": "crm:EV-7000"}
        field |= {"channel": "crm", "observed_at": None, "rule": "most_recent", "losing": []}
        document["fields"].append(field)
        later = NOW + timedelta(minutes=1)
        change = profiles.update().where(profiles.c.profile_id == EVE)
        connection.execute(change.values(document=document, updated_at=later))
        changed = connection.scalar(select(profiles.c.changed).where(profiles.c.profile_id == EVE))
    assert changed == ["contact"]
    assert versions(EVE)["personalisation"] == given["personalisation"], "an address is not its business"
    assert versions(EVE)["service"] == given["service"] + 1


@pytest.mark.parametrize("route", ["/v1/profiles/lookup", "/v1/bot/context"])
def test_a_lookup_by_a_kind_of_identifier_that_the_purpose_does_not_cover_finds_nobody(
    client: TestClient, headers: Headers, route: str
) -> None:
    def found(purpose: str, kind: str, value: str, role: Role = Role.BOT) -> Any:
        given = {"kind": kind, "value": value}
        body = given if route.endswith("lookup") else {"identifier": given}
        return client.post(route, json=body, headers=headers(role, purpose))

    assert found("service", "email", ANA_EMAIL).status_code == 200
    assert found("advice", "loyalty_card", "L-204816").status_code == 200
    for purpose in ("advice", "personalisation"):
        there, nobody = found(purpose, "email", ANA_EMAIL), found(purpose, "email", "nobody@inbox.example")
        assert there.status_code == 404 and there.content == nobody.content
        shared = found(purpose, "phone", "+33170000000")
        assert shared.status_code == 404, "not even that several share it"
    several = found("marketing_phone", "phone", "+33170000000")
    assert several.status_code == 409 and "shared_by" not in several.json(), "how many takes their consent"


def test_a_purpose_without_consent_is_not_told_what_was_decided_about_others(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    decide_consent(engine, "analytics", "granted")
    answer = client.get(f"/v1/profiles/{ANA}", headers=headers(purpose="marketing_email")).json()
    assert set(answer["consent"]) == {"marketing_email"} and not answer["data"]["fields"]
    assert "analytics" in client.get(f"/v1/profiles/{ANA}", headers=headers()).json()["consent"]


@pytest.mark.parametrize(
    ("purpose", "categories", "consented", "told"),
    [
        ("marketing_email", ["behaviour"], True, False),
        ("marketing_email", ["behaviour"], False, False),
        ("marketing_email", ["contact"], True, True),
        ("marketing_email", ["contact"], False, False),
        ("personalisation", ["behaviour"], True, True),
        ("service", ["behaviour"], False, True),
        ("service", ["sensitive"], False, False),
    ],
)
def test_a_webhook_tells_only_of_changes_that_its_purpose_may_see(
    client: TestClient,
    headers: Headers,
    engine: Engine,
    purpose: str,
    categories: list[str],
    consented: bool,
    told: bool,
) -> None:
    if consented:
        decide_consent(engine, purpose, "granted")
    gate = client.app.state.gate  # type: ignore[attr-defined]
    told_to = Subscription("sub_1", "https://x.example", purpose, "bot", "whsec_" + "A" * 32)
    event = OutboxEvent(1, "evt_1", "profile.updated", ANA, NOW, {"categories": categories})
    message = signed(gate, told_to, event, NOW)
    assert (message is not None) == told
    if message is not None:
        assert b'"categories"' not in message.body
    other = OutboxEvent(2, "evt_2", "consent.changed", ANA, NOW, {"purpose": "analytics"})
    heard = signed(gate, told_to, other, NOW)
    assert (heard is not None) == (purpose == "service"), "another purpose's decisions are not its business"
