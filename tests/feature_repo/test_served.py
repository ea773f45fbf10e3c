"""Features of a service that runs on: some come later, and the store may go."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from redis.exceptions import ConnectionError as NoRedis

from feature_repo import served
from feature_repo.catalogue import PURPOSES
from feature_repo.served import LEFT_ALONE, UNTIL_FOUND, Served, serve_features
from profile_api.identity.following import FeatureKeeper
from stores.embedded import Stores


@dataclass(frozen=True)
class Features:
    """What `Served` needs of the open features."""

    store: Any
    services: dict[str, Any]
    asked: list[str] = field(default_factory=list)

    def read(self, profile_id: str, purpose: str) -> dict[str, Any]:
        self.asked.append(purpose)
        if self.store.down:
            raise NoRedis("gone")
        return {"orders": self.services[purpose]} if purpose in self.services else {}


class Registry:
    down, refreshed = False, 0

    def refresh_registry(self) -> None:
        self.refreshed += 1


@pytest.fixture
def now() -> list[float]:
    return [0.0]


def test_features_of_a_first_run_become_visible_without_a_restart_and_without_asking_at_every_read(
    monkeypatch: pytest.MonkeyPatch, now: list[float]
) -> None:
    registry, known = Registry(), dict[str, int]()
    monkeypatch.setattr(served, "services_of", lambda store: dict(known))
    features = Served(Features(registry, {}), lambda: now[0])
    assert [features.read("p", "service") for _ in range(3)] == [{}] * 3
    known |= dict.fromkeys(PURPOSES, 7)
    now[0] = UNTIL_FOUND
    features.read("p", "service")
    until = time.monotonic() + 5
    while features.read("p", "service") == {} and time.monotonic() < until:
        time.sleep(0.001)
    assert features.read("p", "service") == {"orders": 7}
    now[0] = 3 * UNTIL_FOUND
    features.read("p", "service")
    assert registry.refreshed == 1  # every purpose is known: the next look is minutes away


def test_a_service_keeps_features_as_well_as_it_reads_them(online: Stores) -> None:
    features = serve_features(online, "/lake")
    assert isinstance(features, FeatureKeeper), "else no decision about who is who would reach them"
    assert features.stands_at("p1", "features_live") is None
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    features.write("p1", {"features_live": {"last_event": "page"}}, moment)
    assert (features.stands_at("p1", "features_live"), features.stands_at("p1", "features_value")) == (moment, None)
    assert features.read("p1", "service")["last_event"]["value"] == "page"
    assert features.forget("p1") and features.stands_at("p1", "features_live") is None


def test_a_store_that_is_gone_is_left_alone_for_a_moment(now: list[float]) -> None:
    registry = Registry()
    features = Served(Features(registry, {"service": 1}), lambda: now[0])  # type: ignore[arg-type]  # stands in for it
    registry.down = True
    for _ in range(3):
        with pytest.raises((NoRedis, ConnectionError)):
            features.read("p", "service")
    assert len(features.features.asked) == 1  # type: ignore[attr-defined]  # of the stand-in
    registry.down, now[0] = False, LEFT_ALONE
    assert features.read("p", "service") == {"orders": 1}
