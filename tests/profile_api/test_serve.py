"""`python -m profile_api.serve` as a process of its own: it serves, and a signal ends all that it started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from contracts.settings import Settings
from engagement.zones.rule_file import BadRules
from profile_api.serving import _serve
from profile_api.workers import PATIENCE
from tests.profile_api.served import free_port, serve


def _left_over(folder: Path) -> list[str]:
    return [
        process.name()
        for process in psutil.process_iter()
        if process.status() != psutil.STATUS_ZOMBIE and str(folder) in " ".join(process.cmdline())
    ]


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGINT, 1), (signal.SIGTERM, 2)])
def test_serving_starts_the_stores_answers_and_ends_with_a_signal(
    store_folder: Path, number: signal.Signals, workers: int
) -> None:
    port, metrics = free_port(), free_port()
    server = serve(store_folder, port, workers, OCV_METRICS_PORT=str(metrics))
    try:
        server.invitation()
        ready = httpx.get(f"http://127.0.0.1:{port}/v1/ready")
        assert ready.json() == {"status": "ready"}
        counted = httpx.get(f"http://127.0.0.1:{metrics}/metrics").text
        assert 'handler="/v1/ready",method="GET",status="200"} 1.0' in counted
        assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 404
    finally:
        printed, logged = server.end(number, within=60)
    assert "Advisor page" in printed and "Advisor token" in printed
    assert "Traceback" not in logged, logged
    assert '"route": "/v1/ready"' in logged
    assert _left_over(store_folder) == []


def test_a_signal_ends_serving_while_the_parent_waits_for_a_worker_that_is_dead(store_folder: Path) -> None:
    server = serve(store_folder, free_port(), workers=2)
    try:
        server.invitation()
        (loaded,) = [
            one for one in psutil.Process(server.process.pid).children() if "forkserver" in " ".join(one.cmdline())
        ]
        worker = loaded.children()[0]
        worker.suspend()
        time.sleep(2)  # the parent asks every half second whether its workers live
        worker.kill()
    finally:
        server.end(signal.SIGTERM, within=PATIENCE / 2)
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


def test_rules_that_are_not_there_are_said_before_any_store_starts(store_folder: Path) -> None:
    wrong = Settings(local=store_folder, demo=True, zones_file=store_folder / "none.yml")
    with pytest.raises(BadRules, match="expected a rule file, found none"):
        _serve(wrong, "127.0.0.1", 0, 1)
    assert _left_over(store_folder) == []
