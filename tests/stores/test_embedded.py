"""The embedded stores keep their data, are shared between processes, and are gone when the last user leaves."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import redis
from sqlalchemy import create_engine, text

from contracts.settings import Settings
from stores.embedded import Stores, open_stores

WRITE_ELSEWHERE = """
import redis, sys
from pathlib import Path
from contracts.settings import Settings
from stores.embedded import open_stores
with open_stores(Settings(local=Path(sys.argv[1]), database_url=None, redis_url=None)) as stores:
    redis.Redis.from_url(stores.redis_url).set("from", "elsewhere")
    print(stores.redis_url)
"""


def _servers_in(folder: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter()
        if process.status() != psutil.STATUS_ZOMBIE and str(folder) in " ".join(process.cmdline())
    ]


def _settings(folder: Path) -> Settings:
    return Settings(local=folder, database_url=None, redis_url=None)


def test_what_was_written_is_there_at_the_next_start_and_nothing_keeps_running(store_folder: Path) -> None:
    with open_stores(_settings(store_folder)) as stores:
        engine = create_engine(stores.database_url)
        with engine.begin() as connection:
            connection.execute(text("create table kept as select 7 as number"))
        engine.dispose()
        with redis.Redis.from_url(stores.redis_url) as client:
            client.set("kept", "7")
    assert _servers_in(store_folder) == []
    with open_stores(_settings(store_folder)) as stores:
        engine = create_engine(stores.database_url)
        with engine.connect() as connection:
            assert connection.scalar(text("select number from kept")) == 7
        engine.dispose()
        with redis.Redis.from_url(stores.redis_url) as client:
            assert client.get("kept") == b"7"
    assert _servers_in(store_folder) == []


def test_a_second_process_shares_the_servers_and_leaves_them_running(store_folder: Path) -> None:
    with open_stores(_settings(store_folder)) as stores:
        said = subprocess.run(
            [sys.executable, "-c", WRITE_ELSEWHERE, str(store_folder)], check=True, capture_output=True, text=True
        )
        assert said.stdout.strip() == stores.redis_url
        with redis.Redis.from_url(stores.redis_url) as client:
            assert client.get("from") == b"elsewhere"


def test_a_killed_process_does_not_keep_the_servers_alive(store_folder: Path) -> None:
    code = WRITE_ELSEWHERE + "    sys.stdout.flush()\n    import os; os.kill(os.getpid(), 9)\n"
    subprocess.run([sys.executable, "-c", code, str(store_folder)], check=False, capture_output=True)
    assert _servers_in(store_folder) != []
    with open_stores(_settings(store_folder)) as stores, redis.Redis.from_url(stores.redis_url) as client:
        assert client.get("from") == b"elsewhere"
    assert _servers_in(store_folder) == []


def test_nothing_starts_where_urls_are_given(store_folder: Path) -> None:
    settings = Settings(
        local=store_folder, database_url="postgresql+psycopg://db.example/v", redis_url="redis://kv.example"
    )
    with open_stores(settings) as stores:
        assert (stores.database_url, stores.redis_url) == (settings.database_url, settings.redis_url)
    assert list(store_folder.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "connection"),
    [
        ("redis://kv.example", "kv.example:6379,db=0"),
        ("redis://:p%40ss@127.0.0.1:7000/2", "127.0.0.1:7000,password=p@ss,db=2"),
        ("rediss://me:secret@kv.example:1/0", "kv.example:1,username=me,password=secret,ssl=true,db=0"),
    ],
)
def test_feast_gets_the_online_store_in_its_own_form(url: str, connection: str) -> None:
    assert Stores("postgresql+psycopg://", url).feast_connection == connection
    assert "secret" not in repr(Stores("", url))
