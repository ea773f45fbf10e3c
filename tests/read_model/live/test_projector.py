import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from redis.exceptions import RedisError
from sqlalchemy import Engine, func, select, text

from read_model.live import projector
from read_model.live.projector import projecting
from stores.schema import features_due, inbox, timeline
from tests.read_model.live.collecting import SOURCES, accept, owner, project_all


class Online:
    """An online store that remembers; it fails while `broken` is set."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}
        self.broken = False

    def write_many(self, rows: Any) -> None:
        if self.broken:
            raise RedisError("gone")
        self.rows |= {profile_id: views for profile_id, views, _ in rows}

    def forget(self, profile_id: str) -> bool:
        return self.rows.pop(profile_id, None) is not None


def now() -> datetime:
    return datetime.now(UTC)


def until(true: Callable[[], bool]) -> float:
    """Waits for it, and says how long."""
    start = time.perf_counter()
    while not true():
        assert time.perf_counter() - start < 120
        time.sleep(0.002)
    return time.perf_counter() - start


def events(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(timeline)) or 0)


def due(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(features_due)) or 0)


def test_an_accepted_event_is_in_the_timeline_and_the_features_at_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "IDLE", 5.0)
    online = Online()
    with projecting(engine, SOURCES, online):
        accept(engine, now(), {"userId": "u1"})
        until(lambda: bool(online.rows))
        profile = owner(engine, "app:u1")
        accept(engine, now(), {"userId": "u1", "event": "Order Completed", "properties": {"total": 49.9}})
        waited = until(lambda: online.rows[profile]["features_value"]["lifetime_amount"] == 49.9)
        until(lambda: due(engine) == 0)
    assert waited < projector.IDLE, "woken, not polled"


def test_one_projector_works_and_the_next_goes_on_when_it_ends(engine: Engine) -> None:
    first, second = Online(), Online()
    with projecting(engine, SOURCES, second):
        with projecting(engine, SOURCES, first):
            accept(engine, now(), *[{"userId": f"u{number}"} for number in range(50)])
            until(lambda: events(engine) == 50 and due(engine) == 0)
            assert not (first.rows and second.rows)
        with engine.begin() as connection:  # whoever leads now loses its session, as when a server is killed
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
            )
        accept(engine, now(), {"userId": "u50"})
        until(lambda: events(engine) == 51 and due(engine) == 0)
    assert len(first.rows | second.rows) == 51


def test_without_the_online_store_events_go_on_and_features_follow_later(engine: Engine) -> None:
    online = Online()
    online.broken = True
    with projecting(engine, SOURCES, online):
        accept(engine, now(), {"userId": "u1"}, {"userId": "u2"})
        until(lambda: events(engine) == 2)
        assert (online.rows, due(engine)) == ({}, 2)
        online.broken = False
        until(lambda: due(engine) == 0)
    assert set(online.rows) == {owner(engine, "app:u1"), owner(engine, "app:u2")}


def test_a_flood_about_one_person_is_not_held_up_by_computing_their_features_after_every_batch(engine: Engine) -> None:
    class Slow(Online):
        times = 0

        def write_many(self, rows: Any) -> None:
            self.times += 1
            time.sleep(1.0)
            super().write_many(rows)

    online = Slow()
    accept(engine, now(), *[{"userId": "u1"} for _ in range(2_000)])
    with projecting(engine, SOURCES, online):
        until(lambda: events(engine) == 2_000 and due(engine) == 0)
    assert online.times < 6, "ten batches"
    assert online.rows[owner(engine, "app:u1")]


def test_a_message_that_breaks_its_batch_is_a_dead_letter_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(engine, now(), {"userId": "u1"})
    project_all(engine, now())
    with engine.begin() as connection:  # a half-made state that no code of ours would leave
        connection.execute(text("DELETE FROM records"))
    accept(engine, now(), {"userId": "u1"}, {"userId": "u2"})
    threads = threading.active_count()
    with projecting(engine, SOURCES, Online()):
        until(lambda: events(engine) == 2)
    with engine.connect() as connection:
        problems = connection.execute(select(inbox.c.record_id).where(inbox.c.problem.is_not(None))).all()
    assert [row.record_id for row in problems] == ["app:u1"]
    assert threading.active_count() <= threads
