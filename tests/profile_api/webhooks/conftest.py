"""A consumer of webhooks that can be down, and what delivers to it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from standardwebhooks import Webhook

from consent.loading import published_policies
from consent.model import Role
from consent.purposes import published_purposes
from profile_api.access.gate import Gate
from profile_api.access.throttle import Unlimited
from profile_api.webhooks.worker import Poster, Worker
from read_model.outbox.emitting import emit
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, NOW


class Consumer:
    """Keeps what it was sent and answers with `status`."""

    def __init__(self) -> None:
        self.status, self.requests = 204, list[tuple[dict[str, str], bytes]]()
        consumer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                consumer.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(consumer.status)
                self.send_header("location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()

    def verified(self, secret: str) -> list[dict[str, Any]]:
        """Every body, after the check of its signature that Standard Webhooks prescribes."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.requests]


@pytest.fixture
def consumer() -> Iterator[Consumer]:
    opened = Consumer()
    yield opened
    opened.server.shutdown()
    opened.server.server_close()


Subscribe = Callable[..., str]
ALL = ["profile.updated", "profile.merged", "profile.unmerged", "consent.changed"]


class Clock:
    """Real time, so that signatures are fresh, and whatever was added to it."""

    ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def worker(engine: Engine, clock: Clock) -> Worker:
    gate = Gate(engine, None, published_policies(), published_purposes(), lambda: NOW, Unlimited())
    return Worker(engine, gate, Poster(demo=True), clock)


@pytest.fixture
def officer(headers: Headers) -> dict[str, str]:
    return headers(Role.PRIVACY_OFFICER, "legal_obligation")


@pytest.fixture
def subscribe(client: TestClient, officer: dict[str, str], consumer: Consumer) -> Subscribe:
    """Subscribes the consumer; returns the secret."""

    def of(purpose: str = "service", kinds: list[str] = ALL, **more: Any) -> str:
        wanted = {"url": consumer.url, "kinds": kinds, "purpose": purpose, **more}
        answer = client.post("/v1/webhooks", json=wanted, headers=officer)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["secret"])

    return of


@pytest.fixture
def tell(engine: Engine, clock: Clock) -> Callable[..., None]:
    def event(kind: str = "profile.updated", profile_id: str = ANA, **data: Any) -> None:
        changed = {"categories": ["contact", "identity"]} if kind == "profile.updated" else {}
        with engine.begin() as connection:
            emit(connection, kind, profile_id, clock(), {**changed, **data})

    return event
