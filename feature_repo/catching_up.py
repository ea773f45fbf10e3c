"""Writes changes of the lake's feature tables to the online store, through Feast.

Feast's own `materialize()` reads a span of time, so every run would write every profile again; Delta's change feed
names the rows that differ.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
from redis import Redis
from sqlalchemy import Engine, select

from consent.purposes import published_purposes
from contracts.settings import Settings
from feature_repo.changes import FeatureChanges, feature_changes
from feature_repo.definitions import PROFILE, feature_services, feature_views
from feature_repo.progress import ReadPosition, remember
from feature_repo.store import open_feature_store
from feature_repo.wire import instant_of, online_key, online_key_pattern
from lake.session import spark_conf, spark_session
from stores.due import make_due
from stores.embedded import Stores
from stores.postgres import open_engine
from stores.schema import live_assignments

CHUNK = 10_000
"""Rows in flight at once."""

HEAP = "1g"
"""Enough for rows that are only copied; the pipeline's own JVM may be running too."""


def catch_up(
    config: Settings, stores: Stores, client: Redis, lake: str, behind: dict[str, ReadPosition | None], definitions: str
) -> dict[str, int]:
    """Brings the views in `behind` up to date, each from its position, which is written last."""
    small = config.model_copy(update={"spark_memory": HEAP})
    store = open_feature_store(stores, spark_conf(small))
    views = feature_views(lake)
    store.apply([PROFILE, *views.values(), *feature_services(views, published_purposes())])
    spark = spark_session(small)
    written, forgotten = 0, set[bytes]()
    for view, since in behind.items():
        changes = feature_changes(spark, lake, view, since, definitions)
        for start in range(0, changes.rows.num_rows, CHUNK):
            rows = _not_newer_online(client, changes.rows.slice(start, CHUNK), stores)
            if rows.num_rows:
                store.write_to_online_store(view, df=rows.to_pandas(integer_object_nulls=True))
            written += rows.num_rows
        gone = _gone(client, changes, stores)
        for key in gone:
            client.delete(key)
        forgotten |= gone
        remember(client, view, changes.position)
    return {"written": written, "deleted": len(forgotten)}


def _not_newer_online(client: Redis, rows: pa.Table, stores: Stores) -> pa.Table:
    """Without profiles that have newer live events; those are due to be computed again."""
    ids: list[str] = rows["profile_id"].to_pylist()
    with client.pipeline(transaction=False) as pipe:
        for one in ids:
            pipe.hget(online_key(one), "_ts:features_live")
        stamps = [instant_of(stamp) for stamp in pipe.execute()]
    moments = rows["event_timestamp"].to_pylist()
    newer = [live is not None and live > moment for live, moment in zip(stamps, moments, strict=True)]
    if not any(newer):
        return rows
    with _engine(stores) as engine, engine.begin() as connection:
        make_due(connection, [one for one, is_newer in zip(ids, newer, strict=True) if is_newer])
    return rows.filter(pa.array([not one for one in newer]))


def _gone(client: Redis, changes: FeatureChanges, stores: Stores) -> set[bytes]:
    if not changes.whole:
        return {online_key(profile_id) for profile_id in changes.gone}
    present = {online_key(profile_id) for profile_id in changes.rows["profile_id"].to_pylist()}
    with _engine(stores) as engine, engine.connect() as connection:  # profiles that the lake does not know yet
        live = {online_key(one) for one in connection.scalars(select(live_assignments.c.profile_id))}
    return set(client.scan_iter(online_key_pattern(), count=CHUNK)) - present - live


@contextmanager
def _engine(stores: Stores) -> Iterator[Engine]:
    engine = open_engine(stores.database_url)
    try:
        yield engine
    finally:
        engine.dispose()
