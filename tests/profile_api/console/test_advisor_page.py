"""The advisor's page in a real browser: what an advisor does, by mouse, by keyboard and by screen reader."""

import shutil
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import Engine, select

from consent.model import Role
from profile_api.http.keys import DemoIssuer
from stores.schema import audit, milestones_seen
from tests.profile_api.people import ANA, ANA_EMAIL, NOW, decide_consent

ARGUMENTS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.fail("expected Chromium for the page's tests, found none; apt-get install -y chromium")
    more = ["--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=[*ARGUMENTS.split(), *more])
        yield launched
        launched.close()


@pytest.fixture
def address(client: TestClient) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # who comes before the server has started waits for it
        server = uvicorn.Server(uvicorn.Config(client.app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def page(browser: Browser, address: str, issuer: DemoIssuer) -> Iterator[Page]:
    """A browser with an advisor signed in; a complaint of its console fails the test."""
    opened = browser.new_page(viewport={"width": 1280, "height": 1000})
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(f"{address}/advisor")
    opened.get_by_label("Token").fill(issuer.token(Role.ADVISOR, NOW))
    opened.get_by_role("button", name="Sign in").click()
    expect(opened.get_by_label("Value")).to_be_visible()
    opened.wait_for_load_state()  # a form sent before the scripts are there loads a whole page
    yield opened
    opened.close()
    assert [complaint for complaint in complaints if "status of 4" not in complaint] == []


def _find(page: Page, value: str = ANA_EMAIL) -> None:
    page.get_by_label("Value").fill(value)
    page.get_by_role("button", name="Find").click()


def test_an_advisor_finds_a_person_and_no_identifier_is_in_the_address(page: Page) -> None:
    _find(page)
    expect(page.get_by_role("heading", name="Ana Durand")).to_be_visible()
    expect(page.get_by_text("Orders (30 days)")).to_be_visible()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    assert page.url.endswith("/advisor")
    assert "secret" not in page.content()


def test_provenance_shows_on_hover_and_on_focus_and_hides_on_escape(page: Page) -> None:
    _find(page)
    street = page.get_by_role("button", name="12 rue des Lilas")
    source = page.locator("#source-street")
    expect(source).to_be_hidden()
    street.hover()
    expect(source).to_be_visible()
    for shown in ("crm:42", "5 Jan 2024", "Most recent", "3 place Haute"):
        expect(source).to_contain_text(shown)
    page.mouse.move(1, 1)
    expect(source).to_be_hidden()
    street.focus()
    expect(source).to_be_visible()
    page.keyboard.press("Escape")
    expect(source).to_be_hidden()
    assert "rue des Lilas" not in str(page.get_by_role("button", name="Find").get_attribute("aria-describedby"))


def test_earlier_events_come_on_demand(page: Page) -> None:
    _find(page)
    events = page.locator(".timeline time")
    expect(events).to_have_count(20)
    page.get_by_role("button", name="Earlier").click()
    expect(events).to_have_count(30)
    expect(page.get_by_role("button", name="Earlier")).to_have_count(0)


def test_another_purpose_shows_another_view_and_why(page: Page, engine: Engine) -> None:
    decide_consent(engine, "marketing_email", "refused")
    _find(page)
    page.get_by_label("Shown for").select_option("marketing_email")
    expect(page.get_by_role("heading", name="Name withheld or unknown")).to_be_visible()
    expect(page.get_by_text("has not consented to marketing_email")).to_be_visible()
    assert "Lilas" not in page.content() and "Durand" not in page.content()


def test_what_was_just_shown_answers_at_once(page: Page) -> None:
    page.evaluate(
        """() => new MutationObserver((_, watching) => {
            const shown = document.querySelector("#person select");
            if (!shown) return;
            watching.disconnect();
            shown.value = "advice";
            shown.dispatchEvent(new Event("change", {bubbles: true}));
        }).observe(document.querySelector("#person"), {childList: true})"""
    )
    _find(page)
    expect(page.get_by_text("Contact, Sensitive")).to_be_visible()


def test_the_page_goes_through_the_same_gate(page: Page, engine: Engine) -> None:
    _find(page)
    expect(page.get_by_role("heading", name="Ana Durand")).to_be_visible()
    with engine.connect() as connection:
        rows = connection.execute(select(audit).order_by(audit.c.audit_id)).all()
    assert [(row.actor, row.action, row.profile_id) for row in rows] == [
        ("demo-advisor", action, ANA) for action in ("lookup", "features", "timeline", "milestones")
    ]


def test_an_advisor_sees_a_milestone_and_says_so_once(page: Page, engine: Engine) -> None:
    _find(page)
    expect(page.get_by_role("heading", name="Days that count")).to_be_visible()
    expect(page.get_by_text("30 Apr 2024 in UTC, our zone")).to_be_visible()
    page.get_by_role("button", name="Seen: First order").click()
    expect(page.get_by_text("seen 1 May 2024")).to_be_visible()
    expect(page.get_by_role("button", name="Seen: First order")).to_have_count(0)
    with engine.connect() as connection:
        assert connection.scalars(select(milestones_seen.c.seen_by)).all() == ["demo-advisor"]
    page.get_by_label("Shown for").select_option("advice")
    expect(page.get_by_text("Contact, Sensitive")).to_be_visible()
    expect(page.get_by_role("heading", name="Days that count")).to_have_count(0)


def test_a_milestone_that_is_not_there_is_said_plainly(client: TestClient, issuer: DemoIssuer) -> None:
    client.post("/advisor/session", data={"token": issuer.token(Role.ADVISOR, NOW)})
    about = {"profile_id": ANA, "purpose": "service"}
    for seen, years, status in (("anniversary", "5", 409), ("birthday", "", 422), ("anniversary", "x", 422)):
        answer = client.post("/advisor/profile", data=about | {"seen": seen, "years": years})
        assert answer.status_code == status and "Expected a milestone" in answer.text, seen


def test_nobody_found_is_said_plainly(page: Page) -> None:
    _find(page, "nobody@inbox.example")
    expect(page.get_by_role("alert")).to_contain_text("found none")
    _find(page, "<script>alert(1)</script>")
    expect(page.get_by_role("alert")).to_contain_text("local@domain")


def test_the_pages_have_no_accessibility_fault(page: Page, address: str) -> None:
    found = [Axe().run(page)]
    _find(page)
    expect(page.get_by_role("heading", name="Ana Durand")).to_be_visible()
    found.append(Axe().run(page))
    page.get_by_role("button", name="12 rue des Lilas").focus()
    found.append(Axe().run(page))
    _find(page, "nobody@inbox.example")
    expect(page.get_by_role("alert")).to_be_visible()
    found.append(Axe().run(page))
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    found.append(Axe().run(page))
    faults = [(fault["id"], fault["nodes"][0]["html"]) for result in found for fault in result.response["violations"]]
    assert faults == []


def test_a_narrow_screen_does_not_scroll_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    _find(page)
    expect(page.get_by_role("heading", name="Ana Durand")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_page_works_without_scripts(browser: Browser, address: str, issuer: DemoIssuer) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/advisor")
    page.get_by_label("Token").fill(issuer.token(Role.ADVISOR, NOW))
    page.get_by_role("button", name="Sign in").click()
    _find(page)
    expect(page.get_by_role("heading", name="Ana Durand")).to_be_visible()
    assert page.url.endswith("/advisor")
    page.get_by_label("Shown for").select_option("advice")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("Contact, Sensitive")).to_be_visible()
    context.close()


def test_the_token_is_kept_where_no_script_and_no_other_site_reaches_it(client: TestClient, issuer: DemoIssuer) -> None:
    token = issuer.token(Role.ADVISOR, NOW)
    signed_in = client.post("/advisor/session", data={"token": token}, follow_redirects=False)
    cookie = signed_in.headers["set-cookie"].lower()
    assert signed_in.status_code == 303
    assert all(flag in cookie for flag in ("httponly", "samesite=strict", "path=/advisor"))
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        refused = client.post("/advisor", data={"kind": "email", "value": ANA_EMAIL}, headers=headers)
        assert refused.status_code == 403


@pytest.mark.parametrize("role", [Role.BOT, Role.STEWARD, Role.PRIVACY_OFFICER])
def test_the_page_is_for_advisors_alone(client: TestClient, issuer: DemoIssuer, role: Role) -> None:
    refused = client.post("/advisor/session", data={"token": issuer.token(role, NOW)})
    assert refused.status_code == 403 and "set-cookie" not in refused.headers
    client.cookies.set("ocv_advisor", issuer.token(role, NOW), path="/advisor")
    _expect_sign_in(client)


def test_no_form_answers_without_a_sign_in_or_after_it_is_over(client: TestClient, issuer: DemoIssuer) -> None:
    _expect_sign_in(client)
    client.cookies.set("ocv_advisor", issuer.token(Role.ADVISOR, NOW - timedelta(hours=13)), path="/advisor")
    _expect_sign_in(client)


def _expect_sign_in(client: TestClient) -> None:
    assert "Sign in" in client.get("/advisor").text
    form = {"kind": "email", "value": ANA_EMAIL, "profile_id": ANA, "purpose": "service"}
    for page in ("", "/profile", "/timeline"):
        plain = client.post(f"/advisor{page}", data=form, follow_redirects=False)
        assert (plain.status_code, plain.headers["location"]) == (303, "/advisor")
        scripted = client.post(f"/advisor{page}", data=form, headers={"HX-Request": "true"})
        assert (scripted.status_code, scripted.headers["hx-redirect"], scripted.text) == (401, "/advisor", "")
