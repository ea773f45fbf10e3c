"""Whoever serves is told whether a person can be reached, and how long others waited, once enough of them did."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert

from consent.model import Role
from profile_api.reach.reach import FEWEST
from stores.schema import conversations, handoff_events, handoffs
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, NOW

Reached = Callable[[], dict[str, Any]]


@pytest.fixture
def reached(client: TestClient, headers: Headers) -> Reached:
    def ask() -> dict[str, Any]:
        form = {"who": {"profile_id": ANA}, "channel": "chat", "intents": ["order_status"]}
        answer = client.post("/v1/engagement/next-step", json=form, headers=headers(Role.BOT))
        found: dict[str, Any] = answer.json()["data"]["a_person"]["reachable"]
        return found

    return ask


def waited(engine: Engine, seconds: int, days_ago: int = 0) -> None:
    """A hand-off that was accepted after so many seconds."""
    name, at = f"{seconds}-{days_ago}", NOW - timedelta(days=days_ago, hours=1)
    row = {"handoff_id": name, "conversation_id": name, "request_key": "k", "requested_by": "bot", "why": "asked"}
    row |= {"requested_through": "bot", "requested_at": at, "verified_by": "nothing", "shown": [], "profile_version": 1}
    row |= {"channel": "chat", "state": "resolved", "changed_at": at}
    step = {"handoff_id": name, "step": "accept", "state": "accepted", "actor": "claire", "role": "advisor"}
    opened = {"conversation_id": name, "record_id": "crm:42", "channel": "chat", "opened_at": at}
    with engine.begin() as connection:
        connection.execute(insert(conversations).values(opened))
        connection.execute(insert(handoffs).values(row))
        for later in (seconds, seconds + 500):  # after a lapse somebody accepted it again
            connection.execute(insert(handoff_events).values(step | {"at": at + timedelta(seconds=later)}))


def test_it_is_unknown_until_advisors_say_that_they_are_at_work(
    client: TestClient, headers: Headers, reached: Reached
) -> None:
    assert reached()["now"] == "unknown"
    there = {"minutes": 5, "skills": ["orders"]}
    assert client.post("/v1/presence", json=there | {"skills": ["cards"]}, headers=headers()).is_success
    assert reached()["now"] == "no", "somebody, who does not know of orders"
    assert client.post("/v1/presence", json=there, headers=headers()).is_success
    assert reached()["now"] == "yes"
    assert client.post("/v1/presence", json=there | {"minutes": 0}, headers=headers()).is_success
    assert reached()["now"] == "no"


def test_the_time_to_wait_is_told_of_enough_recent_hand_offs_by_their_first_acceptance(
    engine: Engine, reached: Reached
) -> None:
    for seconds in range(1, FEWEST):
        waited(engine, seconds)
    waited(engine, 9_000, days_ago=8)
    assert (reached()["median_seconds"], reached()["ninetieth_percentile_seconds"]) == (None, None)
    waited(engine, FEWEST)
    found = reached()
    assert (found["median_seconds"], found["ninetieth_percentile_seconds"]) == (10, 18)
