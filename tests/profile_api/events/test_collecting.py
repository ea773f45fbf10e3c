import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from segment.analytics.client import Client
from sqlalchemy import Engine, insert, select, text

from contracts.events import CALLS, LARGEST_BATCH, LARGEST_ITEM
from contracts.settings import Settings
from contracts.sources import DEMO_SOURCE, Source, Sources, demo_keys
from profile_api.app import create_app
from read_model.live.erased import Guard
from read_model.live.replay import replay
from stores.schema import inbox, inbox_quarantine
from tests.attacks.listening import listening
from tests.profile_api.people import NOW

TRACK = {"type": "track", "event": "Cart Viewed", "userId": "u1", "messageId": "m1"}
Send = Callable[..., Any]


@pytest.fixture
def send(client: TestClient, api_settings: Settings) -> Send:
    def post(path: str, body: Any, **headers: str) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} | headers
        return client.post(path, content=content, headers=sent, auth=(demo_keys(api_settings).server, ""))

    return post


def kept(engine: Engine) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        rows = connection.execute(select(inbox.c.message_id, inbox.c.record_id).order_by(inbox.c.inbox_id))
        return [tuple(row) for row in rows]


def quarantined(engine: Engine) -> list[bytes]:
    with engine.connect() as connection:
        return list(connection.scalars(select(inbox_quarantine.c.raw).order_by(inbox_quarantine.c.quarantine_id)))


def test_an_accepted_event_is_committed_and_the_same_message_again_counts_once(send: Send, engine: Engine) -> None:
    first, second = send("/v1/events", TRACK), send("/v1/events", TRACK)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == {"success": True, "accepted": 1, "duplicates": 0, "refused": []}
    assert second.json() == {"success": True, "accepted": 0, "duplicates": 1, "refused": []}
    assert kept(engine) == [("m1", f"{DEMO_SOURCE}:u1")]


def test_each_message_of_a_batch_is_judged_by_itself_and_refused_ones_are_kept(send: Send, engine: Engine) -> None:
    bad = {"type": "trick", "userId": "u1"}
    batch = [TRACK, bad, TRACK, {"type": "page", "anonymousId": "a1", "messageId": "m2"}]
    answer = send("/v1/events/batch", {"batch": batch, "sentAt": "2024-05-01T12:00:00Z"})
    assert answer.status_code == 207
    found = answer.json()
    assert (found["success"], found["accepted"], found["duplicates"]) == (False, 2, 1)
    assert [(one["index"], one["status"]) for one in found["refused"]] == [(1, 422)]
    assert "type: expected one of identify" in found["refused"][0]["reason"]
    assert [json.loads(raw) for raw in quarantined(engine)] == [bad]
    assert [message for message, _ in kept(engine)] == ["m1", "m2"]
    assert send("/v1/events/batch", {"batch": [TRACK]}).status_code == 202
    assert send("/v1/events/batch", {"batch": [bad]}).status_code == 422
    for path in ("/v1/batch", "/v1/import"):
        assert send(path, {"batch": [bad, TRACK]}).status_code == 200  # a client library would send both again


def test_the_paths_of_client_libraries_imply_the_type(send: Send, engine: Engine) -> None:
    for call in CALLS:
        answer = send(
            f"/v1/{call}", {"userId": "u1", "messageId": call, "event": "e", "previousId": "a", "groupId": "g"}
        )
        assert (answer.status_code, answer.json()["success"]) == (200, True)
    with engine.connect() as connection:
        assert set(connection.scalars(select(inbox.c.item["type"].astext))) == set(CALLS)


def test_refused_messages_are_read_again_once_the_sources_say_more(send: Send, engine: Engine) -> None:
    send("/v1/events/batch", {"batch": [TRACK | {"messageId": "m7"}, {"type": "trick", "userId": "u1"}]})
    with engine.begin() as connection:  # as if the spec had known of no such type
        columns = {"source": DEMO_SOURCE, "received_at": NOW, "call": None, "reason": "type", "sent_at": None}
        columns["is_server"] = True
        for message in (TRACK | {"messageId": "m8"}, TRACK | {"messageId": "m7"}):
            connection.execute(insert(inbox_quarantine).values(raw=json.dumps(message).encode(), **columns))
    sources = Sources([Source(name=DEMO_SOURCE, server_key_sha256="0" * 64)])
    assert replay(engine, Guard(None, sources), NOW) == {"accepted": 1, "duplicate": 1, "quarantined": 1, "erased": 0}
    assert replay(engine, Guard(None, sources), NOW) == {"accepted": 0, "duplicate": 0, "quarantined": 1, "erased": 0}
    assert [message for message, _ in kept(engine)] == ["m7", "m8"]


NOT_KEPT: list[tuple[str, bytes, int]] = [
    ("/v1/events", json.dumps(TRACK | {"properties": {"x": "y" * LARGEST_ITEM}}).encode(), 413),
    ("/v1/events", b"x" * 70_000, 413),
    ("/v1/events/batch", b"x" * (LARGEST_BATCH + 1), 413),
    ("/v1/batch", b"x" * (LARGEST_BATCH + 1), 413),
    ("/v1/import", b"x" * (LARGEST_BATCH + 1), 413),
    ("/v1/events/batch", json.dumps({"batch": [{"a": 1}] * 10_000}).encode(), 413),
    ("/v1/events/batch", b'{"batch": ' + b"[" * 9_000 + b"]" * 9_000 + b"}", 400),
    ("/v1/events/batch", b'{"batch": 7}', 400),
    ("/v1/events/batch", b"\xff", 400),
    ("/v1/events", b'{"userId": "\\ud800"}', 422),
    ("/v1/events", json.dumps(TRACK | {"userId": "u\x00"}).encode(), 422),
    ("/v1/events", json.dumps(TRACK | {"timestamp": "9999-12-31T23:59:59Z"}).encode(), 422),
    ("/v1/events", json.dumps(TRACK | {"properties": 7}).encode(), 422),
    ("/v1/events", b"[" * 9_000, 422),
    ("/v1/events", b"", 422),
]


def test_what_can_not_be_kept_gets_a_clear_refusal(send: Send, engine: Engine) -> None:
    for path, body, status in NOT_KEPT:
        answer = send(path, body)
        assert answer.status_code == status, body[:60]
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"].startswith("Expected")
    assert kept(engine) == []


def test_a_packed_body_is_unpacked_no_further_than_its_cap(send: Send) -> None:
    packed = gzip.compress(json.dumps(TRACK).encode())
    encoding = {"Content-Encoding": "gzip"}
    assert send("/v1/events", packed, **encoding).json()["accepted"] == 1
    assert send("/v1/events", packed[:-20], **encoding).status_code in (400, 422)
    assert send("/v1/events", b"no gzip", **encoding).status_code == 400
    assert send("/v1/batch", gzip.compress(b"0" * 50_000_000), **encoding).status_code == 413


def test_only_a_write_key_may_send(client: TestClient, engine: Engine, api_settings: Settings) -> None:
    refused = [client.post("/v1/events", json=TRACK, auth=auth) for auth in (None, ("wrong", ""), ("", ""))]
    refused.append(client.post("/v1/batch", json={"batch": [TRACK]}, headers={"Authorization": "Bearer x"}))
    assert {answer.status_code for answer in refused} == {401}
    assert all(answer.json()["type"].endswith("unauthorised") for answer in refused)
    assert kept(engine) == []


def test_global_privacy_control_is_kept_with_the_message(send: Send, engine: Engine) -> None:
    send("/v1/events", TRACK, **{"Sec-GPC": "1"})
    send("/v1/events", TRACK | {"messageId": "m2"})
    with engine.connect() as connection:
        assert list(connection.scalars(select(inbox.c.gpc).order_by(inbox.c.inbox_id))) == [True, False]


def test_without_the_store_nothing_is_accepted(send: Send, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE inbox RENAME TO elsewhere"))
    answer = send("/v1/events", TRACK)
    assert (answer.status_code, answer.json()["type"][-11:]) == (503, "unavailable")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO inbox"))
    assert send("/v1/events", TRACK).json()["accepted"] == 1


@pytest.fixture
def address(api_settings: Settings, engine: Engine, database_url: str) -> Iterator[str]:
    """A live server, as a client library meets it."""
    app = create_app(api_settings, database_url, None, clock=lambda: datetime.now(UTC))
    with listening(app) as served:
        yield served


def test_segments_own_client_library_works_unchanged(address: str, engine: Engine, api_settings: Settings) -> None:
    errors: list[Any] = []
    said = {"host": address, "on_error": lambda error, items: errors.append(error)}
    packed = Client(demo_keys(api_settings).server, gzip=True, **said)
    packed.track(anonymous_id="a2", event="Cart Viewed")
    packed.shutdown()
    library = Client(demo_keys(api_settings).server, **said)
    library.identify("u1", {"email": "ana@inbox.example", "firstName": "Ana"})
    library.track("u1", "Order Completed", {"total": 49.9})
    library.page("u1", "shop", "Lamps", {"path": "/lamps"})
    library.screen("u1", "shop", "Lamps")
    library.alias("a1", "u1")
    library.group("u1", "g1", {"name": "Club"})
    library.shutdown()
    assert errors == []
    with engine.connect() as connection:
        found = connection.execute(select(inbox.c.record_id, inbox.c.item).order_by(inbox.c.inbox_id)).all()
    assert [row.item["type"] for row in found] == ["track", "identify", "track", "page", "screen", "alias", "group"]
    assert {row.record_id for row in found[1:]} == {f"{DEMO_SOURCE}:u1"}
    assert all(row.item["sentAt"] for row in found)
