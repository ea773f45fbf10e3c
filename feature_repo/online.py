"""Reads a profile's features for a purpose; only the gate calls it, since Feast itself enforces nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from feast import FeatureService, FeatureStore
from feast.errors import FeatureServiceNotFoundException
from feast.online_response import OnlineResponse
from feast.type_map import feast_value_type_to_python_type

from feature_repo.catalogue import CATEGORIES, PURPOSES
from feature_repo.store import open_feature_store
from stores.embedded import Stores

Answer = dict[str, dict[str, Any]]
"""Feature name -> `value` (None: unknown), `category`, `event_timestamp` (the instant it stands at; None: no row)."""


@dataclass(frozen=True)
class Features:
    """The open store with its services at hand: fetching a service costs more than a read."""

    store: FeatureStore
    services: dict[str, FeatureService]

    def read(self, profile_id: str, purpose: str) -> Answer:
        """The features that the purpose may see; none at all for a purpose without a service."""
        service = self.services.get(purpose)
        if service is None:
            return {}
        return _answer(self.store.get_online_features(features=service, entity_rows=[{"profile_id": profile_id}]))

    async def read_async(self, profile_id: str, purpose: str) -> Answer:
        """Like `read`, without holding up the event loop."""
        service = self.services.get(purpose)
        if service is None:
            return {}
        rows = [{"profile_id": profile_id}]
        return _answer(await self.store.get_online_features_async(features=service, entity_rows=rows))


def open_features(stores: Stores) -> Features:
    """Opens the store, takes hold of every service and reads once, so that no customer waits for the first read."""
    store = open_feature_store(stores)
    features = Features(store, {name: service for name in PURPOSES if (service := _service(store, name))})
    for purpose in features.services:
        features.read("", purpose)
    return features


def _service(store: FeatureStore, name: str) -> FeatureService | None:
    try:
        return store.get_feature_service(name)
    except FeatureServiceNotFoundException:  # nothing was ever materialised
        return None


def _answer(response: OnlineResponse) -> Answer:
    found = dict(zip(response.proto.metadata.feature_names.val, response.proto.results, strict=True))
    answer: Answer = {}
    for name, category in CATEGORIES.items():  # in the catalogue's order; Feast's changes from process to process
        if name in found:
            moment = found[name].event_timestamps[0]
            stands_at = moment.ToDatetime(UTC) if moment.seconds else None
            answer[name] = {
                "value": _value(found[name].values[0]),
                "category": category.value,
                "event_timestamp": stands_at,
            }
    return answer


def _value(found: Any) -> Any:
    if found.WhichOneof("val") == "unix_timestamp_val":
        # Feast keeps an unknown instant as the least integer there is.
        seconds = found.unix_timestamp_val
        return datetime.fromtimestamp(seconds, UTC) if abs(seconds) < 1 << 40 else None
    return feast_value_type_to_python_type(found)
