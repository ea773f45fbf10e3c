"""One malformed request never fails another's: each is answered for what it sent, whatever the order of its keys."""

import json
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, text

from contracts.settings import Settings
from contracts.sources import demo_keys
from read_model.live.inbox import Inbox
from stores.schema import inbox, timeline
from tests.attacks.site import Site

SURROGATE = rb'{"type":"track","event":"\ud83d","userId":"u"}'
GOOD = b'{"type":"track","event":"Seen","userId":"good"}'
SENT = [b'{"a":1}', b"1709287200000", b'"yesterday"', b"[]", b"true", b"null", b'"\\ud83d"', b"1e999", b"-0.0", b'""']
CONTEXT = [b'{"a":"\\ud83d"}', b"[]", b"7", b'"x"', b'{"consent":{"categoryPreferences":{"\\ud83d":false}}}']


def envelopes() -> Iterator[bytes]:
    """Every part that may be wrong, alone and together, in every order."""
    for batch in (SURROGATE, SURROGATE + b"," + GOOD, GOOD):
        for sent in SENT:
            for context in CONTEXT:
                parts = (b'"batch":[' + batch + b"]", b'"sentAt":' + sent, b'"context":' + context)
                for order in permutations(parts):
                    yield b"{" + b",".join(order) + b"}"


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> int:
    """The writer waits for all requests of a test: they share one commit."""
    many = 24
    whole = Inbox._write_for_ever

    def waiting(self: Inbox) -> None:
        for _ in range(200):  # those that are answered at once never come
            if self._queue.qsize() >= many:
                break
            time.sleep(0.01)
        whole(self)

    monkeypatch.setattr(Inbox, "_write_for_ever", waiting)
    return many


@pytest.mark.parametrize(
    "malformed",
    [
        b'{"batch":[' + SURROGATE + b'],"sentAt":{"a":1}}',
        b'{"sentAt":{"a":1},"batch":[' + SURROGATE + b"]}",
        b'{"batch":[' + GOOD.replace(b"good", b"other") + b'],"sentAt":1709287200000}',
        b'{"batch":[' + SURROGATE + b'],"context":{"a":"\\ud83d"},"sentAt":"2024-05-01T12:00:00Z"}',
        b'{"batch":[{"type":"page","userId":"a\\u0000b"},' + GOOD.replace(b"good", b"other") + b"]}",
        b'{"batch":[{"type":"page","userId":"other","sentAt":{"a":1}}]}',
        b'{"batch":[{"type":"page","userId":"other","properties":{"a":1e400}}]}',
    ],
)
def test_senders_who_share_a_commit_with_malformed_requests_are_all_kept(
    client: TestClient, api_settings: Settings, engine: Engine, together: int, malformed: bytes
) -> None:
    headers = {"Authorization": "Basic " + b64encode(f"{demo_keys(api_settings).server}:".encode()).decode()}
    asked = [
        malformed if number in (3, 11) else json.dumps({"batch": [json.loads(GOOD) | {"messageId": f"g{number}"}]})
        for number in range(together)
    ]

    def send(body: bytes | str) -> int:
        return client.post("/v1/batch", content=body, headers=headers).status_code

    with ThreadPoolExecutor(together) as pool:
        answers = list(pool.map(send, asked))
    assert {answer for body, answer in zip(asked, answers, strict=True) if body is not malformed} == {200}
    assert {answer for body, answer in zip(asked, answers, strict=True) if body is malformed} <= {200, 400, 422}
    with engine.connect() as connection:
        kept = set(connection.scalars(select(inbox.c.message_id)))
    assert {f"g{number}" for number in range(together) if number not in (3, 11)} <= kept


def test_a_row_that_the_database_refuses_costs_its_own_request_alone(
    client: TestClient, api_settings: Settings, engine: Engine, together: int
) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE inbox ADD CONSTRAINT odd CHECK (message_id <> 'odd')"))
    auth = (demo_keys(api_settings).server, "")

    def send(number: int) -> int:
        message = json.loads(GOOD) | {"messageId": "odd" if number in (5, 6) else f"g{number}"}
        return client.post("/v1/events", json=message, auth=auth).status_code

    with ThreadPoolExecutor(together) as pool:
        answers = list(pool.map(send, range(together)))
    assert [number for number, answer in enumerate(answers) if answer != 202] == [5, 6]
    assert answers[5] == answers[6] == 400


def test_whatever_the_envelope_says_it_is_answered_and_what_is_accepted_is_shown(site: Site) -> None:
    auth = (site.keys.server, "")
    taken = 0
    for number, body in enumerate(envelopes()):
        body = body.replace(b'"userId":"good"', b'"messageId":"g%d","userId":"good"' % number)
        answer = site.client.post("/v1/batch", content=body, auth=auth)
        assert answer.status_code in (200, 400, 422), body
        said: dict[str, Any] = answer.json()
        taken += said.get("accepted", 0)
    site.project()
    with site.engine.connect() as connection:
        shown = list(connection.scalars(select(timeline.c.event_id).where(timeline.c.record_id.like("%:good"))))
        assert connection.scalars(select(inbox.c.problem).where(inbox.c.problem.is_not(None))).all() == []
    assert len(shown) == taken > 100
