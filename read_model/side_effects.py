"""Side effects of rebuilt profiles: online features, and events for other systems."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from redis.exceptions import RedisError
from sqlalchemy import Connection

from feature_repo.catalogue import LAKE_VIEWS, VIEWS
from read_model.features_due import computed_rows
from read_model.outbox.updates import tell_updates
from read_model.rebuild import Rebuilt
from stores.due import make_due


@runtime_checkable
class FeatureKeeper(Protocol):
    """The write interface of the online features."""

    def write(self, profile_id: str, rows: Mapping[str, Mapping[str, Any]], event_timestamp: datetime) -> None:
        """Writes a profile's rows as of an instant."""
        ...

    def stands_at(self, profile_id: str, view: str) -> datetime | None:
        """The time of a profile's row of a view."""
        ...

    def forget(self, profile_id: str) -> bool:
        """Deletes a profile's features."""
        ...


def tell_rebuilt(connection: Connection, rebuilt: Rebuilt, now: datetime) -> None:
    """Marks the features of these profiles as due, and emits events that the profiles changed."""
    make_due(connection, rebuilt.changed | rebuilt.gone)
    tell_updates(connection, rebuilt.changed, now)


def refresh_features(
    connection: Connection, features: FeatureKeeper | None, rebuilt: Rebuilt, among: Collection[str]
) -> None:
    """Rewrites the features of rebuilt profiles as of the times of the features of profiles in `among`.

    So an unmerge restores them exactly. Features of the moment are computed again after the commit, since the
    projector may be working on the same people; all are if the online store does not answer now.
    """
    try:
        if features is not None and not _rewrite(connection, features, rebuilt, among):
            return
    except (RedisError, OSError):  # the decision stands all the same
        pass
    make_due(connection, rebuilt.changed | rebuilt.gone)


def _rewrite(connection: Connection, features: FeatureKeeper, rebuilt: Rebuilt, among: Collection[str]) -> bool:
    """Whether any of them has features of the moment."""
    stood = {
        (one, view): at
        for one in sorted({*among, *rebuilt.changed})
        for view in VIEWS
        if (at := features.stands_at(one, view)) is not None
    }
    wanted: dict[datetime, dict[str, list[str]]] = {}
    for profile_id in sorted(rebuilt.changed):
        with_it = among if profile_id in among else {profile_id}
        for view in VIEWS:
            as_of = max((stood[one, view] for one in with_it if (one, view) in stood), default=None)
            if as_of is not None:
                wanted.setdefault(as_of, {}).setdefault(profile_id, []).append(view)
    for profile_id in sorted(rebuilt.gone):
        features.forget(profile_id)
    for as_of, views_of in wanted.items():
        computed = computed_rows(connection, sorted(views_of), as_of)
        for profile_id, rows in computed.items():
            features.write(profile_id, {view: rows[view] for view in views_of[profile_id]}, as_of)
        for profile_id in sorted(views_of.keys() - computed):
            features.forget(profile_id)
    return any(view not in LAKE_VIEWS for _, view in stood)
