"""Processes that serve as one: the parent holds the stores, its workers open them by address."""

import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine, text
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from contracts.settings import Settings, settings
from feature_repo.served import serve_features
from profile_api.app import create_app
from profile_api.connections import PatientProtocol
from profile_api.logs import configure_logs
from profile_api.telemetry import SHARED, Overdue, serve_metrics
from stores.embedded import Stores

RESERVED = 25
"""Connections of the server that no worker takes: the pipeline, live events, webhooks, registries, an administrator."""
FEWEST = 2
GRACE = 20
PATIENCE = 60
"""Seconds after which a worker that does not answer its parent is replaced; loading takes some on a busy machine."""


def connections_each(engine: Engine, workers: int, wanted: int) -> int:
    """How many connections each worker may hold, `wanted` at most, so that all together fit the server; raises where
    they do not."""
    with engine.connect() as connection:
        most = int(connection.scalar(text("select setting from pg_settings where name = 'max_connections'")) or 0)
    each = min((most - RESERVED) // workers, max(wanted, FEWEST))
    if each < FEWEST:
        raise SystemExit(
            f"expected {FEWEST} connections for each of {workers} workers, found that PostgreSQL allows {most} in all; "
            "raise its max_connections, or start fewer workers"
        )
    return each


def application() -> FastAPI:
    """What a worker serves; its parent has put the addresses of the stores into the environment."""
    configure_logs()
    chosen = settings()
    PatientProtocol.most = chosen.at_once
    stores = Stores(str(chosen.database_url), str(chosen.redis_url))
    return create_app(chosen, stores.database_url, serve_features(stores), redis_url=stores.redis_url)


def run_workers(
    chosen: Settings,
    stores: Stores,
    host: str,
    port: int,
    workers: int,
    overdue: Overdue,
    ready: Callable[[], None],
) -> None:
    """Serves until a signal ends it, and says when it is `ready`; requests under way are answered first."""
    os.environ |= {
        "OCV_DATABASE_URL": stores.database_url,
        "OCV_REDIS_URL": stores.redis_url,
        "OCV_POOL": str(chosen.pool),
        "OCV_INSTALLATION_KEY": chosen.installation_secret.decode(),
    }
    if chosen.owner_url is not None:
        os.environ["OCV_OWNER_URL"] = chosen.owner_url.get_secret_value()
    os.environ |= {"OCV_LOCAL": str(chosen.local.resolve()), "OCV_LAKE": chosen.lake_uri}
    with _shared_metrics(chosen, overdue):
        config = uvicorn.Config(
            "profile_api.workers:application",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
            timeout_worker_healthcheck=PATIENCE,
            http=PatientProtocol,
            ws="none",
        )
        _Supervisor(config, [config.bind_socket()], ready).run()


class _Supervisor(Multiprocess):
    """Says when all workers serve; ends at a signal even while it waits for one that died meanwhile.

    uvicorn's own waits its whole PATIENCE then: the parent holds the worker's end of the pipe open too.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], ready: Callable[[], None]) -> None:
        super().__init__(config, sockets)
        self._ready = ready
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._end)

    def init_processes(self) -> None:
        super().init_processes()
        if all([self._serves(process) for process in self.processes]) and not self.should_exit.is_set():
            self._ready()

    def _serves(self, process: Process) -> bool:
        """Waits for a worker as long as it lives: on a busy machine one takes longer to start than any patience."""
        while process.process.is_alive() and not self.should_exit.is_set():
            if process.wait_until_ready(PATIENCE, self.should_exit):
                return True
        return False

    def _end(self, number: int, frame: FrameType | None) -> None:
        self.should_exit.set()
        for process in self.processes:
            with suppress(OSError):  # of one that ends already
                process.child_conn.send(True)  # in its stead


@contextmanager
def _shared_metrics(chosen: Settings, overdue: Overdue) -> Iterator[None]:
    if not chosen.metrics_port:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="ocv-metrics-") as folder:
        os.environ[SHARED] = folder
        serve_metrics(chosen, overdue)
        yield
