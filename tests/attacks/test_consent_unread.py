"""Consent: an accepted message that can't be read any more when its turn comes still refuses what it refused."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from contracts.sources import Sources
from read_model.live.projection import project, waiting
from stores.schema import consent_events, inbox, timeline
from tests.profile_api.people import NOW
from tests.read_model.live.collecting import APP, SHOP, SOURCES, accept, signed

NO = {"context": {"consent": {"categoryPreferences": {"personalisation": False, "analytics": True}}}}
REFUSED = [("personalisation", "ConsentRefused")]


def shown(engine: Engine, sources: Sources) -> None:
    with engine.begin() as connection:
        project(connection, waiting(connection, 100), sources, NOW)


def decided(engine: Engine, kind: str, value: str) -> list[tuple[str, str]]:
    of = consent_events.c
    query = select(of.purpose, of.state).where(of.identifier_kind == kind, of.identifier == value)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(of.sequence))]


def spoilt(engine: Engine, **said: Any) -> None:
    """As a stricter contract would find them."""
    with engine.begin() as connection:
        connection.execute(text("update inbox set item = item || cast(:said as jsonb)"), {"said": json.dumps(said)})


def test_a_no_is_kept_though_its_message_cannot_be_read_any_more(engine: Engine) -> None:
    accept(engine, NOW, {"userId": "mia", **NO}, {"userId": "ben", "context": {}})
    spoilt(engine, properties=[1])
    shown(engine, SOURCES)
    assert decided(engine, "user_id", "mia") == REFUSED, "and the yes, of which the rest can't be read, is none"
    assert decided(engine, "user_id", "ben") == []
    with engine.connect() as connection:
        assert len(connection.scalars(select(inbox.c.problem).where(inbox.c.problem.is_not(None))).all()) == 2
        assert not connection.scalars(select(timeline.c.event_id)).all()
    shown(engine, SOURCES)
    assert decided(engine, "user_id", "mia") == REFUSED


def test_a_no_is_kept_though_its_source_is_gone(engine: Engine) -> None:
    accept(engine, NOW, {"userId": "mia", **NO}, {"anonymousId": "d-1", "userId": "zoe", **NO})
    accept(engine, NOW, signed("lea", context=NO["context"]), {"anonymousId": "d-2", **NO}, server=False)
    shown(engine, Sources([SHOP]))
    for user in ("mia", "zoe", "lea"):
        assert decided(engine, "user_id", user) == REFUSED
    assert decided(engine, "visitor_id", f"{APP.name}:d-2") == REFUSED


def test_a_signal_of_the_browser_objects_though_its_source_is_gone(engine: Engine) -> None:
    accept(engine, NOW, {"userId": "mia"}, gpc=True)
    shown(engine, Sources([SHOP]))
    assert ("personalisation", "ConsentRefused") in decided(engine, "user_id", "mia")


@pytest.mark.parametrize("who", [{"userId": "mia"}, {"anonymousId": "d-9"}])
def test_what_proves_nothing_refuses_for_its_own_browser_alone(engine: Engine, who: dict[str, str]) -> None:
    objection = {"context": {"consent": {"categoryPreferences": {"personalisation": False, "fraud_prevention": False}}}}
    accept(engine, NOW, {**who, **objection}, server=False)
    shown(engine, Sources([SHOP]))
    assert decided(engine, "user_id", "mia") == []
    assert decided(engine, "visitor_id", f"{APP.name}:d-9") == (REFUSED if "anonymousId" in who else [])
