"""Which processes use an embedded server, so that the last to leave is the one that stops it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import psutil


class StoreNotReady(RuntimeError):
    """An embedded store did not start or does not answer."""


@dataclass(frozen=True)
class Handles:
    """The users of a server, in a file; hold the folder's lock around every call."""

    path: Path

    def add(self) -> None:
        self._write([*self._alive(), self._own()])

    def remove(self) -> bool:
        """Takes one entry of this process out; whether nobody uses the server any more."""
        users = self._alive()
        if self._own() in users:
            users.remove(self._own())
        self._write(users)
        return not users

    def _alive(self) -> list[str]:
        try:
            users = json.loads(self.path.read_text())
        except (FileNotFoundError, ValueError):
            return []
        return [user for user in users if _started(int(user.partition("@")[0])) == user]

    def _own(self) -> str:
        return _started(os.getpid())

    def _write(self, users: list[str]) -> None:
        self.path.write_text(json.dumps(users))


def is_alive(pid: int) -> bool:
    """Whether a process runs under this pid; a dead one that nobody has reaped does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _started(pid: int) -> str:
    # Pids are reused; together with its start time a pid identifies a process.
    try:
        return f"{pid}@{psutil.Process(pid).create_time():.2f}" if is_alive(pid) else ""
    except psutil.NoSuchProcess:
        return ""
