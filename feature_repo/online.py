"""One profile's online features: reading them for a purpose, writing and deleting them.

Only the gate reads here, since Feast itself enforces nothing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from redis import Redis

from consent.purposes import published_purposes
from feature_repo.catalogue import CATEGORIES, LASTS, PURPOSES, VIEWS, features_of
from feature_repo.wire import instant_of, kept_instant, kept_value, online_field, online_key, online_stamp, value_of
from stores.embedded import Stores

Answer = dict[str, dict[str, Any]]
"""Feature name -> `value` (None: unknown), `category`, `event_timestamp` (its time; None: no row), `age_seconds` since
then, and `expired`: the value's window has passed, so it is left out."""


Rows = Mapping[str, Mapping[str, Any]]
"""View -> feature -> value, as `feature_repo.computed` gives them; a feature that is left out is unknown."""

_CATEGORY_OF = {name: category.value for name, category in CATEGORIES.items()}
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class FeatureRequest:
    """The fields of a person's hash that a purpose reads, and the positions of each feature and its time in the
    answer."""

    fields: list[str | bytes]
    places: list[tuple[str, int, int]]

    @classmethod
    def of(cls, views: Mapping[str, Collection[str]]) -> "FeatureRequest":
        """The read request for these features of each view."""
        fields: list[str | bytes] = []
        places: dict[str, tuple[int, int]] = {}
        for view, features in views.items():
            stamp = len(fields)
            fields.append(online_stamp(view))
            for feature in features:
                places[feature] = len(fields), stamp
                fields.append(online_field(view, feature))
        return cls(fields, [(name, *places[name]) for name in CATEGORIES if name in places])


@cache
def questions() -> dict[str, FeatureRequest]:
    """What each purpose that uses features reads."""
    return {name: FeatureRequest.of(features_of(published_purposes()[name])) for name in PURPOSES}


@dataclass(frozen=True)
class Features:
    """The features of all profiles in the online store."""

    client: Redis
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def read(self, profile_id: str, purpose: str) -> Answer:
        """The features that the purpose may see; none at all for a purpose that uses none."""
        question = questions().get(purpose)
        if question is None:
            return {}
        kept: Any = self.client.hmget(
            online_key(profile_id), question.fields
        )  # its types would have every answer awaited
        return _answer(question, kept, self.clock())

    def write(self, profile_id: str, rows: Rows, event_timestamp: datetime) -> None:
        """Writes a profile's rows as of an instant, unless newer ones are online."""
        self.write_many([(profile_id, rows, event_timestamp)])

    def write_many(self, rows: Iterable[tuple[str, Rows, datetime]]) -> None:
        """Like `write`, for several profiles in one round trip."""
        wanted = list(rows)
        standing = self._standing([(profile_id, list(views)) for profile_id, views, _ in wanted])
        with self.client.pipeline(transaction=False) as pipe:
            for (profile_id, views, moment), stands in zip(wanted, standing, strict=True):
                for (view, values), at in zip(views.items(), stands, strict=True):
                    if at is None or at <= moment:
                        pipe.hset(online_key(profile_id), mapping=_row(view, values, moment))
            pipe.execute()

    def stands_at(self, profile_id: str, view: str = "features_value") -> datetime | None:
        """The time of a profile's online row; None without a row."""
        kept: Any = self.client.hget(online_key(profile_id), online_stamp(view))
        return instant_of(kept)

    def forget(self, profile_id: str) -> bool:
        """Deletes a profile's features, all views at once; tells whether there were any."""
        return bool(self.client.delete(online_key(profile_id)))

    def _standing(self, wanted: list[tuple[str, list[str]]]) -> list[list[datetime | None]]:
        """The times of the rows of these profiles' views."""
        with self.client.pipeline(transaction=False) as pipe:
            for profile_id, views in wanted:
                pipe.hmget(online_key(profile_id), [online_stamp(view) for view in views])
            return [[instant_of(stamp) for stamp in stamps] for stamps in pipe.execute()]


def open_features(stores: Stores, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Features:
    """The features of these stores."""
    return Features(Redis.from_url(stores.redis_url), clock)


def _answer(question: FeatureRequest, values: Sequence[Any], now: datetime) -> Answer:
    answer: Answer = {}
    stands: dict[int, tuple[datetime | None, timedelta | None]] = {}
    for name, place, stamp in question.places:
        if stamp not in stands:  # one of a view's features is as old as the others
            at = instant_of(values[stamp])
            stands[stamp] = at, None if at is None else now - at
        stands_at, age = stands[stamp]
        expired = age is not None and name in LASTS and age >= LASTS[name]
        answer[name] = {
            "value": None if expired else value_of(values[place]),
            "category": _CATEGORY_OF[name],
            "event_timestamp": stands_at,
            "age_seconds": None if age is None else max(0, age // _SECOND),
            "expired": expired,
        }
    return answer


def _row(view: str, values: Mapping[str, Any], moment: datetime) -> dict[Any, Any]:
    """A view's row as its fields are kept; a feature that is left out is unknown."""
    kept = {online_field(view, name): kept_value(what.type, values.get(name)) for name, what in VIEWS[view].items()}
    return {online_stamp(view): kept_instant(moment), **kept}
