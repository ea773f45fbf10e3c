"""The Feast store of these settings: registry in PostgreSQL, online in Valkey or Redis, offline in the lake."""

import warnings
from typing import Any

from feast import FeatureStore, RepoConfig
from sqlalchemy import text

from feature_repo.wire import KEY_VERSION, PROJECT
from stores.embedded import Stores
from stores.postgres import open_engine
from stores.roles import REGISTRY_SCHEMA


def open_feature_store(stores: Stores, spark_conf: dict[str, str] | None = None) -> FeatureStore:
    """Opens the store; the registry is read once and then held, until `refresh_registry()`.

    `spark_conf` is only needed for offline reads. Feast's tables live in a PostgreSQL schema of their own.
    """
    engine = open_engine(stores.database_url)
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(hashtext('feast'))"))
        if connection.scalar(text("select to_regnamespace(:name)"), {"name": REGISTRY_SCHEMA}) is None:
            connection.execute(text(f"create schema {REGISTRY_SCHEMA}"))
    engine.dispose()
    registry: dict[str, Any] = {
        "registry_type": "sql",
        "path": stores.database_url,
        "cache_ttl_seconds": 0,
        "sqlalchemy_config_kwargs": {
            "pool_pre_ping": True,
            "hide_parameters": True,
            "connect_args": {"options": f"-c search_path={REGISTRY_SCHEMA}"},
        },
    }
    # `skip_dedup`: the lake decides which row is the newest. Feast would refuse a row that was corrected without a
    # later event (a merge, an order that came late), since its instant is the same.
    online = {"type": "redis", "connection_string": stores.feast_connection, "skip_dedup": True}
    config = RepoConfig(
        project=PROJECT,
        provider="local",
        registry=registry,
        online_store=online,
        offline_store={"type": "spark", "spark_conf": spark_conf},
        entity_key_serialization_version=KEY_VERSION,
    )
    # Only now: loading Feast's Spark store sets a filter of its own.
    warnings.filterwarnings("ignore", "The spark data source API is an experimental feature", RuntimeWarning)
    return FeatureStore(config=config)
