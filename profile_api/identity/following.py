"""What follows from profiles that were rebuilt: the online features, and word of it to other systems."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from redis.exceptions import RedisError
from sqlalchemy import Connection, text

from feature_repo.catalogue import LAKE_VIEWS, VIEWS
from profile_api.identity.rebuild import Rebuilt
from profile_api.live.due import computed_rows
from profile_api.webhooks.updates import tell_updates


@runtime_checkable
class FeatureKeeper(Protocol):
    """The online features as they are kept, beside how they are read."""

    def write(self, profile_id: str, rows: Mapping[str, Mapping[str, Any]], event_timestamp: datetime) -> None:
        """Writes a profile's rows as of an instant."""
        ...

    def stands_at(self, profile_id: str, view: str) -> datetime | None:
        """The instant that a profile's row of a view stands at."""
        ...

    def forget(self, profile_id: str) -> bool:
        """Deletes a profile's features."""
        ...


def tell_rebuilt(connection: Connection, rebuilt: Rebuilt, now: datetime) -> None:
    """Makes the features of these profiles due, and notes for subscribers that the profiles changed."""
    make_due(connection, rebuilt.changed | rebuilt.gone)
    tell_updates(connection, rebuilt.changed, now)


def make_due(connection: Connection, profile_ids: Collection[str]) -> None:
    """From the commit on the projector computes the features of these profiles again."""
    if profile_ids:
        due = text("INSERT INTO features_due (profile_id) SELECT unnest(CAST(:ids AS text[]))")
        connection.execute(due, {"ids": sorted(profile_ids)})


def refresh_features(
    connection: Connection, features: FeatureKeeper | None, rebuilt: Rebuilt, among: Collection[str]
) -> None:
    """Rewrites the features of rebuilt profiles as of the instants at which those of the profiles `among` stood.

    So what is taken apart again is as it was. Features of the moment follow once more after the commit, since the
    projector may be at work on the same people; all do so where the online store does not answer now.
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
