"""Starts the stores that no URL names, so that a clone of the project runs without a server to install."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from contracts.settings import Settings
from stores.embedded_postgres import running_postgres
from stores.embedded_valkey import running_valkey


@dataclass(frozen=True, repr=False)
class Stores:
    """Where the two stores answer; holds a password, so it has no repr.

    `database_url` is for SQLAlchemy (`postgresql+psycopg://...`), `redis_url` for redis-py (`redis://...`).
    """

    database_url: str
    redis_url: str

    @property
    def feast_connection(self) -> str:
        """The online store as Feast's `connection_string` wants it: `host:port,password=...,db=0`."""
        url = urlsplit(self.redis_url)
        parts = [f"{url.hostname}:{url.port or 6379}"]
        parts += [f"username={unquote(url.username)}"] if url.username else []
        parts += [f"password={unquote(url.password)}"] if url.password else []
        parts += ["ssl=true"] if url.scheme == "rediss" else []
        return ",".join([*parts, f"db={url.path.strip('/') or 0}"])


@contextmanager
def open_stores(settings: Settings) -> Iterator[Stores]:
    """The stores of these settings; what has a URL is used as it is, what has none runs embedded.

    Several processes may open the same folder: they share one server each, and the last to leave stops it.
    """
    with ExitStack() as stack:
        database_url, redis_url = settings.database_url, settings.redis_url
        if database_url is None:
            database_url = stack.enter_context(running_postgres(settings.store_dir / "postgres"))
        if redis_url is None:
            redis_url = stack.enter_context(running_valkey(settings.store_dir / "valkey"))
        yield Stores(database_url, redis_url)
