"""Consent: retention is decoration. What a purpose keeps no longer is withheld on every way out of the house."""

import io
import json
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, insert, select

from consent.controller import published_controller
from consent.eligibility import EligibilityQuestion, refusals
from consent.loading import published_policies
from consent.model import Actor, Role
from consent.notices import published_notices
from consent.purposes import published_purposes
from consent.receipts import PERSONAL_DATA, receipt_of
from consent.retention import ended, ends, oldest_kept
from contracts.categories import Category
from contracts.settings import Settings
from profile_api.access.gate import Gate
from profile_api.access.throttle import Unlimited
from profile_api.app import create_app
from profile_api.http.keys import DemoIssuer
from profile_api.webhooks.messages import signed
from profile_api.webhooks.queries.stored import OutboxEvent, Subscription
from stores.schema import audit, consent_events, timeline
from tests.attacks.clocks import ENDED, ROUTES, AskAfter, happens, shown, withheld, years
from tests.profile_api.people import ANA, ANA_EMAIL, NOW, Features, decide_consent

PURPOSES = published_purposes()


@pytest.mark.parametrize("route", [one for one in ROUTES if one != "retention"])
def test_a_person_last_seen_longer_ago_than_a_purpose_keeps_is_withheld_with_the_reason(
    ask_after: AskAfter, route: str
) -> None:
    assert shown(ask_after(years(4.9), route))
    over = ask_after(years(5), route)
    covered = PURPOSES["service"].categories
    assert {withheld(over)[category] for category in covered} == {ENDED}
    assert over["decision"]["policy"] == ENDED and not shown(over)
    reasons = {one["reason"] for one in over["withheld"] if one["category"] == "identity"}
    assert reasons == {"For service, such data is kept for 5 years after the last interaction; that time has passed."}


def test_an_agent_over_mcp_is_told_no_more(
    people: None, api_settings: Settings, database_url: str, issuer: DemoIssuer
) -> None:
    now = NOW + years(5)
    app = create_app(api_settings, database_url, Features(), clock=lambda: now)
    sent = {"Authorization": f"Bearer {issuer.token(Role.BOT, now)}", "Accept": "application/json, text/event-stream"}
    calls = {
        "lookup_customer": {"kind": "email", "value": ANA_EMAIL, "purpose": "service"},
        "get_context": {"profile_id": ANA, "purpose": "service"},
    }
    with TestClient(app) as client:
        for tool, said in calls.items():
            call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": said}}
            told = client.post("/mcp/", json=call, headers=sent).json()["result"]["structuredContent"]
            assert not shown(told) and told["decision"]["policy"] == ENDED


def test_each_purpose_has_a_clock_of_its_own(ask_after: AskAfter) -> None:
    assert shown(ask_after(years(2.9), purpose="advice")) and not shown(ask_after(years(3.1), purpose="advice"))
    assert shown(ask_after(years(3.1), purpose="service"))
    assert shown(ask_after(years(9), purpose="legal_obligation", role=Role.PRIVACY_OFFICER))
    assert not shown(ask_after(years(10.1), purpose="legal_obligation", role=Role.PRIVACY_OFFICER))


def test_each_category_has_a_clock_of_its_own_where_the_purpose_says_so(ask_after: AskAfter) -> None:
    kept = ask_after(years(4))
    assert withheld(kept)["communication"] == ENDED and "identity" not in withheld(kept)


def test_what_is_still_held_is_still_told_to_the_person_it_is_about(ask_after: AskAfter) -> None:
    """Art. 15: as long as anything is there, access to it is."""
    assert shown(ask_after(years(12), purpose="privacy_rights", role=Role.CUSTOMER))


def test_old_events_are_not_shown_for_a_purpose_whose_time_has_passed(ask_after: AskAfter, engine: Engine) -> None:
    old, recent = NOW - timedelta(days=4 * 366), NOW - timedelta(days=2 * 366)
    with engine.begin() as connection:
        (sample,) = connection.execute(select(timeline).where(timeline.c.event_id == "orders:001")).mappings()
        connection.execute(
            insert(timeline),
            [
                {**sample, "event_id": "orders:old", "occurred_at": old},
                {**sample, "event_id": "orders:recent", "occurred_at": recent},
            ],
        )
    for purpose, expected in (("service", {"orders:old", "orders:recent"}), ("advice", {"orders:recent"})):
        told = {one["event_id"] for one in _pages(ask_after, engine, purpose)}
        assert told & {"orders:old", "orders:recent"} == expected, purpose


def _pages(ask_after: AskAfter, engine: Engine, purpose: str) -> list[Any]:
    with engine.begin() as connection:  # one page holds what is older than the rest
        connection.execute(delete(timeline).where(timeline.c.occurred_at > NOW - timedelta(days=1)))
    return list(ask_after(timedelta(0), "timeline", purpose)["data"]["events"])


def test_a_detail_of_an_event_ends_with_its_own_category(ask_after: AskAfter, engine: Engine) -> None:
    with engine.begin() as connection:
        (sample,) = connection.execute(select(timeline).where(timeline.c.event_id == "orders:001")).mappings()
        document = sample["document"] | {"properties": {"words": "hello"}}
        document["categories"] |= {"property.words": "communication"}
        rows = [
            {**sample, "event_id": "chat:young", "document": document, "occurred_at": NOW - years(2)},
            {**sample, "event_id": "chat:older", "document": document, "occurred_at": NOW - years(4)},
        ]
        connection.execute(insert(timeline), rows)
    told = {one["event_id"]: one["properties"] for one in _pages(ask_after, engine, "service")}
    assert (told["chat:young"], told["chat:older"]) == ({"words": "hello"}, {})


def test_a_subscriber_is_told_of_nobody_whose_time_has_passed(people: None, engine: Engine) -> None:
    subscription = Subscription(
        "s1", "https://consumer.example", "service", "bot", "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw"
    )
    for after, expected in ((timedelta(0), True), (years(5), False)):
        now = NOW + after
        gate = Gate(engine, None, published_policies(), PURPOSES, lambda: now, Unlimited())  # noqa: B023 -- used at once
        event = OutboxEvent(1, "evt_1", "profile.updated", ANA, now, {"categories": ["identity"]})
        told = signed(gate, subscription, event, now)
        assert (told is not None) is expected
        assert told is None or (ANA in told.body.decode() and "Durand" in told.body.decode())


def test_no_table_is_made_of_somebody_whose_time_has_passed_nor_of_times_that_have(
    people: None, engine: Engine
) -> None:
    purpose = replace(PURPOSES["fraud_prevention"], retention="P2Y")
    actor, wanted = Actor("spark_jobs.extract", Role.STEWARD), frozenset({Category.TRANSACTION})

    def why(at: datetime, now: datetime) -> str | None:
        question = EligibilityQuestion(actor, purpose, wanted, (now, now))
        with engine.connect() as connection:
            return refusals(connection, published_policies(), question, [(ANA, at)])[ANA, at]

    assert why(NOW, NOW + years(1)) is None
    assert why(NOW + years(2.5), NOW + years(3)) == f"{ENDED} at the extraction", "two years after Ana's last event"
    happens(engine, NOW + years(2.9), "call")
    assert why(NOW + years(2.5), NOW + years(3)) is None
    assert why(NOW, NOW + years(3)) == f"{ENDED} at the extraction", "what she was three years ago"


def test_whoever_is_refused_for_it_is_in_the_audit_with_it(ask_after: AskAfter, engine: Engine) -> None:
    ask_after(years(5))
    with engine.connect() as connection:
        (row,) = connection.execute(select(audit)).all()
    assert row.decision["policy"] == ENDED and row.decision["allowed"] == []


def test_the_customer_sees_what_ends_when_and_receipts_say_the_same(ask_after: AskAfter, engine: Engine) -> None:
    decide_consent(engine, "marketing_email", "granted")
    told = ask_after(timedelta(0), "retention", "privacy_rights", Role.CUSTOMER)["data"]
    since = datetime.fromisoformat(told["last_interaction"])
    assert since == NOW
    service, law = told["purposes"]["service"]["categories"], told["purposes"]["legal_obligation"]["categories"]
    assert (service["identity"]["kept_for"], service["communication"]["kept_for"]) == ("P5Y", "P3Y")
    assert datetime.fromisoformat(service["identity"]["ends_at"]) == NOW.replace(year=NOW.year + 5)
    assert told["deleted_after"]["identity"] == law["identity"]["ends_at"]
    assert not set(told["purposes"]) & {"resale", "political_targeting"}
    row = next(iter(_ledger(engine)))
    receipt = receipt_of(row, PURPOSES["marketing_email"], published_controller(), NOW, (), published_notices())
    stored = receipt["dct:source"]["dpv:hasProcess"]["dpv:hasStorageCondition"]
    promised = {name: one["dpv:hasDuration"] for one in stored for name in one["dpv:hasPersonalData"]}
    shown_ = told["purposes"]["marketing_email"]["categories"]
    assert promised == {PERSONAL_DATA[category]: kept["kept_for"] for category, kept in shown_.items()}
    for purpose in PURPOSES.values():  # what is told to end ends then, at the gate
        for category, instant in ends(purpose, since).items() if not purpose.all_held else ():
            assert category in ended(since, oldest_kept(purpose, instant))
            assert category not in ended(since, oldest_kept(purpose, instant - timedelta(seconds=1)))


def _ledger(engine: Engine) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(consent_events)).mappings()]


def test_the_access_bundle_says_what_ends_when(
    people: None, api_settings: Settings, database_url: str, issuer: DemoIssuer
) -> None:
    client = TestClient(create_app(api_settings, database_url, Features(), clock=lambda: NOW))
    sent = {"Authorization": f"Bearer {issuer.token(Role.CUSTOMER, NOW, ANA)}", "Purpose": "privacy_rights"}
    request = client.post("/v1/requests", json={"kind": "access"}, headers=sent).json()["request_id"]
    packed = client.get(f"/v1/requests/{request}/bundle", headers=sent).content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        rows = json.loads(archive.read("retention.json"))
    found = {(row["purpose"], row["category"]): row for row in rows}
    assert found["service", "communication"]["kept_for"] == "3 years"
    assert found["advice", "identity"]["ends_at"] == "2027-05-01T12:00:00Z"
