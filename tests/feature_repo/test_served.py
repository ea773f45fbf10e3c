"""Features of a service that runs on: some come later, and the store may go."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from redis.exceptions import ConnectionError as NoRedis

from feature_repo.served import LEFT_ALONE, Served, serve_features
from read_model.side_effects import FeatureKeeper
from stores.embedded import Stores


@dataclass
class Features:
    """A store that answers, or does not."""

    down: bool = False
    asked: list[str] = field(default_factory=list)

    def read(self, profile_id: str, purpose: str) -> dict[str, Any]:
        self.asked.append(purpose)
        if self.down:
            raise NoRedis("gone")
        return {"orders": 1}


@pytest.fixture
def now() -> list[float]:
    return [0.0]


def test_a_service_keeps_features_as_well_as_it_reads_them(online: Stores) -> None:
    features = serve_features(online)
    assert isinstance(features, FeatureKeeper), "else no decision about who is who would reach them"
    assert features.stands_at("p1", "features_live") is None
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    features.write("p1", {"features_live": {"last_event": "page"}}, moment)
    assert (features.stands_at("p1", "features_live"), features.stands_at("p1", "features_value")) == (moment, None)
    assert features.read("p1", "service")["last_event"]["value"] == "page"
    assert features.forget("p1") and features.stands_at("p1", "features_live") is None


def test_a_store_that_is_gone_is_left_alone_for_a_moment(now: list[float]) -> None:
    store = Features(down=True)
    features = Served(store, lambda: now[0])  # type: ignore[arg-type]  # stands in for it
    for _ in range(3):
        with pytest.raises((NoRedis, ConnectionError)):
            features.read("p", "service")
    assert len(store.asked) == 1
    store.down, now[0] = False, LEFT_ALONE
    assert features.read("p", "service") == {"orders": 1}
