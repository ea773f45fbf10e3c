"""One profile's online features: read for a purpose, written as soon as they are computed, forgotten.

Only the gate reads here, since Feast itself enforces nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from feast import FeatureService, FeatureStore, FeatureView
from feast.errors import FeatureServiceNotFoundException
from feast.infra.provider import Provider, get_provider
from feast.protos.feast.types.Value_pb2 import Value
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]  # protobuf has no types
from redis import Redis
from sqlalchemy import text

from consent.purposes import published_purposes
from feature_repo.catalogue import CATEGORIES, LASTS, PURPOSES, VIEWS, features_of
from feature_repo.definitions import PROFILE, feature_services, feature_views
from feature_repo.store import entity_key, online_field, online_key, online_stamp, open_feature_store
from stores.embedded import Stores
from stores.postgres import open_engine

Answer = dict[str, dict[str, Any]]
"""Feature name -> `value` (None: unknown), `category`, `event_timestamp` (the instant it stands at; None: no row),
`age_seconds` since then, and `expired`: the value was of the moment, the moment is over, and it is left out."""


Rows = Mapping[str, Mapping[str, Any]]
"""View -> feature -> value, as `feature_repo.computed` gives them; a feature that is left out is unknown."""

_FIELD_OF = {
    "whole": "int64_val",
    "number": "double_val",
    "text": "string_val",
    "flag": "bool_val",
    "instant": "unix_timestamp_val",
}
_CATEGORY_OF = {name: category.value for name, category in CATEGORIES.items()}
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Question:
    """What a service reads of a person's hash, and at which places of the answer each feature and its instant stand.

    Feast's own read of the same takes five times as long, most of it in preparing what is the same each time.
    """

    fields: list[str | bytes]
    places: list[tuple[str, int, int]]

    @classmethod
    def of(cls, service: FeatureService) -> "Question":
        """A service's question, in the catalogue's order: Feast's changes from process to process."""
        fields: list[str | bytes] = []
        places: dict[str, tuple[int, int]] = {}
        for view in service.feature_view_projections:
            stamp = len(fields)
            fields.append(online_stamp(view.name))
            for feature in view.features:
                places[feature.name] = len(fields), stamp
                fields.append(online_field(view.name, feature.name))
        return cls(fields, [(name, *places[name]) for name in CATEGORIES if name in places])


@dataclass(frozen=True)
class Features:
    """The open store, and what each purpose's service reads of it."""

    store: FeatureStore
    services: dict[str, Question]
    views: dict[str, FeatureView]
    provider: Provider
    client: Redis
    clock: Callable[[], datetime]

    def read(self, profile_id: str, purpose: str) -> Answer:
        """The features that the purpose may see; none at all for a purpose without a service."""
        question = self.services.get(purpose)
        if question is None:
            return {}
        kept: Any = self.client.hmget(_key(profile_id), question.fields)  # its types would have every answer awaited
        return _answer(question, kept, self.clock())

    def write(self, profile_id: str, rows: Rows, event_timestamp: datetime) -> None:
        """Writes a profile's rows as of an instant, unless those online stand at a later one."""
        self.write_many([(profile_id, rows, event_timestamp)])

    def write_many(self, rows: Iterable[tuple[str, Rows, datetime]]) -> None:
        """Like `write`, for several profiles on one way."""
        for view, batch in self._newer(list(rows)).items():
            self.provider.online_write_batch(self.store.config, self.views[view], batch, None)

    def stands_at(self, profile_id: str, view: str = "features_value") -> datetime | None:
        """The instant that a profile's row online stands at; None without a row."""
        return instant_of(self.client.hget(_key(profile_id), online_stamp(view)))

    def forget(self, profile_id: str) -> bool:
        """Deletes a profile's features, all views at once; tells whether there were any."""
        return bool(self.client.delete(online_key(profile_id)))

    def _newer(self, rows: list[tuple[str, Rows, datetime]]) -> dict[str, list[Any]]:
        with self.client.pipeline(transaction=False) as pipe:
            for profile_id, views, _ in rows:
                pipe.hmget(_key(profile_id), [online_stamp(view) for view in views])
            found = pipe.execute()
        wanted: dict[str, list[Any]] = {}
        for (profile_id, views, moment), stamps in zip(rows, found, strict=True):
            for (view, values), stamp in zip(views.items(), stamps, strict=True):
                standing = instant_of(stamp)
                if standing is None or standing <= moment:
                    protos = {name: _proto(what.type, values.get(name)) for name, what in VIEWS[view].items()}
                    wanted.setdefault(view, []).append((entity_key(profile_id), protos, moment, None))
        return wanted


def open_features(
    stores: Stores, lake: str | None = None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Features:
    """Opens the store and takes hold of what every service reads.

    With `lake`, services that are missing or of former definitions are defined first: live features need no batch.
    """
    store = open_feature_store(stores)
    if lake is not None:
        _define(stores, store, lake)
    # Rows are written without asking the registry: a view's name and fields are all that they need.
    client = Redis.from_url(stores.redis_url)
    return Features(store, services_of(store), feature_views(""), get_provider(store.config), client, clock)


def services_of(store: FeatureStore) -> dict[str, Question]:
    """What the services that the registry knows read, by purpose."""
    return {name: Question.of(service) for name in PURPOSES if (service := _service(store, name))}


def _define(stores: Stores, store: FeatureStore, lake: str) -> None:
    purposes = published_purposes()
    engine = open_engine(stores.database_url)
    with engine.begin() as connection:  # one of all processes that start
        connection.execute(text("select pg_advisory_xact_lock(hashtext('feast'))"))
        for name in PURPOSES:
            service = _service(store, name)
            found = (
                {one.name: [f.name for f in one.features] for one in service.feature_view_projections}
                if service
                else {}
            )
            if found != features_of(purposes[name]):
                views = feature_views(lake)
                store.apply([PROFILE, *views.values(), *feature_services(views, purposes)])
                break
    engine.dispose()


def _service(store: FeatureStore, name: str) -> FeatureService | None:
    try:
        return store.get_feature_service(name)
    except FeatureServiceNotFoundException:  # nothing was ever materialised
        return None


def _answer(question: Question, values: Sequence[Any], now: datetime) -> Answer:
    answer: Answer = {}
    stands: dict[int, tuple[datetime | None, timedelta | None]] = {}
    for name, place, stamp in question.places:
        if stamp not in stands:  # one of a view's features is as old as the others
            at = instant_of(values[stamp])
            stands[stamp] = at, None if at is None else now - at
        stands_at, age = stands[stamp]
        expired = age is not None and name in LASTS and age >= LASTS[name]
        answer[name] = {
            "value": None if expired else _value(values[place]),
            "category": _CATEGORY_OF[name],
            "event_timestamp": stands_at,
            "age_seconds": None if age is None else max(0, age // _SECOND),
            "expired": expired,
        }
    return answer


def _proto(kind: str, value: Any) -> Value:
    proto = Value()
    if value is not None:
        setattr(proto, _FIELD_OF[kind], int(value.timestamp()) if isinstance(value, datetime) else value)
    return proto


def _key(profile_id: str) -> Any:
    return online_key(profile_id)  # bytes, which the driver takes and its annotations do not know


def instant_of(stamp: Any) -> datetime | None:
    """The instant of a row as Feast keeps it beside the values."""
    if not stamp:
        return None
    moment = Timestamp()
    moment.ParseFromString(stamp)
    at: datetime = moment.ToDatetime(UTC)
    return at


def _value(kept: Any) -> Any:
    if not kept:
        return None
    found = Value.FromString(kept)
    kind = found.WhichOneof("val")
    if kind == "unix_timestamp_val":
        # Feast keeps an unknown instant as the least integer there is.
        seconds = found.unix_timestamp_val
        return datetime.fromtimestamp(seconds, UTC) if abs(seconds) < 1 << 40 else None
    return getattr(found, kind) if kind else None
