"""Processes that serve as one: the parent holds the stores, its workers open them by address."""

import os
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from types import FrameType

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from contracts.settings import Settings, settings
from feature_repo.served import serve_features
from profile_api.http.connections import PatientProtocol
from profile_api.http.logs import configure_logs
from profile_api.http.queries import most_connections
from profile_api.http.telemetry import Overdue, serve_metrics
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
        most = most_connections(connection)
    each = min((most - RESERVED) // workers, max(wanted, FEWEST))
    if each < FEWEST:
        raise SystemExit(
            f"expected {FEWEST} connections for each of {workers} workers, found that PostgreSQL allows {most} in all; "
            "raise its max_connections, or start fewer workers"
        )
    return each


def application(environment: Mapping[str, str]) -> FastAPI:
    """What a worker serves; its parent names the stores in the `environment`.

    The application is loaded where workers are forked from; the parent, which starts beside it, does without.
    """
    from profile_api.app import create_app

    os.environ |= environment
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
    environment = {
        "OCV_DATABASE_URL": stores.database_url,
        "OCV_REDIS_URL": stores.redis_url,
        "OCV_POOL": str(chosen.pool),
        "OCV_INSTALLATION_KEY": chosen.installation_secret.decode(),
    }
    if chosen.owner_url is not None:
        environment["OCV_OWNER_URL"] = chosen.owner_url.get_secret_value()
    environment |= {"OCV_LOCAL": str(chosen.local.resolve()), "OCV_LAKE": chosen.lake_uri}
    serve_metrics(chosen, overdue)
    config = uvicorn.Config(
        partial(application, environment),
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
