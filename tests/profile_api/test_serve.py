"""`python -m profile_api.serve` as a process of its own: it serves, and a signal ends all that it started."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from profile_api.workers import PATIENCE


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _left_over(folder: Path) -> list[str]:
    return [
        process.name()
        for process in psutil.process_iter()
        if process.status() != psutil.STATUS_ZOMBIE and str(folder) in " ".join(process.cmdline())
    ]


def _serve(folder: Path, port: int, workers: int, **settings: str) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OCV_")}
    environment |= {"OCV_LOCAL": str(folder), "OCV_LAKE": str(folder / "lake"), "OCV_DEMO": "1", **settings}
    return subprocess.Popen(
        [sys.executable, "-m", "profile_api.serve", "--port", str(port), "--workers", str(workers)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGINT, 1), (signal.SIGTERM, 2)])
def test_serving_starts_the_stores_answers_and_ends_with_a_signal(
    store_folder: Path, number: signal.Signals, workers: int
) -> None:
    port, metrics = _free_port(), _free_port()
    server = _serve(store_folder, port, workers, OCV_METRICS_PORT=str(metrics))
    try:
        said = _invitation(server)
        ready = httpx.get(f"http://127.0.0.1:{port}/v1/ready")
        assert ready.json() == {"status": "ready"}
        counted = httpx.get(f"http://127.0.0.1:{metrics}/metrics").text
        assert 'handler="/v1/ready",method="GET",status="200"} 1.0' in counted
        assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 404
    finally:
        os.killpg(server.pid, number)  # as a terminal does it: to the whole group
        logged = server.communicate(timeout=60)[1]
    assert "Advisor page" in said and "Advisor token" in said
    assert "Traceback" not in logged, logged
    assert '"route": "/v1/ready"' in logged
    assert _left_over(store_folder) == []


def test_a_signal_ends_serving_while_the_parent_waits_for_a_worker_that_is_dead(store_folder: Path) -> None:
    server = _serve(store_folder, _free_port(), workers=2)
    try:
        _invitation(server)
        (loaded,) = [one for one in psutil.Process(server.pid).children() if "forkserver" in " ".join(one.cmdline())]
        worker = loaded.children()[0]
        worker.suspend()
        time.sleep(2)  # the parent asks every half second whether its workers live
        worker.kill()
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.communicate(timeout=PATIENCE / 2)
    assert _left_over(store_folder) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "expected the address of your issuer's keys in OCV_JWKS_URL"),
        ({"OCV_JWKS_URL": "https://issuer.example/jwks"}, "expected a secret of your own in OCV_AUDIT_KEY"),
    ],
)
def test_serving_without_issuer_or_secret_says_what_to_set(
    store_folder: Path, given: dict[str, str], expected: str
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OCV_")} | given
    environment |= {"OCV_LOCAL": str(store_folder), "OCV_LAKE": str(store_folder / "lake")}
    said = subprocess.run(
        [sys.executable, "-m", "profile_api.serve"], env=environment, capture_output=True, text=True, check=False
    )
    assert said.returncode != 0
    assert said.stderr.strip().splitlines()[-1].startswith(expected)
    assert _left_over(store_folder) == []


def _invitation(server: "subprocess.Popen[str]") -> str:
    """What it prints once all its workers serve."""
    assert server.stdout
    said = ""
    for line in server.stdout:
        said += line
        if line.startswith("No profile has been published"):
            return said
    raise AssertionError(server.communicate()[1])
