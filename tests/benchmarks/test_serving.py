"""The client and the figures of the serving benchmarks; the servers themselves are not started here."""

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.faults import Told, counted, message
from benchmarks.serving.__main__ import figures
from benchmarks.serving.client import Plan, load, requests


def test_requests_are_about_people_drawn_at_random_and_repeat_with_their_seed() -> None:
    plan = Plan(1, "POST", "/v1/profiles/{id}", 1, 1_000, {"Purpose": "service"}, '{"email": "{email}"}')
    made = [one for one, _ in zip(requests(plan), range(50), strict=False)]
    assert made == [one for one, _ in zip(requests(plan), range(50), strict=False)]
    assert len(set(made)) > 40 and b"{" not in b"".join(made).replace(b'{"email"', b"")
    head, _, body = made[0].partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head and b"Purpose: service" in head


@pytest.mark.parametrize("rate", [0.0, 200.0])
def test_the_client_counts_every_answer(rate: float) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200 if "/p_" in self.path else 500)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    plan = Plan(server.server_port, "GET", "/{id}", 0.3, 10, rate=rate, connections=2, warm=0.0)
    found = asyncio.run(load(plan))
    server.shutdown()
    server.server_close()
    assert set(found["statuses"]) == {"200"} and len(found["times"]) == found["statuses"]["200"]
    if rate:
        assert 55 <= len(found["times"]) <= 60
    assert figures([found, found])["statuses"]["200"] == 2 * len(found["times"])


def test_the_count_tells_lost_doubled_and_half_kept_events_apart() -> None:
    class Store:
        def __init__(self, kept: list[str], shown: list[str]) -> None:
            self.rows = {"SELECT message_id FROM inbox": kept, "SELECT event_id FROM timeline": shown}

        def connect(self) -> "Store":
            return self

        __enter__ = connect

        def __exit__(self, *_: object) -> None:
            pass

        def scalar(self, statement: object) -> int:
            return 0

        def scalars(self, statement: object) -> list[str]:
            return self.rows[str(statement)]

    ids = {number: [message(number, part)["messageId"] for part in range(2)] for number in (1, 2, 3)}
    told = Told(sizes={1: 2, 2: 2, 3: 2}, acknowledged={1, 2})
    kept = [*ids[1], ids[2][0], ids[3][0], ids[3][0]]
    found = counted(Store(kept, [f"web:{one}" for one in ids[1]]), told)  # type: ignore[arg-type]  # stands in for it
    assert {name: count for name, count in found.items() if count} == {
        "sent": 6,
        "acknowledged": 4,
        "lost": 1,
        "twice": 1,
        "not shown": 2,
        "unacknowledged and there": 1,
        "unacknowledged and half there": 1,
        "acknowledged and half there": 1,
    }
