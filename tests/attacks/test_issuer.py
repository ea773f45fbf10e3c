"""Ledger, service, outgoing: an issuer that hangs holds up nobody, and no token outlives its day."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from sqlalchemy import Engine

from contracts.settings import Settings
from profile_api.app import create_app
from profile_api.http.auth import Verifier
from profile_api.http.keys import DemoIssuer, fetch_keys
from profile_api.responses.errors import Problem
from tests.attacks.listening import listening
from tests.profile_api.people import ANA, NOW, Features

ISSUER, AUDIENCE = "https://issuer.demo.example", "one-customer-view"


KEY = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256", "use": "sig"})


class Neighbour(ThreadingHTTPServer):
    """Answers with the issuer's keys; while it hangs, not at all."""

    daemon_threads = True

    def __init__(self, keys: list[dict[str, Any]] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.hangs, self.asked = threading.Event(), 0
        self.keys = KeySet([KEY]).as_dict(private=False)["keys"] if keys is None else keys
        self.let_go = threading.Event()
        self.address = f"http://127.0.0.1:{self.server_address[1]}/keys"


class _Answers(BaseHTTPRequestHandler):
    server: Neighbour

    def do_GET(self) -> None:
        self.server.asked += 1
        if self.server.hangs.is_set():
            self.server.let_go.wait(30)
            return
        body = json.dumps({"keys": self.server.keys}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    server = Neighbour()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.let_go.set()
    server.shutdown()
    server.server_close()


def _token(key_id: str = "one", now: datetime = NOW, **claims: Any) -> str:
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "claire", "role": "advisor", "iat": int(now.timestamp())}
    said |= {"exp": int((now + timedelta(hours=1)).timestamp())} | claims
    return jwt.encode({"alg": "ES256", "kid": key_id}, said, KEY, ["ES256"])


def test_an_issuer_that_hangs_holds_up_nobody(
    api_settings: Settings, database_url: str, engine: Engine, neighbour: Neighbour
) -> None:
    neighbour.hangs.set()
    real = api_settings.model_copy(update={"jwks_url": neighbour.address, "demo": False})
    app = create_app(real, database_url, Features(), clock=lambda: NOW)
    with listening(app) as address, httpx.Client(base_url=address, timeout=30) as client:
        answers: list[int] = []

        def ask(number: int) -> None:
            sent = {"Authorization": f"Bearer {_token(f'unknown-{number}')}", "Purpose": "service"}
            answers.append(httpx.get(f"{address}/v1/profiles/{ANA}", headers=sent, timeout=30).status_code)

        asking = [threading.Thread(target=ask, args=[number]) for number in range(8)]
        for one in asking:
            one.start()
        while neighbour.asked == 0:
            time.sleep(0.01)
        assert client.get("/v1/health").status_code == 200
        assert answers == [], "health answered while all of these still waited for the issuer"
        neighbour.let_go.set()
        for one in asking:
            one.join()
        assert answers == [503] * 8
        assert neighbour.asked == 1, "one fetch for all of them"


def test_known_keys_serve_on_while_the_issuer_hangs_and_unknown_key_ids_do_not_ask_it_each_time(
    api_settings: Settings, database_url: str, engine: Engine, neighbour: Neighbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = api_settings.model_copy(update={"jwks_url": neighbour.address, "demo": False})
    client = TestClient(create_app(real, database_url, Features(), clock=lambda: NOW), raise_server_exceptions=False)

    def status(token: str) -> int:
        sent = {"Authorization": f"Bearer {token}", "Purpose": "service"}
        return int(client.get(f"/v1/profiles/{ANA}", headers=sent).status_code)

    assert status(_token()) == 404, "the first request waits for the first keys, and is let in"
    assert [status(_token(f"unknown-{number}")) for number in range(20)] == [401] * 20
    assert neighbour.asked == 1
    neighbour.hangs.set()
    monkeypatch.setattr("profile_api.http.keys.FRESH", -1.0)
    monkeypatch.setattr("profile_api.http.keys.RETRY", -1.0)
    assert [status(_token(sub=f"claire-{number}")) for number in range(3)] == [404] * 3
    assert neighbour.asked <= 2


def test_a_key_that_we_do_not_know_costs_the_issuers_others_nothing(neighbour: Neighbour) -> None:
    neighbour.keys = [{"kty": "AKP", "kid": "new"}, {"kty": "EC", "crv": "P-0", "x": "", "y": ""}, *neighbour.keys]
    assert [key.kid for key in fetch_keys(neighbour.address).keys] == ["one"]


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int((NOW + timedelta(days=365 * 50)).timestamp())},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": int((NOW + timedelta(days=30)).timestamp()), "iat": float("nan")},
        {"iat": 0},
        {"iat": int((NOW - timedelta(days=2)).timestamp())},
        {"nbf": int((NOW + timedelta(minutes=1)).timestamp())},
    ],
)
def test_no_token_is_good_for_longer_than_the_settings_say_or_before_its_time(
    claims: dict[str, Any], issuer: DemoIssuer
) -> None:
    class Given:
        def current(self, key_id: str | None) -> KeySet:
            return KeySet([KEY])

        def last_renewal(self) -> None: ...

    verifier = Verifier(Given(), ISSUER, AUDIENCE, lambda: NOW)
    assert verifier.actor(_token()).subject == "claire"
    with pytest.raises(Problem):
        verifier.actor(_token(**claims))
    with pytest.raises(Problem):
        Verifier(Given(), ISSUER, AUDIENCE, lambda: NOW, longest=60).actor(_token())
