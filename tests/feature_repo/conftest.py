from collections.abc import Iterator

import pytest
from redis import Redis

from stores.embedded import Stores


@pytest.fixture
def online(stores: Stores, database_url: str) -> Iterator[Stores]:
    """A database and an online store that belong to this test alone."""
    own = Stores(database_url, f"{stores.redis_url.removesuffix('/0')}/7")
    with Redis.from_url(own.redis_url) as client:
        client.flushdb()
        yield own
        client.flushdb()
