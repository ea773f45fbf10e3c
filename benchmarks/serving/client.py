"""The one client of every row: HTTP/1.1 over kept connections, with as little of its own as can be.

Run as a process of its own (`python -m benchmarks.serving.client`), so that its work is not the service's. It reads a
plan from standard input and prints what it measured.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Plan:
    """What to ask. `path` and `body` may hold `{id}` and `{email}` (a person) and `{n}` (a number used once).

    With a `rate` requests start at their times whatever becomes of the others, and an answer's time counts from when it
    should have started. Without, each of the `connections` asks as soon as it is answered.
    """

    port: int
    method: str
    path: str
    seconds: float
    people: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    rate: float = 0.0
    connections: int = 8
    seed: int = 1
    prefix: str = ""
    warm: float = 2.0


class Connection:
    """One connection, one request at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body; opens the connection again where the server closed it."""
        if self._reader is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        low = head.lower()
        at = low.index(b"content-length:") + 15
        body = await self._reader.readexactly(int(low[at : low.index(b"\r", at)]))
        if b"connection: close" in low:
            self.close()
        return int(head[9:12]), body

    def close(self) -> None:
        if self._reader is not None:
            self._writer.close()
            self._reader = None


def requests(plan: Plan) -> Iterator[bytes]:
    """Requests about people drawn at random."""
    draw, number = random.Random(plan.seed), 0
    lines = "".join(f"{name}: {value}\r\n" for name, value in plan.headers.items())
    while True:
        person, number = draw.randrange(plan.people), number + 1
        filled = {"{id}": f"p_{person:x}", "{email}": f"person{person}@load.example", "{n}": f"{plan.prefix}{number}"}
        path, body = plan.path, plan.body
        for mark, value in filled.items():
            path, body = path.replace(mark, value), body.replace(mark, value)
        head = f"{plan.method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
        yield (head + body).encode()


async def load(plan: Plan) -> dict[str, Any]:
    """Latencies in seconds, statuses, and how long it took."""
    made, times, statuses = requests(plan), [], dict[str, int]()
    start = time.perf_counter() + 0.05
    begin, end = start + plan.warm, start + plan.warm + plan.seconds
    slots = iter(range(10**9))

    async def worker() -> None:
        connection = Connection(plan.port)
        while True:
            planned = start + next(slots) / plan.rate if plan.rate else time.perf_counter()
            if planned >= end:
                return connection.close()
            if planned > time.perf_counter():
                await asyncio.sleep(planned - time.perf_counter())
            try:
                status, _ = await connection.ask(next(made))
            except (OSError, asyncio.IncompleteReadError):
                connection.close()
                status = 0
            if planned >= begin:
                times.append(time.perf_counter() - planned)
                statuses[str(status)] = statuses.get(str(status), 0) + 1

    await asyncio.gather(*(worker() for _ in range(plan.connections)))
    return {"times": times, "statuses": statuses, "seconds": plan.seconds}


async def _run(plan: Plan) -> dict[str, Any]:
    return await load(plan)


def as_input(plan: Plan) -> str:
    """The plan as the process takes it."""
    return json.dumps(asdict(plan))


def main() -> None:
    import uvloop

    plan = Plan(**json.loads(sys.stdin.read()))
    print(json.dumps(uvloop.run(_run(plan))))


if __name__ == "__main__":
    main()
