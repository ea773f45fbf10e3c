"""Measures the service as it is served: load from processes of its own, warm, everything on this one machine."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from benchmarks.serving import events, population
from benchmarks.serving.client import Plan, as_input
from benchmarks.serving.servers import feast_serve, service
from consent.model import Role
from contracts.settings import Settings
from contracts.sources import demo_keys
from feature_repo.online import open_features
from profile_api.http.keys import demo_issuer
from stores.embedded import Stores, open_stores
from stores.postgres import migrate, open_engine

SLICES = 4
"""The two servers that are compared take turns, so that a neighbour's work on the machine falls on both."""
ROWS = ("features", "profile", "context", "visible", "growth", "events")


@dataclass
class Bench:
    """What every row needs."""

    home: Path
    engine: Engine
    stores: Stores
    people: int
    seconds: float
    workers: int
    port: int
    token: str
    key: str

    def reading(self, method: str, path: str, body: str = "", **how: Any) -> Plan:
        headers = {"Authorization": f"Bearer {self.token}", "Purpose": "service", "Content-Type": "application/json"}
        return Plan(self.port, method, path, self.seconds, self.people, headers, body, **how)


def measured(*plans: Plan) -> list[dict[str, Any]]:
    """Runs plans at the same time, each in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.serving.client"]
    with ExitStack() as files:
        said = [files.enter_context(tempfile.TemporaryFile("w+")) for _ in plans]  # a pipe lost the end of one at times
        running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, text=True) for out in said]
        for process, plan in zip(running, plans, strict=True):
            assert process.stdin
            process.stdin.write(as_input(plan))
            process.stdin.close()
        if any([process.wait() for process in running]):
            raise SystemExit("expected the load to run to its end, found that a client of it failed; see above")
        for out in said:
            out.seek(0)
        return [json.load(out) for out in said]


def figures(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Milliseconds at the percentiles, requests a second, and answers by status."""
    times = np.array([one for run in runs for one in run["times"]]) * 1000
    statuses: dict[str, int] = {}
    for run in runs:
        for status, count in run["statuses"].items():
            statuses[status] = statuses.get(status, 0) + count
    at = {f"p{q}": round(float(np.percentile(times, q)), 2) for q in (50, 95, 99)} if len(times) else {}
    return {**at, "per_second": round(len(times) / sum(run["seconds"] for run in runs), 1), "statuses": statuses}


def features(bench: Bench, feast_port: int) -> dict[str, Any]:
    """The same features of the same people by the same client: through the gate, and from `feast serve`."""
    ours = bench.reading("GET", "/v1/profiles/{id}/features", connections=1)
    body = json.dumps({"feature_service": "service", "entities": {"profile_id": ["{id}"]}})
    theirs = replace(
        ours,
        port=feast_port,
        method="POST",
        path="/get-online-features",
        body=body,
        headers={"Content-Type": "application/json"},
    )
    found: dict[str, Any] = {}
    for name, connections in (("one at a time", 1), ("four at a time", 4)):
        runs: dict[str, list[dict[str, Any]]] = {"gate": [], "feast": []}
        for turn in range(SLICES):
            for server, plan in (("gate", ours), ("feast", theirs)):
                part = replace(plan, seconds=bench.seconds / SLICES, connections=connections, seed=turn)
                runs[server] += measured(part)
        found[name] = {server: figures(parts) for server, parts in runs.items()}
    return found


def profile(bench: Bench) -> dict[str, Any]:
    return figures(measured(bench.reading("GET", "/v1/profiles/{id}", rate=100.0, connections=32)))


def context(bench: Bench) -> dict[str, Any]:
    body = json.dumps({"identifier": {"kind": "email", "value": "{email}"}})
    return figures(measured(bench.reading("POST", "/v1/bot/context", body, rate=100.0, connections=32)))


def visible(bench: Bench) -> dict[str, Any]:
    rounds: list[float] = []
    failed: list[str] = []
    watcher = events.watching(bench.port, bench.key, bench.token, bench.seconds, rounds, failed)
    load = measured(
        events.event_plan(bench.port, bench.key, bench.seconds, "v", rate=100 - events.PROBES, connections=32)
    )
    watcher.join()
    seen = figures([{"times": rounds, "statuses": {"seen": len(rounds), "unseen": len(failed)}, "seconds": 1}])
    return {"seen": seen, "acknowledged": figures(load)}


def sustained(bench: Bench) -> dict[str, Any]:
    """As many as are acknowledged, one by one and in batches of a hundred; every one of them must be kept."""
    found: dict[str, Any] = {}
    for name, size in (("single", 1), ("batches of 100", 100)):
        prefix, how = f"s{size}-", {"connections": 24 if size == 1 else 4, "warm": 0.0}
        if size == 1:
            plan = events.event_plan(bench.port, bench.key, bench.seconds, prefix, **how)
        else:
            plan = events.batch_plan(bench.port, bench.key, bench.seconds, prefix, size, **how)
        run = figures(measured(plan))
        acknowledged = run["statuses"].get("202", 0) * size
        kept = events.kept(bench.engine, prefix)
        found[name] = {
            **run,
            "events_per_second": round(acknowledged / bench.seconds),
            "acknowledged": acknowledged,
            "kept": kept,
            "lost": max(0, acknowledged - kept),
        }
    return found


@contextmanager
def benches(home: Path, people: int, seconds: float, workers: int) -> Iterator[Bench]:
    """A population, and the service over it."""
    chosen = Settings(local=home, lake=str(home / "lake"), demo=True, database_url=None, redis_url=None)
    with open_stores(chosen) as stores:
        engine = open_engine(stores.database_url)
        migrate(engine)
        population.grow(engine, stores, population.prepare(stores), 0, people)
        token = demo_issuer(chosen).token(Role.BOT, datetime.now(UTC))
        with service(home, workers) as port:
            yield Bench(home, engine, stores, people, seconds, workers, port, token, demo_keys(chosen).server)
        engine.dispose()


def run(people: int, seconds: float, workers: int, rows: list[str], sizes: list[int]) -> dict[str, Any]:
    """Every row that was asked for."""
    found: dict[str, Any] = {"people": people, "seconds": seconds, "workers": workers}
    with tempfile.TemporaryDirectory(prefix="ocv-serving-") as folder:
        first = sizes[0] if rows == ["growth"] else people
        with benches(Path(folder), first, seconds, workers) as bench:
            if "features" in rows:
                with feast_serve(bench.home, bench.stores, workers) as feast_port:
                    found["features"] = features(bench, feast_port)
            found |= {
                name: row(bench)
                for name, row in (("profile", profile), ("context", context), ("visible", visible))
                if name in rows
            }
            # The last of all: working off so many events goes on for minutes after they are acknowledged.
            if "growth" in rows:
                found["growth"] = growth(bench, sizes)
            if "events" in rows:
                found["events"] = sustained(bench)
    return found


def growth(bench: Bench, sizes: list[int]) -> dict[str, Any]:
    """The same two reads, of ever more people."""
    found: dict[str, Any] = {}
    opened, reached = open_features(bench.stores), bench.people
    for size in sizes:
        if size > reached:
            population.grow(bench.engine, bench.stores, opened, reached, size)
            reached = size
        of = replace(bench, people=size)
        found[str(size)] = {"profile": profile(of), "context": context(of)}
    return found


def show(found: dict[str, Any]) -> None:
    table = Table(title=f"{found['people']} people, {found['seconds']:g} s a row, {found['workers']} workers")
    for heading in ("what", "p50 ms", "p95 ms", "p99 ms", "a second", "answers"):
        table.add_column(heading, justify="left" if heading == "what" else "right")

    def add(name: str, row: dict[str, Any]) -> None:
        if "statuses" in row:
            cells = [str(row.get(key, "-")) for key in ("p50", "p95", "p99", "per_second", "statuses")]
            table.add_row(name, *cells)
            if "lost" in row:
                table.add_row(f"{name}: events", "", "", "", str(row["events_per_second"]), f"{row['lost']} lost")
            return
        for key, inner in row.items():
            if isinstance(inner, dict):
                add(f"{name}: {key}", inner)

    for name in ROWS:
        if name in found:
            add(name, found[name])
    Console(width=140).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each row")
    parser.add_argument("--workers", type=int, default=1, help="of both servers")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--sizes", nargs="+", type=int, default=[10_000, 100_000, 1_000_000], help="of the growth")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = run(given.profiles, given.seconds, given.workers, given.rows, sorted(given.sizes))
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")
    show(found)


if __name__ == "__main__":
    main()
