"""What a person gets of their data: all of it, from every store, and nothing of anybody else in the household."""

import csv
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import sync_playwright
from sqlalchemy import Engine, insert

from consent.model import Role
from consent.purposes import published_purposes
from contracts.identifiers import Identifier
from profile_api.privacy_requests.bundle import zipped
from profile_api.privacy_requests.page import Told
from profile_api.privacy_requests.sections import PARTS
from read_model.rebuild import rebuild
from stores.schema import edges, identity_history, inbox, milestones_seen, redirects, timeline
from tests.conversations import handed_over
from tests.profile_api.conftest import Headers
from tests.profile_api.people import NOW
from tests.read_model.live.collecting import batch_record

EVE, FRED = "p-eve", "p-fred"
EVES = Identifier("email", "eve@inbox.example")  # her id alone opens nothing: records once went from it to Fred
LANDLINE = "+33170009999"
REASONS = {EVE: "wrong_moment", FRED: "facts_wrong"}
OTHERS = ["Frederico", "fred.other@inbox.example", "crm:FR-7001", "p-fred", "fred-visit", "Fredpur"]


def event(event_id: str, owner: str, record_id: str | None, note: str) -> dict[str, object]:
    said = {"channel": "web", "type": "visit", "intent": None, "amount": None, "properties": {"note": note}}
    document = said | {"categories": {"type": "behaviour", "property.note": "behaviour"}}
    held = [{"kind": "phone", "value": LANDLINE}, {"kind": "email", "value": "fred.other@inbox.example"}]
    row = {"event_id": event_id, "profile_id": owner, "record_id": record_id, "document": document}
    return row | {"occurred_at": NOW - timedelta(days=1), "identifiers": held}


@pytest.fixture
def household(engine: Engine, client: TestClient, headers: Headers) -> TestClient:
    batch_record(engine, "crm:EV-7000", EVE, given="Évelyne", email="eve@inbox.example", phone=LANDLINE)
    batch_record(engine, "web:EV-1", EVE, given="<b>Eve</b>")
    batch_record(engine, "crm:FR-7001", FRED, given="Frederico", email="fred.other@inbox.example", phone=LANDLINE)
    with engine.begin() as connection:
        rebuild(connection, [EVE, FRED], NOW)
        events = [event("web:eve-visit", EVE, "web:EV-1", "Evepur"), event("web:fred-visit", FRED, None, "Fredpur")]
        connection.execute(insert(timeline), events)
        pairs = [("crm:EV-7000", "web:EV-1"), ("crm:EV-7000", "crm:FR-7001")]
        rows = [
            {"left_id": left, "right_id": right, "rule": "email", "tier": "x", "weight": 9.0} for left, right in pairs
        ]
        connection.execute(insert(edges), rows)
        connection.execute(insert(redirects).values(old_id="p-eve-old", profile_id=EVE))
        line = {
            "history_id": "h",
            "at": NOW - timedelta(days=1),
            "kind": "split",
            "profile_id": EVE,
            "other_id": FRED,
            "actor": "s",
        }
        line |= {"records": ["crm:EV-7000", "crm:FR-7001"], "reason": "evidence no longer joins them"}
        connection.execute(insert(identity_history).values(line))
        handed_over(connection, "web:EV-1", "c-eve", NOW, said="it is Eve's card")
        handed_over(connection, "crm:FR-7001", "c-fred", NOW, said="Frederico speaking")
        said = {"source": "app", "received_at": NOW, "gpc": False}
        for number, record_id in enumerate(["web:EV-1", "crm:FR-7001"]):
            item = {"userId": record_id, "traits": {"name": record_id}}
            connection.execute(
                insert(inbox).values(said | {"message_id": str(number), "record_id": record_id, "item": item})
            )
    for profile_id in (EVE, FRED):
        client.get(f"/v1/profiles/{profile_id}", headers=headers())
    return client


def unpacked(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_person_gets_everything_of_theirs_and_nothing_of_the_household(
    household: TestClient, headers: Headers, engine: Engine, tmp_path: Path
) -> None:
    eve = headers(Role.CUSTOMER, "privacy_rights", identifier=EVES)
    for profile_id, position in ((EVE, 40), (FRED, 90)):
        form = {"position": position, "channel": "chat"}
        assert household.post(f"/v1/profiles/{profile_id}/dial", json=form, headers=headers(Role.BOT)).is_success
        became = {
            "suggestion": str(uuid4()),
            "rule": "offer_a_person",
            "outcome": "rejected",
            "reason": REASONS[profile_id],
        }
        assert household.post(f"/v1/profiles/{profile_id}/feedback", json=became, headers=headers()).is_success
    seen = {"milestone": "anniversary", "day": NOW.date(), "seen_at": NOW, "seen_by": "advisor-1"}
    under = [("crm:EV-7000", None, 1), (None, "web:eve-visit", 5), ("crm:FR-7001", None, 10)]
    with engine.begin() as connection:
        for record_id, event_id, years in under:
            row = seen | {"record_id": record_id, "event_id": event_id, "years": years}
            connection.execute(insert(milestones_seen).values(row))
    request = household.post("/v1/requests", json={"kind": "access"}, headers=eve).json()
    answer = household.get(f"/v1/requests/{request['request_id']}/bundle", headers=eve)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    files = unpacked(answer.content)
    assert set(files) == {f"{name}.{kind}" for name in (*PARTS, "retention", "holds") for kind in ("json", "csv")} | {
        "index.html",
        "en.html",
    }
    found = {name: json.loads(files[f"{name}.json"]) for name in PARTS}
    assert {one["record_id"] for one in found["records"]} == {"crm:EV-7000", "web:EV-1"}
    assert {one["value"] for one in found["identifiers"]} == {"eve@inbox.example", LANDLINE}, "the landline is hers too"
    assert [one["event_id"] for one in found["timeline"]] == ["web:eve-visit"]
    assert {one["feature"] for one in found["features"]} >= {"orders_30d", "open_complaint"}
    assert [one["action"] for one in found["reads"]][:1] == ["profile"] and "actor" not in found["reads"][0]
    assert [one["kind"] for one in found["requests"]] == ["access"]
    assert [(one["left_id"], one["right_id"]) for one in found["identity"]] == [("crm:EV-7000", "web:EV-1")]
    assert found["identity_history"][0]["records"] == ["crm:EV-7000"]
    assert [one["item"]["userId"] for one in found["live_messages"]] == ["web:EV-1"]
    for name, said in files.items():
        assert not [one for one in OTHERS if one in said], name
    assert {one["position"] for one in found["dial"]} == {40} and "recorded_by" not in found["dial"][0]
    assert {one["reason"] for one in found["suggestions"]} == {REASONS[EVE]}
    assert {one["years"] for one in found["milestones"]} == {1, 5} and "seen_by" not in found["milestones"][0]
    assert [one["text"] for one in found["conversations"]] == ["it is Eve's card", "ends in 42"]
    assert [one["kind"] for one in found["conversation_notes"]] == ["tried", "promise", "summary"]
    (asked,) = found["handoffs"]
    assert [one["role"] for one in asked["steps"]] == ["bot"] and "bot-1" not in files["handoffs.json"]
    rows = list(csv.DictReader(io.StringIO(files["identifiers.csv"])))
    assert {"kind": "phone", "value": LANDLINE, "category": "contact"} in rows
    assert "&lt;b&gt;Eve&lt;/b&gt;" in files["index.html"] and "<b>Eve" not in files["index.html"]
    done = household.get(f"/v1/requests/{request['request_id']}", headers=eve).json()
    assert done["state"] == "done", "whoever takes the answer has it"

    page_file = tmp_path / "index.html"
    page_file.write_text(files["en.html"], encoding="utf-8")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.goto(page_file.as_uri())
        assert page.get_by_role("heading", name="Your dealings with us").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "no scrolling sideways"
        page.screenshot(path=str(tmp_path / "bundle.png"), full_page=True)
        browser.close()


def test_a_portable_bundle_holds_no_conclusions_and_an_officer_needs_a_checked_request(
    household: TestClient, headers: Headers
) -> None:
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    filed = household.post("/v1/requests", json={"kind": "portability", "profile_id": EVE}, headers=officer).json()
    path = f"/v1/requests/{filed['request_id']}"
    assert household.get(f"{path}/bundle", headers=officer).status_code == 409
    household.post(f"{path}/steps", json={"step": "check_identity", "note": "seen"}, headers=officer)
    files = unpacked(household.get(f"{path}/bundle", headers=officer).content)
    assert "records.json" in files and not {"features.json", "reads.json", "identity.json"} & set(files)
    assert household.get(path, headers=officer).json()["state"] == "in_progress", "the officer says when it was sent"
    fred = headers(Role.CUSTOMER, "privacy_rights", FRED)
    assert household.get(f"{path}/bundle", headers=fred).status_code == 404


def test_a_cell_is_no_formula_and_a_phone_number_stays_one() -> None:
    rows = [{"record_id": "=1+1", "b": "+33170009999", "c": "@x"}]
    files = unpacked(zipped(Told({"records": rows}, published_purposes(), {}, [], NOW), "en", portable=True))
    assert files["records.csv"].splitlines()[1] == "'=1+1,+33170009999,'@x"
