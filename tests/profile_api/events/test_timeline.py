"""Pages of a timeline: nothing twice, nothing missed, nothing of what is withheld."""

import pytest
from fastapi.testclient import TestClient

from consent.model import Role
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA

ROUTE = f"/v1/profiles/{ANA}/timeline"


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 29, 30, 31])
def test_the_pages_together_are_the_whole_timeline_newest_first(
    client: TestClient, headers: Headers, limit: int
) -> None:
    seen, cursor = [], None
    while True:
        query = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        data = client.get(ROUTE, params=query, headers=headers()).json()["data"]
        seen += data["events"]
        cursor = data["next_cursor"]
        if cursor is None:
            break
        assert len(data["events"]) == limit
    assert len({event["event_id"] for event in seen}) == len(seen) == 30
    assert [event["occurred_at"] for event in seen] == sorted((event["occurred_at"] for event in seen), reverse=True)


def test_an_event_shows_the_details_of_allowed_categories_alone(client: TestClient, headers: Headers) -> None:
    events = client.get(ROUTE, headers=headers()).json()["data"]["events"]
    order = next(event for event in events if event["type"] == "order")
    assert (order["amount"], order["properties"]) == (49.9, {"article": "lamp"})
    assert {event["type"] for event in events} == {"order", "message"}


def test_withheld_events_do_not_show_in_the_size_of_pages(client: TestClient, headers: Headers) -> None:
    officer = headers(Role.PRIVACY_OFFICER, "legal_obligation")
    page = client.get(ROUTE, params={"limit": 10}, headers=officer).json()["data"]
    assert (len(page["events"]), page["next_cursor"]) == (10, None)
    assert {event["type"] for event in page["events"]} == {"order"}


@pytest.mark.parametrize("cursor", ["x", "%%%", "bnVsbA", "WyIyMDI0IiwgMV0", "WzEsMl0", "é", "\x00", "W1tbW1tb"])
def test_a_cursor_that_is_none_is_refused(client: TestClient, headers: Headers, cursor: str) -> None:
    assert client.get(ROUTE, params={"cursor": cursor}, headers=headers()).status_code == 400


@pytest.mark.parametrize("limit", ["0", "-1", "201", "many", "1e3"])
def test_a_limit_out_of_bounds_is_refused(client: TestClient, headers: Headers, limit: str) -> None:
    assert client.get(ROUTE, params={"limit": limit}, headers=headers()).status_code == 422
