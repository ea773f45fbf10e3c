"""Whom a request's messages name is looked for in its own time: the writer is one for all."""

import json
import threading

import pytest
from sqlalchemy import Engine, select

from consent.tombstones.digests import bury, tombstones_of
from contracts.identifiers import Identifier
from contracts.sources import Sender
from read_model.live import erased
from read_model.live.erased import Guard
from read_model.live.inbox import Inbox
from read_model.live.messages import Arrival, Sorted, sort_messages
from stores.schema import inbox
from tests.read_model.live.collecting import SOURCES
from tests.read_model.live.test_live_records import NOW

EVE = Identifier("email", "eve@inbox.example")


def of(*addresses: str) -> Sorted:
    source = SOURCES.by_name["app"]
    raws = [
        json.dumps({"type": "track", "event": "Seen", "anonymousId": "a1", "properties": {"to": one}}).encode()
        for one in addresses
    ]
    return sort_messages(list(raws), Arrival(Sender(source, False), NOW))


def test_once_somebody_was_erased_messages_are_looked_through_before_the_writer_has_them(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    real = erased.named_in_raw

    def noted(*args: object) -> object:
        looked.append(threading.current_thread().name)
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(erased, "named_in_raw", noted)
    box = Inbox(engine, Guard(b"key", SOURCES))
    try:
        for expected in ([], ["inbox"], ["MainThread"]):
            if expected == ["inbox"]:
                with engine.begin() as connection:
                    bury(connection, tombstones_of(b"key", [EVE], []), "e_1", NOW)
            looked.clear()
            found = of("ana@inbox.example", "EVE@inbox.example.")
            box.look(found)
            box.keep(found).result(timeout=30)
            assert looked == expected * 2
    finally:
        box.close()
    with engine.connect() as connection:
        said = [item["properties"]["to"] for item in connection.scalars(select(inbox.c.item))]
    assert sorted(said) == ["EVE@inbox.example.", *["ana@inbox.example"] * 3], "hers of before she was erased alone"
