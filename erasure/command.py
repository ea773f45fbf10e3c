"""What the commands of erasure work on: all stores at once."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from pyspark.sql import SparkSession
from redis import Redis
from sqlalchemy import Engine

from contracts.channel import Channel
from contracts.pseudonyms import NoKey, reference_key
from contracts.settings import Settings
from erasure.journal import NotErasable
from stores.embedded import Stores, open_stores
from stores.postgres import open_engine


@dataclass
class AllStores:
    """The stores to delete from; `after` is called with every step before it is recorded as done."""

    config: Settings
    stores: Stores
    engine: Engine
    channels: Mapping[str, Channel]
    spark: Callable[[], SparkSession]
    clock: Callable[[], datetime]
    after: Callable[[str], None] = lambda step: None

    @property
    def lake(self) -> str:
        return self.config.lake_uri

    @cached_property
    def client(self) -> Redis:
        return Redis.from_url(self.stores.redis_url)


@contextmanager
def opened(config: Settings, changes: bool = True) -> Iterator[tuple[Stores, Engine]]:
    """The stores of this installation; why nobody can be erased ends the command in a sentence.

    A command that `changes` them and has no audit key ends before any server starts.
    """
    try:
        if changes:
            reference_key(config)
        with open_stores(config) as stores:
            engine = open_engine(stores.database_url)
            try:
                yield stores, engine
            finally:
                engine.dispose()
    except (NotErasable, NoKey) as error:
        raise SystemExit(str(error)) from None
