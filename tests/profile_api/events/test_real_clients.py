"""The client libraries of their makers, as they are, in front of the service: what they send is on the timeline."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page
from rudderstack.analytics.client import Client as RudderStack
from segment.analytics.client import Client as Segment
from sqlalchemy import Engine, select

from contracts.settings import Settings
from contracts.sources import DEMO_SOURCE, demo_keys, user_hash
from profile_api.app import create_app
from read_model.live.projection import project, waiting
from stores.schema import consent_events, inbox, inbox_quarantine, records, timeline
from tests.attacks.listening import listening
from tests.profile_api.console.test_advisor_page import browser
from tests.profile_api.events.node_clients import HERE, installed, node

__all__ = ["browser"]
CALLS = ["alias", "group", "identify", "order", "page"]


class Service:
    """The service as a client library meets it; each worker's part is done when asked for."""

    def __init__(self, app: FastAPI, engine: Engine, address: str) -> None:
        self.app, self.engine, self.address = app, engine, address

    def shown(self, record: str | None = None) -> list[str]:
        """The types of events on the timelines, of a record if one is named."""
        with self.engine.begin() as connection:
            while rows := waiting(connection, 200):
                project(connection, rows, self.app.state.sources, datetime.now(UTC))
        with self.engine.connect() as connection:
            assert connection.scalars(select(inbox_quarantine.c.reason)).all() == []
            query = select(timeline.c.document["type"].astext).where(timeline.c.profile_id.is_not(None))
            if record:
                query = query.where(timeline.c.record_id == f"{DEMO_SOURCE}:{record}")
            return sorted(connection.scalars(query))

    def document(self, record: str) -> dict[str, Any]:
        with self.engine.connect() as connection:
            query = select(records.c.document).where(records.c.record_id == f"{DEMO_SOURCE}:{record}")
            found: dict[str, Any] = connection.scalar(query)
            return found

    def proofs(self) -> set[str]:
        with self.engine.connect() as connection:
            return set(connection.scalars(select(inbox.c.proof)))


@pytest.fixture
def service(api_settings: Settings, engine: Engine, database_url: str) -> Iterator[Service]:
    app = create_app(api_settings, database_url, None, clock=lambda: datetime.now(UTC))
    with listening(app) as address:
        yield Service(app, engine, address)


@pytest.mark.parametrize("library", [Segment, RudderStack])
@pytest.mark.parametrize("gzip", [True, False])
def test_the_libraries_for_python_work_unchanged(
    service: Service, api_settings: Settings, library: Callable[..., Any], gzip: bool
) -> None:
    errors: list[Any] = []
    given = {"host": service.address, "gzip": gzip, "max_retries": 0}
    client = library(demo_keys(api_settings).server, on_error=lambda error, items: errors.append(error), **given)
    client.identify("p-7", {"email": "pia@mail.example", "firstName": "Pia"})
    client.track("p-7", "Order Completed", {"order_id": "o-1", "total": 49.9})
    client.page("p-7", "shop", "Lamps", {"path": "/lamps"})
    client.group("p-7", "acme-7", {"name": "Acme"})
    client.alias("p-visitor", "p-7")
    client.shutdown()
    assert errors == []
    assert service.shown("p-7") == CALLS
    assert service.document("p-7")["given_name"] == "Pia"


@pytest.mark.parametrize("library", ["segment", "rudderstack"])
def test_the_libraries_for_node_work_unchanged(service: Service, api_settings: Settings, library: str) -> None:
    ended = node("send.cjs", library, service.address, demo_keys(api_settings).server)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert service.shown("n-7") == CALLS
    assert service.document("n-7")["given_name"] == "Nora"


@contextmanager
def shop() -> Iterator[int]:
    """A site of another origin whose pages hold analytics.js; yields its port."""
    umd = installed() / "@segment" / "analytics-next" / "dist" / "umd"

    class Site(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            name = path.partition("?")[0].removeprefix("/")
            return str(umd / Path(name).name if name.startswith("umd/") else HERE / "page.html")

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Site))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


LOAD = """async ([address, key, strategy, context]) => {
  const host = address.replace("http://", "") + "/v1";
  const settings = { apiKey: key, apiHost: host, protocol: "http", deliveryStrategy: strategy };
  window.analytics = window.AnalyticsNext.AnalyticsBrowser.load(
    { writeKey: key, cdnSettings: { integrations: { "Segment.io": settings } } }, { disableClientPersistence: true });
  await analytics.page("shop", "Lamps");
  await analytics.identify("w-7", { email: "wim@mail.example" }, { context });
  await analytics.track("Product Added", { price: 10 }, { context });
  await analytics.group("acme-7");
  return (await analytics.user()).anonymousId();
}"""


def visit(page: Page, service: Service, key: str, strategy: dict[str, Any], context: dict[str, Any], many: int) -> str:
    """Loads the library in the page and sends; returns the visitor's id once the service has answered."""
    answers: list[int] = []
    page.on("response", lambda one: answers.append(one.status) if f"{service.address}/v1/" in one.url else None)
    anonymous: str = page.evaluate(LOAD, [service.address, key, strategy, context])
    if strategy:
        page.evaluate("() => window.dispatchEvent(new Event('pagehide'))")
    for _ in range(100):
        if len(answers) >= many:
            break
        page.wait_for_timeout(50)
    assert set(answers) <= {200, 204} and len(answers) >= many, answers
    return anonymous


BATCHED = {"strategy": "batching", "config": {"size": 4, "timeout": 200}}


@pytest.mark.parametrize("strategy", [{}, BATCHED], ids=["each by itself", "in batches"])
def test_analytics_js_in_a_page_of_another_origin_delivers(
    service: Service, api_settings: Settings, browser: Browser, strategy: dict[str, Any]
) -> None:
    keys = demo_keys(api_settings)
    signed = {"userHash": user_hash(keys.user_secret, "w-7").decode()}
    consent = {"categoryPreferences": {"personalisation": False}}
    with shop() as port:
        page = browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.goto(f"http://localhost:{port}/")
        visit(page, service, keys.browser, strategy, signed | {"consent": consent}, 1 if strategy else 4)
        page.close()
    assert complaints == []
    assert service.shown() == ["group", "identify", "page", "product_added"]
    assert service.shown("w-7") == ["identify", "product_added"]
    assert service.proofs() == {"none", "signature"}, "a browser's key proves nothing, a signature its user"
    assert {"name": "email", "value": "wim@mail.example"}.items() <= service.document("w-7")["claims"][0].items()
    with service.engine.connect() as connection:
        kept = " ".join(map(str, connection.scalars(select(inbox.c.item))))
        decided = set(connection.execute(select(consent_events.c.identifier, consent_events.c.state)))
    assert keys.browser not in kept and "writeKey" not in kept
    assert decided == {("w-7", "ConsentRefused")}


def test_a_page_of_a_site_that_is_no_source_delivers_nothing(
    service: Service, api_settings: Settings, browser: Browser
) -> None:
    service.app.state.sources.by_name[DEMO_SOURCE].origins.clear()
    with shop() as port:
        page = browser.new_page()
        page.goto(f"http://localhost:{port}/")
        status = page.evaluate(
            """async ([address, key]) => {
              const body = JSON.stringify({ writeKey: key, type: "page", anonymousId: "b-1" });
              navigator.sendBeacon(address + "/v1/p", body);
              return fetch(address + "/v1/p", { method: "POST", body }).then((one) => one.status, () => "blocked");
            }""",
            [service.address, demo_keys(api_settings).browser],
        )
        page.close()
    assert status == "blocked" and service.shown() == []


def test_what_a_page_sends_as_it_is_left_arrives_as_plain_text(
    service: Service, api_settings: Settings, browser: Browser
) -> None:
    with shop() as port:
        page = browser.new_page()
        page.goto(f"http://localhost:{port}/")
        with page.expect_response(lambda one: one.url.endswith("/v1/b")) as answered:
            page.evaluate(
                """([address, key]) => navigator.sendBeacon(address + "/v1/b",
                  JSON.stringify({ writeKey: key, batch: [{ type: "page", anonymousId: "b-1" }] }))""",
                [service.address, demo_keys(api_settings).browser],
            )
        assert answered.value.request.headers["content-type"].startswith("text/plain")
        page.close()
    assert service.shown() == ["page"]
