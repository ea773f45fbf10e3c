"""Writes to the online store, through Feast, what the lake's feature tables have become.

Feast's own `materialize()` reads a span of time, so every run would write every profile again; Delta's change feed
names the rows that differ.
"""

from redis import Redis

from consent.purposes import published_purposes
from contracts.settings import Settings
from feature_repo.changes import FeatureChanges, feature_changes
from feature_repo.definitions import PROFILE, feature_services, feature_views
from feature_repo.progress import Position, remember
from feature_repo.store import online_key, online_key_pattern, open_feature_store
from spark_jobs.session import spark_conf, spark_session
from stores.embedded import Stores

CHUNK = 10_000
"""Rows that are on their way at once."""

HEAP = "1g"
"""Enough for rows that only pass through; the pipeline's own JVM may be waiting beside this one."""


def catch_up(
    config: Settings, stores: Stores, client: Redis, lake: str, behind: dict[str, Position | None], definitions: str
) -> dict[str, int]:
    """Brings the views that are `behind`, each since its position, up to date; a view's position moves last."""
    small = config.model_copy(update={"spark_memory": HEAP})
    store = open_feature_store(stores, spark_conf(small))
    views = feature_views(lake)
    store.apply([PROFILE, *views.values(), *feature_services(views, published_purposes())])
    spark = spark_session(small)
    written, forgotten = 0, set[bytes]()
    for view, since in behind.items():
        changes = feature_changes(spark, lake, view, since, definitions)
        for start in range(0, changes.rows.num_rows, CHUNK):
            store.write_to_online_store(view, df=changes.rows.slice(start, CHUNK).to_pandas(integer_object_nulls=True))
        written += changes.rows.num_rows
        gone = _gone(client, changes)
        for key in gone:
            client.delete(key)
        forgotten |= gone
        remember(client, view, changes.position)
    return {"written": written, "deleted": len(forgotten)}


def _gone(client: Redis, changes: FeatureChanges) -> set[bytes]:
    if not changes.whole:
        return {online_key(profile_id) for profile_id in changes.gone}
    present = {online_key(profile_id) for profile_id in changes.rows["profile_id"].to_pylist()}
    return set(client.scan_iter(online_key_pattern(), count=CHUNK)) - present
