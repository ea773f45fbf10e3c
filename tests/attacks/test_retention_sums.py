"""Consent: retention is decoration. Sums and what happened last end for a purpose with the events that they tell of."""

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert

from consent.model import Role
from contracts.settings import Settings
from feature_repo.catalogue import CATEGORIES, VIEWS
from feature_repo.past import SUMMED, asks_for_older, past
from profile_api.app import create_app
from profile_api.http.keys import DemoIssuer
from spark_jobs.extract import without_past
from stores.schema import timeline
from tests.attacks.clocks import CASE, years
from tests.profile_api.people import ANA, NOW, write_people

LONG_AGO = NOW - years(4)
"""Longer than `advice` keeps anything, and `service` less long."""

VALUES: dict[str, Any] = {
    "lifetime_orders": 7,
    "lifetime_amount": 812.5,
    "orders_30d": 1,
    "recency_days": 12,
    "last_intent": "complaint",
    "last_intent_at": LONG_AGO.isoformat(),
    "last_contact_channel": "web",
    "last_contact_at": (NOW - timedelta(days=3)).isoformat(),
    "open_complaint": True,
    "open_complaint_since": LONG_AGO.isoformat(),
}


class Told:
    """The online features of everybody."""

    def read(self, profile_id: str, purpose: str) -> dict[str, dict[str, Any]]:
        said = {"event_timestamp": NOW, "age_seconds": 0}
        return {name: {"value": value, "category": CATEGORIES[name].value, **said} for name, value in VALUES.items()}


@pytest.fixture
def client(api_settings: Settings, database_url: str, engine: Engine) -> TestClient:
    write_people(engine)
    return TestClient(create_app(api_settings, database_url, Told(), clock=lambda: NOW))


def ordered(engine: Engine, at: datetime) -> None:
    document = {"channel": "shop", "type": "order", "properties": {}, "categories": {"type": "transaction"}}
    row = {"event_id": f"shop:{at:%Y}", "profile_id": ANA, "occurred_at": at, "document": document}
    with engine.begin() as connection:
        connection.execute(insert(timeline).values(row))


def shown(client: TestClient, issuer: DemoIssuer, purpose: str) -> set[str]:
    headers = {"Authorization": f"Bearer {issuer.token(Role.ADVISOR, NOW)}", "Purpose": purpose, **CASE}
    answer = client.get(f"/v1/profiles/{ANA}/features", headers=headers)
    assert answer.status_code == 200, answer.text
    sent = headers | {"Authorization": f"Bearer {issuer.token(Role.BOT, NOW)}"}
    body = {"profile_id": ANA}
    context = client.post("/v1/bot/context", json=body, headers=sent)
    assert context.status_code == 200, context.text
    found = set(answer.json()["data"]["features"])
    told = context.json()["data"]
    assert set(told["features"]) == found, "a bot is told the same"
    assert told["tone"]["open_complaint"] is (True if "open_complaint" in found else None)
    return found


def test_a_sum_ends_for_a_purpose_with_the_first_order_that_it_keeps_no_longer(
    client: TestClient, issuer: DemoIssuer, engine: Engine
) -> None:
    assert shown(client, issuer, "advice") >= SUMMED, "all orders are young"
    ordered(engine, LONG_AGO)
    assert shown(client, issuer, "advice").isdisjoint(SUMMED)
    assert shown(client, issuer, "service") >= SUMMED, "which keeps it for five years"
    assert {"orders_30d", "recency_days"} <= shown(client, issuer, "advice")


def test_what_happened_last_is_not_told_once_it_is_past(client: TestClient, issuer: DemoIssuer) -> None:
    gone = {"last_intent", "last_intent_at", "open_complaint", "open_complaint_since"}
    assert shown(client, issuer, "advice").isdisjoint(gone)
    assert {"last_contact_at", "last_contact_channel", *gone} <= shown(client, issuer, "service")


def test_a_training_table_holds_no_sum_and_no_last_event_that_is_past() -> None:
    at = [NOW, NOW]
    said = {"profile_id": ["p-old", "p-new"], "event_timestamp": at, "lifetime_orders": [7, 3], "orders_30d": [1, 0]}
    said |= {"recency_days": [400, 12], "last_intent_at": [LONG_AGO, NOW], "last_intent": ["complaint", "question"]}
    rows = pa.table(said)
    oldest = {"transaction": NOW - years(1), "behaviour": NOW - years(1)}
    left = without_past(rows, oldest, {"p-old": {"transaction"}})
    assert left.schema == rows.schema
    assert left.slice(1).to_pylist() == rows.slice(1).to_pylist()
    nothing = dict.fromkeys(("lifetime_orders", "recency_days", "last_intent", "last_intent_at"))
    assert left.to_pylist()[0] == rows.to_pylist()[0] | nothing
    assert without_past(rows, {}, {}) == rows


@given(st.dictionaries(st.sampled_from(sorted(CATEGORIES)), st.integers(0, 4000)), st.integers(1, 4000))
def test_nothing_that_is_past_is_told_and_nothing_else_is_withheld(days: dict[str, int], kept: int) -> None:
    defined = {name: feature for view in VIEWS.values() for name, feature in view.items()}
    oldest = {category.value: NOW - timedelta(days=kept) for category in set(CATEGORIES.values())}
    said: dict[str, Any] = {}
    for name, ago in days.items():
        value: Any = ago if name == "recency_days" else (NOW - timedelta(days=ago)).isoformat()
        said[name] = {"value": value, "event_timestamp": NOW}
    gone = past(said, oldest, ["transaction"])
    for name in said:
        when = defined[name].when
        old = when in said and days[str(when)] >= kept
        assert (name in gone) == bool(old or (defined[name].so_far and CATEGORIES[name] == "transaction"))
    assert past(said, {}, ()) == frozenset()
    assert asks_for_older(said, ["transaction"]) == bool(SUMMED & said.keys())
