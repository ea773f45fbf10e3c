"""What Kafka's messages become; the connector itself needs a broker and is not run here."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from read_model.live.erased import Guard
from spark_jobs.kafka_topic import Consumed, consumed_row, keep, main, sorted_messages
from stores.schema import inbox, inbox_quarantine
from tests.read_model.live.collecting import APP, SOURCES

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def consumed(offset: int, value: Any) -> Consumed:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Consumed("events", 0, offset, AT, raw)


def test_a_message_without_an_id_is_named_by_its_place_so_reading_again_adds_nothing(engine: Engine) -> None:
    read = [
        consumed(7, {"type": "page", "userId": "u1"}),
        consumed(8, {"type": "page", "userId": "u1", "messageId": "m"}),
    ]
    assert keep(engine, Guard(None, SOURCES), APP, read) == 2
    assert keep(engine, Guard(None, SOURCES), APP, [*read, consumed(9, b"\xff")]) == 0
    with engine.connect() as connection:
        found = connection.execute(select(inbox.c.message_id, inbox.c.received_at).order_by(inbox.c.inbox_id)).all()
        assert [tuple(row) for row in found] == [("events-0-7", AT), ("m", AT)]
        assert connection.scalar(select(func.count()).select_from(inbox_quarantine)) == 1


def test_a_row_of_the_reader_is_a_message_of_its_instant_and_an_empty_one_is_refused() -> None:
    row = SimpleNamespace(topic="t", partition=1, offset=2, timestamp=datetime(2026, 3, 1, 12), value=None)
    (found,) = sorted_messages([consumed_row(row)], APP)
    assert [one.received_at for one in found.refused] == [AT]


def test_without_a_topic_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="OCV_KAFKA_TOPIC"):
        main([])
