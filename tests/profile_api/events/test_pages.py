"""Pages of other sites send with a browser's key: CORS for collection alone, origins per source, no key is kept."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr, ValidationError
from sqlalchemy import Engine, select, text

from contracts.assurance import Proof
from contracts.settings import Settings
from contracts.sources import Source, Sources, key_hash
from profile_api.app import create_app
from profile_api.http.collection import COLLECTION
from stores import schema
from tests.profile_api.people import NOW

BROWSER, SERVER, OTHER = "browser-key-of-the-shop", "server-key-of-the-shop", "browser-key-of-the-blog"
SHOP = Source(
    name="shop",
    browser_key_sha256=key_hash(BROWSER),
    server_key_sha256=key_hash(SERVER),
    user_secret=SecretStr("a-secret-of-the-site-that-nobody-else-has"),
    origins=["https://shop.example", "http://localhost:*"],
)
BLOG = Source(name="blog", browser_key_sha256=key_hash(OTHER), origins=["https://blog.example"])
PAGE = {"type": "page", "anonymousId": "b-1", "messageId": "m-1"}
TEXT = {"Content-Type": "text/plain"}


@pytest.fixture
def client(api_settings: Settings, engine: Engine, database_url: str) -> TestClient:
    app = create_app(api_settings, database_url, None, clock=lambda: NOW)
    app.state.sources = sources = Sources([SHOP, BLOG])
    for one in app.user_middleware:
        if "sources" in one.kwargs:
            one.kwargs["sources"] = sources
    return TestClient(app, raise_server_exceptions=False)


def preflight(client: TestClient, path: str, origin: str, **more: str) -> Any:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    return client.options(path, headers=asked | more)


def everything(engine: Engine) -> str:
    with engine.connect() as connection:
        names = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        return " ".join(str(connection.execute(text(f'SELECT * FROM "{name}"')).all()) for name in names)


@pytest.mark.parametrize("path", sorted(COLLECTION))
def test_a_preflight_of_collection_is_answered_without_credentials(client: TestClient, path: str) -> None:
    for origin in ("https://shop.example", "https://blog.example", "http://localhost:5173", "http://localhost"):
        answer = preflight(client, path, origin)
        said = {name: value for name, value in answer.headers.items() if name.startswith("access-control")}
        assert answer.status_code == 204, origin
        assert said["access-control-allow-origin"] == origin
        assert said["access-control-allow-methods"] == "POST"
        assert {"content-type", "authorization"} <= set(said["access-control-allow-headers"].split(", "))
        assert "access-control-allow-credentials" not in said and answer.headers["vary"] == "Origin"


NOT_OURS = ["https://shop.example.evil.example", "http://shop.example", "https://shop.example:8443", "null", "*"]
NOT_OURS += [
    "https://SHOP.example",
    "https://shop.example/",
    "https://evil.example",
    "http://localhost.evil.example:80",
]


@pytest.mark.parametrize("origin", NOT_OURS)
def test_a_page_of_another_origin_is_told_nothing_and_keeps_nothing(
    client: TestClient, engine: Engine, origin: str
) -> None:
    assert preflight(client, "/v1/track", origin).status_code == 403
    answer = client.post("/v1/p", json=PAGE | {"writeKey": BROWSER}, headers={"Origin": origin})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (403, "origin-not-allowed")
    assert not [name for name in answer.headers if name.startswith("access-control")]
    with engine.connect() as connection:
        assert connection.scalars(select(schema.inbox.c.message_id)).all() == []


@pytest.mark.parametrize(
    "path", ["/v1/profiles/lookup", "/v1/health", "/v1/bot/context", "/advisor", "/mcp", "/v1/webhooks"]
)
def test_no_other_path_is_for_pages_of_other_origins(client: TestClient, path: str) -> None:
    answer = preflight(client, path, "https://shop.example")
    assert answer.status_code in (401, 404, 405)
    asked = client.post(path, json={}, headers={"Origin": "https://shop.example"})
    for one in (answer, asked):
        assert not [name for name in one.headers if name.startswith("access-control")]


def test_each_source_has_pages_of_its_own(client: TestClient) -> None:
    for key, own, foreign in ((BROWSER, "https://shop.example", "https://blog.example"),
                              (OTHER, "https://blog.example", "https://shop.example")):  # fmt: skip
        sent = PAGE | {"writeKey": key}
        good = client.post("/v1/p", json=sent, headers={"Origin": own})
        assert good.status_code == 200 and good.headers["access-control-allow-origin"] == own
        assert client.post("/v1/p", json=sent, headers={"Origin": foreign}).status_code == 403


def test_an_error_can_be_read_by_the_page_too(client: TestClient) -> None:
    origin = {"Origin": "https://shop.example"}
    for body, status in (({"writeKey": "unknown"}, 401), ({"writeKey": BROWSER, "type": "trick"}, 422)):
        answer = client.post("/v1/events", json=body, headers=origin)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, origin["Origin"])
    assert client.post("/v1/p", content=b"x" * 70_000, headers=origin).headers["access-control-allow-origin"]


def test_a_servers_key_in_a_page_is_refused_and_the_page_is_told(client: TestClient, engine: Engine) -> None:
    answer = client.post("/v1/p", json=PAGE | {"writeKey": SERVER}, headers={"Origin": "https://shop.example"})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (403, "server-key-in-a-page")
    assert SERVER not in answer.text and SERVER not in everything(engine)


SHORT = {"t": "track", "i": "identify", "p": "page", "a": "alias", "g": "group", "s": "screen"}


@pytest.mark.parametrize("path", SHORT)
def test_short_paths_imply_the_type(client: TestClient, engine: Engine, path: str) -> None:
    said = {"anonymousId": "b-1", "messageId": path, "event": "Seen", "previousId": "a", "groupId": "g-7"}
    answer = client.post(f"/v1/{path}", content=json.dumps(said | {"writeKey": BROWSER}), headers=TEXT)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1), answer.text
    with engine.connect() as connection:
        (item,) = connection.scalars(select(schema.inbox.c.item))
    assert item["type"] == SHORT[path] and "writeKey" not in item


def test_a_batch_may_hold_the_key_in_its_envelope_or_in_its_messages(client: TestClient, engine: Engine) -> None:
    for number, path in enumerate(("/v1/b", "/v1/batch", "/v1/import")):
        message = PAGE | {"messageId": f"m{number}"}
        bodies = [{"batch": [message], "writeKey": BROWSER}, {"batch": [message | {"writeKey": BROWSER}]}]
        assert [client.post(path, content=json.dumps(one), headers=TEXT).json()["accepted"] for one in bodies] == [1, 0]
    with engine.connect() as connection:
        assert set(connection.scalars(select(schema.inbox.c.proof))) == {Proof.NONE}


@pytest.mark.parametrize(
    "body",
    [
        PAGE,
        {"batch": [PAGE]},
        {"batch": [PAGE | {"writeKey": BROWSER}, PAGE | {"writeKey": OTHER}]},
        {"batch": [PAGE], "writeKey": "unknown"},
        {"batch": [PAGE], "writeKey": 7},
        {"batch": [PAGE], "writeKey": None},
        {"batch": [{"properties": {"writeKey": BROWSER}}]},
        [PAGE],
        "x",
    ],
)
def test_without_one_key_that_is_known_nobody_sends(client: TestClient, engine: Engine, body: Any) -> None:
    for path in ("/v1/batch", "/v1/events"):
        assert client.post(path, content=json.dumps(body), headers=TEXT).status_code == 401
    assert client.post("/v1/b", content=b"\xff{", headers=TEXT).status_code == 401
    with engine.connect() as connection:
        assert connection.scalars(select(schema.inbox.c.message_id)).all() == []


def test_the_key_is_neither_kept_nor_logged(
    client: TestClient, engine: Engine, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    keyed = {"writeKey": BROWSER}
    bodies: list[tuple[str, bytes]] = [
        ("/v1/p", json.dumps(PAGE | keyed).encode()),
        ("/v1/p", json.dumps(PAGE | keyed | {"anonymousId": ""}).encode()),
        ("/v1/b", json.dumps({"batch": [PAGE | keyed, {"type": "trick"} | keyed]} | keyed).encode()),
        ("/v1/b", b'{"writeKey":"KEY","batch":[{"event":"\\ud83d","writeKey":"KEY","anonymousId":"b"}]}'),
        ("/v1/t", b'{"writeKey":"KEY","event":"\\ud83d","anonymousId":"b"}'),
        ("/v1/b", json.dumps({"batch": [[keyed], {"type": "x", "context": {"a": keyed}}], **keyed}).encode()),
    ]  # fmt: skip
    for path, body in bodies:
        client.post(path, content=body.replace(b"KEY", BROWSER.encode()), headers=TEXT)
    with engine.connect() as connection:
        assert len(connection.scalars(select(schema.inbox_quarantine.c.raw)).all()) >= 4
        for raw in connection.scalars(select(schema.inbox_quarantine.c.raw)):
            assert BROWSER.encode() not in raw, raw
    assert BROWSER not in everything(engine)
    told = capfd.readouterr()
    assert BROWSER not in told.out + told.err + caplog.text


def test_how_a_library_fares_is_kept_nowhere(client: TestClient, engine: Engine) -> None:
    before = everything(engine)
    body = {"series": [{"type": "Counter", "metric": "analytics_js.invoke", "value": 1, "tags": {}}]}
    answer = client.post("/v1/m", content=json.dumps(body), headers=TEXT | {"Origin": "https://shop.example"})
    assert answer.status_code == 200 and answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert client.post("/v1/m", content=b"\xff\x00").status_code == 200
    assert everything(engine) == before


@pytest.mark.parametrize(
    "origin", ["https://shop.example/", "https://*", "*", "shop.example", "https://Shop.example", ""]
)
def test_what_is_no_origin_is_refused_in_a_source(origin: str) -> None:
    with pytest.raises(ValidationError):
        Source(name="x", browser_key_sha256="0" * 64, origins=[origin])
