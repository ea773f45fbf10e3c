"""Where the servers of this machine keep their own files."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from redis import Redis
from sqlalchemy import Engine, text


def data_folder(engine: Engine) -> Path | None:
    """The server's own files, if this machine and user can read them."""
    with suppress(Exception), engine.connect() as connection:
        folder = Path(str(connection.execute(text("SHOW data_directory")).scalar_one()))
        if (folder / "PG_VERSION").is_file():
            return folder
    return None


def key_folder(client: Redis) -> Path | None:
    """The same of Valkey."""
    with suppress(Exception):
        found: Any = client.config_get("dir")
        folder = Path(str(found["dir"]))
        if folder.is_dir() and str(folder) != "/" and any(folder.glob("**/*.aof")):
            return folder
    return None
