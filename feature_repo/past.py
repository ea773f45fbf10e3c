"""Features about an event that the purpose does not keep any more: events have their own retention period.

A sum over all events is withheld once the purpose does not keep the first of them any more; a feature about one event,
such as the last contact, once it does not keep that event.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from contracts.categories import Category
from feature_repo.catalogue import VIEWS, Feature

DEFINED: dict[str, Feature] = {name: feature for features in VIEWS.values() for name, feature in features.items()}
SUMMED = frozenset(name for name, feature in DEFINED.items() if feature.so_far)
TELLING = sorted(name for name, feature in DEFINED.items() if feature.so_far or feature.when)


def past(
    features: Mapping[str, Mapping[str, Any]], oldest: Mapping[str, datetime], older: Collection[str]
) -> frozenset[str]:
    """The features among these that reveal such events.

    `oldest` is the instant before which nothing of a category is kept, `older` are the categories with events before
    it.
    """
    found = set()
    for name in features.keys() & DEFINED.keys():
        feature = DEFINED[name]
        if feature.so_far and feature.category.value in older:
            found.add(name)
        if feature.when and (start := oldest.get(feature.category.value)) is not None:
            happened = _instant(features.get(feature.when))
            if happened is not None and happened <= start:
                found.add(name)
    return frozenset(found)


def asks_for_older(features: Mapping[str, Any], allowed: Collection[Category | str]) -> bool:
    """Whether it has to be known which categories have older events."""
    return any(DEFINED[name].category in allowed for name in SUMMED & features.keys())


def _instant(feature: Mapping[str, Any] | None) -> datetime | None:
    value = (feature or {}).get("value")
    if isinstance(value, int) and not isinstance(value, bool):  # days, as of when it was computed
        at = _moment((feature or {}).get("event_timestamp"))
        return at - timedelta(days=value) if at else None
    return _moment(value)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
