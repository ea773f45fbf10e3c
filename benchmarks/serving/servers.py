"""The servers that are measured, each in processes of its own: this project's, and Feast's over the same store."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import yaml

from contracts.settings import settings
from feature_repo.wire import KEY_VERSION, PROJECT
from stores.embedded import Stores
from stores.roles import REGISTRY_SCHEMA

LIMITS = ("BOT_RATE", "BOT_PEOPLE", "STAFF_PEOPLE", "STAFF_RATE", "WRITE_RATE", "WRITE_KEY_RATE", "WRITE_PEOPLE")
FREE = {f"OCV_{name}": "100000000/minute" for name in LIMITS}
"""Limits far above the load; they are counted all the same."""
START = 240.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(home: Path) -> dict[str, str]:
    """The settings of a demonstration in a folder of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OCV_")}
    own = {"OCV_LOCAL": str(home), "OCV_LAKE": str(home / "lake"), "OCV_DEMO": "1"}
    own["OCV_INSTALLATION_KEY"] = settings().installation_secret.decode()  # what is measured is filled by this process
    # The service's own setting of threads for linear algebra, which it does not use.
    return kept | own | FREE | {"OMP_NUM_THREADS": "1"}


@contextmanager
def service(home: Path, workers: int) -> Iterator[int]:
    """This project's service; yields its port."""
    port = free_port()
    command = [sys.executable, "-m", "profile_api.serve", "--port", str(port), "--workers", str(workers)]
    with _running(command, environment(home), home / "service.log", f"http://127.0.0.1:{port}/v1/ready"):
        yield port


@contextmanager
def feast_serve(home: Path, stores: Stores, workers: int) -> Iterator[int]:
    """`feast serve` over the same registry and online store; yields its port."""
    port, folder = free_port(), home / "feast"
    folder.mkdir(exist_ok=True)
    config = {
        "project": PROJECT,
        "provider": "local",
        "registry": {
            "registry_type": "sql",
            "path": stores.database_url,
            "sqlalchemy_config_kwargs": {"connect_args": {"options": f"-c search_path={REGISTRY_SCHEMA}"}},
        },
        "online_store": {"type": "redis", "connection_string": stores.feast_connection},
        "offline_store": {"type": "spark"},
        "entity_key_serialization_version": KEY_VERSION,
    }
    (folder / "feature_store.yaml").write_text(yaml.safe_dump(config))
    # Its workers would end after 1,000 requests each; here they go on, as this project's do.
    command = [str(Path(sys.executable).parent / "feast"), "-c", str(folder), "serve", "-p", str(port)]
    command += ["-w", str(workers), "--no-access-log", "--max-requests", "100000000"]
    with _running(command, environment(home), home / "feast.log", f"http://127.0.0.1:{port}/health"):
        yield port


@contextmanager
def _running(command: list[str], variables: dict[str, str], log: Path, ready: str) -> Iterator[None]:
    with log.open("w") as written:
        process = subprocess.Popen(command, env=variables, stdout=written, stderr=written, start_new_session=True)
        try:
            give_up = time.monotonic() + START
            while not _answers(ready):
                if process.poll() is not None or time.monotonic() > give_up:
                    raise SystemExit(
                        f"expected {command[-1]} to serve, found that it did not:\n{log.read_text()[-2000:]}"
                    )
                time.sleep(0.2)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2.0).status_code == 200
    except httpx.HTTPError:
        return False
