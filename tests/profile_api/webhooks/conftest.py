"""A consumer of webhooks that can be down."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from standardwebhooks import Webhook


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
