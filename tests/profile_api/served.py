"""The service as a process of its own. Its output goes to files: a pipe that nobody reads stops it once it is full."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

STARTS_WITHIN = 300.0
"""Seconds, on however busy a machine."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Server:
    """The process, and the files of what it prints and logs."""

    process: "subprocess.Popen[bytes]"
    printed: Path
    logged: Path

    def invitation(self) -> str:
        """What it prints once all its workers serve."""
        until = time.monotonic() + STARTS_WITHIN
        while "\nNo profile has been published" not in (printed := self.printed.read_text()):
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(self.logged.read_text())
            time.sleep(0.1)
        return printed

    def end(self, number: signal.Signals, within: float) -> tuple[str, str]:
        """Signals the whole group, as a terminal does; what it printed and what it logged, once all have ended."""
        os.killpg(self.process.pid, number)
        self.process.wait(within)
        until = time.monotonic() + within
        while _members(self.process.pid) and time.monotonic() < until:
            time.sleep(0.1)
        return self.printed.read_text(), self.logged.read_text()


def serve(folder: Path, port: int, workers: int, **settings: str) -> Server:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OCV_")}
    environment |= {"OCV_LOCAL": str(folder), "OCV_LAKE": str(folder / "lake"), "OCV_DEMO": "1", **settings}
    printed, logged = folder / "printed.txt", folder / "logged.txt"
    with printed.open("wb") as out, logged.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "profile_api.serve", "--port", str(port), "--workers", str(workers)],
            env=environment,
            stdout=out,
            stderr=log,
            start_new_session=True,
        )
    return Server(process, printed, logged)


def _members(group: int) -> list[psutil.Process]:
    found = []
    for one in psutil.process_iter():
        try:
            if os.getpgid(one.pid) == group and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found
