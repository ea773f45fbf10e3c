from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from consent.purposes import published_purposes
from feature_repo.catalogue import CATEGORIES, PURPOSES, VIEWS, features_of
from feature_repo.definitions import PROFILE, feature_services, feature_views
from feature_repo.online import open_features
from feature_repo.store import open_feature_store
from feature_repo.wire import online_key
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
    found = open_features(online, clock=lambda: AS_OF).read("p1", "service")
    assert list(found) == list(CATEGORIES)
    for features in VIEWS.values():
        for name, feature in features.items():
            assert found[name] == {
                "value": VALUES[feature.type],
                "category": CATEGORIES[name].value,
                "event_timestamp": AS_OF,
                "age_seconds": 0,
                "expired": False,
            }


def test_an_unknown_value_is_none_and_keeps_its_instant(online: Stores, write: Write) -> None:
    write("p1", recency_days=None, last_intent=None, last_contact_at=None, average_order_30d=None)
    found = open_features(online, clock=lambda: AS_OF).read("p1", "service")
    for name in ("recency_days", "last_intent", "last_contact_at", "average_order_30d"):
        assert (found[name]["value"], found[name]["event_timestamp"]) == (None, AS_OF)


def test_a_profile_without_features_has_neither_values_nor_an_instant(online: Stores, write: Write) -> None:
    write("p1")
    found = open_features(online, clock=lambda: AS_OF).read("p2", "service")
    assert {(one["value"], one["event_timestamp"]) for one in found.values()} == {(None, None)}


def test_a_purpose_reads_its_own_features_and_one_without_a_service_reads_none(online: Stores, write: Write) -> None:
    write("p1")
    features = open_features(online, clock=lambda: AS_OF)
    allowed = {name for names in features_of(published_purposes()["analytics"]).values() for name in names}
    assert set(features.read("p1", "analytics")) == allowed
    assert "days_as_customer" not in allowed
    assert features.read("p1", "marketing_email") == {}
    assert features.read("p1", "no such purpose") == {}


def test_a_store_that_nothing_was_written_to_knows_nothing(online: Stores) -> None:
    found = open_features(online, clock=lambda: AS_OF).read("p1", "service")
    assert {(one["value"], one["event_timestamp"], one["age_seconds"]) for one in found.values()} == {
        (None, None, None)
    }


def test_the_lakes_row_replaces_the_one_online_even_at_the_same_instant(online: Stores, write: Write) -> None:
    write("p1", lifetime_orders=1)
    write("p1", lifetime_orders=2)
    features = open_features(online, clock=lambda: AS_OF)
    assert features.read("p1", "service")["lifetime_orders"]["value"] == 2
    write("p1", AS_OF - timedelta(days=1), lifetime_orders=3)
    assert features.read("p1", "service")["lifetime_orders"]["value"] == 3


def test_a_read_says_what_feast_itself_reads(online: Stores, write: Write) -> None:
    write("p1", last_contact_channel=None, recency_days=None, last_contact_at=None)
    features, store = open_features(online, clock=lambda: AS_OF), open_feature_store(online)
    for purpose in PURPOSES:
        for profile_id in ("p1", "nobody"):
            service = store.get_feature_service(purpose)
            rows = [{"profile_id": profile_id}]
            theirs = store.get_online_features(features=service, entity_rows=rows).to_dict()
            del theirs["profile_id"]
            ours = {name: [one["value"]] for name, one in features.read(profile_id, purpose).items()}
            assert ours == theirs and ours, (purpose, profile_id)


def test_a_row_that_is_computed_for_one_profile_reads_like_one_from_the_lake(online: Stores, write: Write) -> None:
    write("p1", last_contact_channel=None, last_contact_at=None)
    features = open_features(online, clock=lambda: AS_OF)
    rows = {
        view: {name: VALUES[feature.type] for name, feature in found.items() if not name.startswith("last_contact_")}
        for view, found in VIEWS.items()
    }
    features.write("p2", rows, AS_OF)
    assert features.read("p2", "service") == features.read("p1", "service")
    assert (features.stands_at("p2"), features.stands_at("p3")) == (AS_OF, None)


def test_an_older_row_never_overwrites_a_newer_one_and_a_corrected_one_of_the_same_instant_does(
    online: Stores, write: Write
) -> None:
    write("p1", lifetime_orders=1)
    features = open_features(online, clock=lambda: AS_OF)
    before = features.read("p1", "service")
    features.write("p1", {"features_value": {"lifetime_orders": 7}}, AS_OF - timedelta(microseconds=1))
    assert features.read("p1", "service") == before
    features.write("p1", {"features_value": {"lifetime_orders": 7}}, AS_OF)
    after = features.read("p1", "service")
    assert (after["lifetime_orders"]["value"], after["recency_days"]["value"]) == (7, None)
    assert after["last_intent"] == before["last_intent"]


def test_a_forgotten_profile_has_no_features_and_its_neighbour_keeps_them(online: Stores, write: Write) -> None:
    write("p1")
    write("p10")
    features = open_features(online, clock=lambda: AS_OF)
    assert (features.forget("p1"), features.forget("p1")) == (True, False)
    assert features.read("p1", "service")["last_intent"]["value"] is None
    assert features.read("p10", "service")["last_intent"]["value"] == "chat"


def test_a_value_of_the_moment_is_left_out_when_the_moment_is_over_and_says_how_old_it_is(
    online: Stores, write: Write
) -> None:
    write("p1")
    later = open_features(online, clock=lambda: AS_OF + timedelta(minutes=5)).read("p1", "service")
    assert later["events_5m"] == {
        "value": None,
        "category": "behaviour",
        "event_timestamp": AS_OF,
        "age_seconds": 300,
        "expired": True,
    }
    assert (later["events_1h"]["value"], later["events_1h"]["expired"]) == (3, False)
    assert (later["last_event"]["value"], later["last_event"]["age_seconds"]) == ("chat", 300)
    just = open_features(online, clock=lambda: AS_OF + timedelta(minutes=5, microseconds=-1)).read("p1", "service")
    assert (just["events_5m"]["value"], just["events_5m"]["expired"]) == (3, False)


def test_live_features_need_no_batch_before_them(online: Stores) -> None:
    features = open_features(online, clock=lambda: AS_OF)
    features.write("p1", {"features_live": {"last_event": "page", "events_5m": 1}}, AS_OF)
    assert features.read("p1", "service")["last_event"]["value"] == "page"


def test_what_is_written_for_one_profile_is_what_feast_writes(online: Stores, write: Write) -> None:
    write("p1", last_contact_channel=None, last_contact_at=None)
    features = open_features(online, clock=lambda: AS_OF)
    rows = {
        view: {name: VALUES[feature.type] for name, feature in found.items() if not name.startswith("last_contact_")}
        for view, found in VIEWS.items()
    }
    features.write("p2", rows, AS_OF)
    theirs, ours = (features.client.hgetall(online_key(one)) for one in ("p1", "p2"))
    assert ours == theirs and len(ours) == len(VIEWS) + len(CATEGORIES)
