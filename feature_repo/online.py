"""One profile's online features: read for a purpose, written as soon as they are computed, forgotten.

Only the gate reads here, since Feast itself enforces nothing.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from feast import FeatureService, FeatureStore, FeatureView
from feast.errors import FeatureServiceNotFoundException
from feast.infra.provider import Provider, get_provider
from feast.online_response import OnlineResponse
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import feast_value_type_to_python_type
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]
from redis import Redis
from redis.exceptions import RedisError

from feature_repo.catalogue import CATEGORIES, PURPOSES, VIEWS
from feature_repo.definitions import feature_views
from feature_repo.store import entity_key, online_key, open_feature_store
from stores.embedded import Stores

Answer = dict[str, dict[str, Any]]
"""Feature name -> `value` (None: unknown), `category`, `event_timestamp` (the instant it stands at; None: no row)."""


Rows = Mapping[str, Mapping[str, Any]]
"""View -> feature -> value, as `feature_repo.computed` gives them; a feature that is left out is unknown."""

_FIELD_OF = {
    "whole": "int64_val",
    "number": "double_val",
    "text": "string_val",
    "flag": "bool_val",
    "instant": "unix_timestamp_val",
}


@dataclass(frozen=True)
class Features:
    """The open store with its services at hand: fetching a service costs more than a read."""

    store: FeatureStore
    services: dict[str, FeatureService]
    views: dict[str, FeatureView]
    provider: Provider
    client: Redis

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

    def write(self, profile_id: str, rows: Rows, event_timestamp: datetime) -> None:
        """Writes a profile's rows as of an instant, unless those online stand at a later one."""
        self.write_many([(profile_id, rows, event_timestamp)])

    def write_many(self, rows: Iterable[tuple[str, Rows, datetime]]) -> None:
        """Like `write`, for several profiles on one way."""
        for view, batch in self._newer(list(rows)).items():
            self.provider.online_write_batch(self.store.config, self.views[view], batch, None)

    async def write_async(self, profile_id: str, rows: Rows, event_timestamp: datetime) -> None:
        """Like `write`, with the event loop free while the rows are on their way."""
        for view, batch in self._newer([(profile_id, rows, event_timestamp)]).items():
            await self.provider.online_write_batch_async(self.store.config, self.views[view], batch, None)

    def stands_at(self, profile_id: str, view: str = "features_value") -> datetime | None:
        """The instant that a profile's row online stands at; None without a row."""
        return _instant(self.client.hget(_key(profile_id), f"_ts:{view}"))

    def forget(self, profile_id: str) -> bool:
        """Deletes a profile's features, all views at once; tells whether there were any."""
        return bool(self.client.delete(online_key(profile_id)))

    def _newer(self, rows: list[tuple[str, Rows, datetime]]) -> dict[str, list[Any]]:
        with self.client.pipeline(transaction=False) as pipe:
            for profile_id, views, _ in rows:
                pipe.hmget(_key(profile_id), [f"_ts:{view}" for view in views])
            found = pipe.execute()
        wanted: dict[str, list[Any]] = {}
        for (profile_id, views, moment), stamps in zip(rows, found, strict=True):
            for (view, values), stamp in zip(views.items(), stamps, strict=True):
                standing = _instant(stamp)
                if standing is None or standing <= moment:
                    protos = {name: _proto(what.type, values.get(name)) for name, what in VIEWS[view].items()}
                    wanted.setdefault(view, []).append((entity_key(profile_id), protos, moment, None))
        return wanted


def open_features(stores: Stores) -> Features:
    """Opens the store, takes hold of every service and reads once, so that no customer waits for the first read."""
    store = open_feature_store(stores)
    # Rows are written without asking the registry: a view's name and fields are all that they need.
    client = Redis.from_url(stores.redis_url)
    features = Features(store, services_of(store), feature_views(""), get_provider(store.config), client)
    with suppress(RedisError):  # a service also starts while the online store is away
        for purpose in features.services:
            features.read("", purpose)
    return features


def services_of(store: FeatureStore) -> dict[str, FeatureService]:
    """The services that the registry knows, by purpose."""
    return {name: service for name in PURPOSES if (service := _service(store, name))}


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


def _proto(kind: str, value: Any) -> Value:
    proto = Value()
    if value is not None:
        setattr(proto, _FIELD_OF[kind], int(value.timestamp()) if isinstance(value, datetime) else value)
    return proto


def _key(profile_id: str) -> Any:
    return online_key(profile_id)  # bytes, which the driver takes and its annotations do not know


def _instant(stamp: Any) -> datetime | None:
    if not stamp:
        return None
    moment = Timestamp()
    moment.ParseFromString(stamp)
    at: datetime = moment.ToDatetime(UTC)
    return at


def _value(found: Any) -> Any:
    if found.WhichOneof("val") == "unix_timestamp_val":
        # Feast keeps an unknown instant as the least integer there is.
        seconds = found.unix_timestamp_val
        return datetime.fromtimestamp(seconds, UTC) if abs(seconds) < 1 << 40 else None
    return feast_value_type_to_python_type(found)
