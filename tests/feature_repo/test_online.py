import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from redis import Redis

from consent.purposes import published_purposes
from feature_repo.catalogue import CATEGORIES, VIEWS, features_of
from feature_repo.definitions import PROFILE, feature_services, feature_views
from feature_repo.online import open_features
from feature_repo.store import online_key, open_feature_store
from stores.embedded import Stores

AS_OF = datetime(2024, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
VALUES = {"whole": 3, "number": 2.5, "text": "chat", "flag": True, "instant": datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)}

Write = Callable[..., None]


@pytest.fixture
def write(online: Stores) -> Write:
    """Writes a row of every view for a profile, all of it known unless said otherwise."""
    store, views = open_feature_store(online), feature_views("/lake")
    store.apply([PROFILE, *views.values(), *feature_services(views, published_purposes())])

    def row(profile_id: str, stands_at: datetime = AS_OF, **said: Any) -> None:
        for view, features in VIEWS.items():
            values = {name: said.get(name, VALUES[feature.type]) for name, feature in features.items()}
            whole = {"profile_id": profile_id, "event_timestamp": stands_at} | values
            store.write_to_online_store(
                view, df=pd.DataFrame([whole], dtype=object).astype({"event_timestamp": "datetime64[us, UTC]"})
            )

    return row


def test_a_feature_comes_with_its_value_category_and_the_instant_that_it_stands_at(
    online: Stores, write: Write
) -> None:
    write("p1")
    found = open_features(online).read("p1", "service")
    assert list(found) == list(CATEGORIES)
    for features in VIEWS.values():
        for name, feature in features.items():
            assert found[name] == {
                "value": VALUES[feature.type],
                "category": CATEGORIES[name].value,
                "event_timestamp": AS_OF,
            }


def test_an_unknown_value_is_none_and_keeps_its_instant(online: Stores, write: Write) -> None:
    write("p1", recency_days=None, last_intent=None, last_contact_at=None, average_order_30d=None)
    found = open_features(online).read("p1", "service")
    for name in ("recency_days", "last_intent", "last_contact_at", "average_order_30d"):
        assert (found[name]["value"], found[name]["event_timestamp"]) == (None, AS_OF)


def test_a_profile_without_features_has_neither_values_nor_an_instant(online: Stores, write: Write) -> None:
    write("p1")
    found = open_features(online).read("p2", "service")
    assert {(one["value"], one["event_timestamp"]) for one in found.values()} == {(None, None)}


def test_a_purpose_reads_its_own_features_and_one_without_a_service_reads_none(online: Stores, write: Write) -> None:
    write("p1")
    features = open_features(online)
    allowed = {name for names in features_of(published_purposes()["analytics"]).values() for name in names}
    assert set(features.read("p1", "analytics")) == allowed
    assert "days_as_customer" not in allowed
    assert features.read("p1", "marketing_email") == {}
    assert features.read("p1", "no such purpose") == {}


def test_a_store_that_nothing_was_written_to_serves_no_purpose(online: Stores) -> None:
    assert open_features(online).read("p1", "service") == {}


def test_the_lakes_row_replaces_the_one_online_even_at_the_same_instant(online: Stores, write: Write) -> None:
    write("p1", lifetime_orders=1)
    write("p1", lifetime_orders=2)
    features = open_features(online)
    assert features.read("p1", "service")["lifetime_orders"]["value"] == 2
    write("p1", AS_OF - timedelta(days=1), lifetime_orders=3)
    assert features.read("p1", "service")["lifetime_orders"]["value"] == 3


def test_deleting_a_profiles_key_forgets_that_profile_alone(online: Stores, write: Write) -> None:
    write("p1")
    write("p10")
    with Redis.from_url(online.redis_url) as client:
        assert client.delete(online_key("p1")) == 1
    features = open_features(online)
    assert features.read("p1", "service")["last_intent"]["value"] is None
    assert features.read("p10", "service")["last_intent"]["value"] == "chat"


def test_the_asynchronous_read_answers_the_same(online: Stores, write: Write) -> None:
    write("p1")
    features = open_features(online)
    assert asyncio.run(features.read_async("p1", "advice")) == features.read("p1", "advice") != {}
