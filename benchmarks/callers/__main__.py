"""How fast and how well callers are identified: invented customers in PostgreSQL, noisy calls of them and of others."""

import argparse
import json
import logging
import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import structlog
from fastapi.testclient import TestClient
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from benchmarks.callers.calls import Caller
from benchmarks.callers.people import NOW, OnFile, put_on_file
from benchmarks.generate.draws import Draws
from consent.model import Role
from contracts.settings import Settings
from identity.callers.score import KNOWN, Ranking
from profile_api.app import create_app
from profile_api.callers.queries.ranking import rank_callers
from profile_api.callers.queries.tries import WRONG_OF_AN_HOUR
from profile_api.callers.views import IdentifyRequest
from profile_api.http.keys import demo_issuer
from stores.embedded import open_stores
from stores.postgres import migrate, open_engine

BINS = (0.0, 0.01, 0.05, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0)
MOST_TURNS = 7


class Measured:
    """What the calls showed."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, list[float]] = defaultdict(list)
        self.predicted: list[tuple[float, bool]] = []
        self.ranks: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self.questions: list[int] = []

    def predict(self, ranking: Ranking, truth: str | None) -> None:
        """Every probability that was told, and whether it came true."""
        self.predicted += [(one.probability, one.candidate.profile_id == truth) for one in ranking.scored]
        self.predicted.append((ranking.none, truth not in {one.candidate.profile_id for one in ranking.scored}))

    def rank(self, ranking: Ranking, truth: str | None) -> None:
        """Where the caller who is on file came, when the conversation ended."""
        if truth is None:
            return
        places = [one.candidate.profile_id for one in ranking.scored]
        place = places.index(truth) if truth in places else None
        self.ranks["calls"] += 1
        self.ranks["top 1"] += place == 0
        self.ranks["top 3"] += place is not None and place < 3
        self.ranks["among the candidates"] += place is not None


def converse(
    client: TestClient,
    engine: Engine,
    headers: dict[str, str],
    number: int,
    caller: Caller,
    truth: str | None,
    found: Measured,
) -> None:
    """One call, to its end: verified, nothing left to ask, or too long."""
    heard, cannot = caller.begins(), set[str]()
    for turn in range(MOST_TURNS):
        body = {"call": f"call-{number:08d}", "heard": heard, "cannot_tell": sorted(cannot), "region": "FR"}
        if not heard:
            body["heard"] = {"city": ["?"]}
        start = time.perf_counter()
        answered = client.post("/v1/identity/identify", json=body, headers=headers)
        found.milliseconds["answer, as a client waits for it"].append((time.perf_counter() - start) * 1000)
        start = time.perf_counter()
        with engine.connect() as connection:
            request = IdentifyRequest.model_validate(body)
            _, ranking = rank_callers(connection, request.heard.hypotheses(), request.region, NOW.year, frozenset)
        found.milliseconds["candidates and probabilities alone"].append((time.perf_counter() - start) * 1000)
        if answered.status_code == 429:
            found.ends["too many wrong tries"] += 1
            found.rank(ranking, truth)
            return
        answer = answered.raise_for_status().json()
        found.predict(ranking, truth)
        if answer["verified"]:
            right = answer["profile_id"] == truth
            found.ends["verified" if right else "verified as somebody else"] += 1
            if right:
                found.questions.append(turn)
            found.rank(ranking, truth)
            return
        asked = answer["ask"]
        if asked is None:
            break
        said = caller.says(asked)
        if said:
            heard[asked] = said
        if not said or (asked in heard and asked in answer["unread"]):
            cannot.add(asked)
    found.ends["on file, not verified" if truth else "not on file, not verified"] += 1
    found.rank(ranking, truth)


def reliability(predicted: list[tuple[float, bool]]) -> list[dict[str, float]]:
    """Per bin of probability: how many, the mean that was told, and how often it came true."""
    told, true = np.array([p for p, _ in predicted]), np.array([t for _, t in predicted])
    rows = []
    for low, high in pairwise(BINS):
        within = (told >= low) & ((told < high) | (high == 1.0))
        if within.any():
            rows.append(
                {
                    "from": low,
                    "to": high,
                    "n": int(within.sum()),
                    "told": round(float(told[within].mean()), 4),
                    "came_true": round(float(true[within].mean()), 4),
                }
            )
    return rows


def run(people: int, calls: int, seed: int) -> dict[str, Any]:
    """Loads, calls, and returns every figure."""
    found = Measured()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    WRONG_OF_AN_HOUR[Role.ADVISOR] = calls * MOST_TURNS  # one advisor takes all of the calls
    with TemporaryDirectory(prefix="ocv-bench-") as folder:
        settings = Settings(local=Path(folder), demo=True, database_url=None, redis_url=None, jwks_url=None)
        with open_stores(settings) as stores:
            engine = open_engine(stores.database_url)
            migrate(engine)
            start = time.perf_counter()
            on_file = put_on_file(engine, people, seed)
            loading = time.perf_counter() - start
            app = create_app(settings, stores.database_url, None, clock=lambda: NOW)
            token = demo_issuer(settings).token(Role.ADVISOR, NOW)
            headers = {"Authorization": f"Bearer {token}", "Purpose": "service"}
            client = TestClient(app)
            for number, (caller, truth) in enumerate(_callers(on_file, calls, seed)):
                converse(client, engine, headers, number, caller, truth, found)
            engine.dispose()
    told = np.array([p for p, _ in found.predicted])
    true = np.array([t for _, t in found.predicted])
    return {
        "profiles": len(on_file.known),
        "records": on_file.records,
        "calls": calls,
        "share_of_callers_on_file": KNOWN,
        "requests": len(found.milliseconds["answer, as a client waits for it"]),
        "milliseconds": {name: _percentiles(values) for name, values in found.milliseconds.items()},
        "on_file": {
            name: round(count / max(1, found.ranks["calls"]), 4)
            for name, count in found.ranks.items()
            if name != "calls"
        },
        "ends": dict(sorted(found.ends.items())),
        "questions_until_verified": {
            "mean": round(float(np.mean(found.questions or [0])), 2),
            "most": max(found.questions, default=0),
        },
        "brier": round(float(np.mean((told - true) ** 2)), 5),
        "reliability": reliability(found.predicted),
        "seconds": {"loading": round(loading, 1)},
    }


def _callers(on_file: OnFile, calls: int, seed: int) -> list[tuple[Caller, str | None]]:
    draws = Draws(seed + 2)
    chosen: list[tuple[Caller, str | None]] = []
    while len(chosen) < calls:
        if draws.chance(KNOWN):
            person, cards = draws.pick(on_file.known)
            chosen.append((Caller(draws, person, cards), f"p_{person.key}"))
        else:
            chosen.append((Caller(draws, draws.pick(on_file.strangers), []), None))
    return chosen


def _percentiles(values: list[float]) -> dict[str, float]:
    return {f"p{at}": round(float(np.percentile(values, at)), 1) for at in (50, 95, 99)}


def show(found: dict[str, Any]) -> None:
    console = Console()
    table = Table("", "")
    for name in ("profiles", "records", "calls", "requests", "brier"):
        table.add_row(name, f"{found[name]}")
    for name, values in found["milliseconds"].items():
        table.add_row(f"{name}, ms", ", ".join(f"{at} {value}" for at, value in values.items()))
    for name, share in found["on_file"].items():
        table.add_row(f"on file: {name}", f"{share:.1%}")
    for name, count in found["ends"].items():
        table.add_row(name, str(count))
    questions = found["questions_until_verified"]
    table.add_row("questions until verified", f"{questions['mean']} on average, {questions['most']} at most")
    console.print(table)
    bins = Table("probability", "n", "told", "came true")
    for row in found["reliability"]:
        bins.add_row(f"{row['from']} to {row['to']}", str(row["n"]), f"{row['told']:.3f}", f"{row['came_true']:.3f}")
    console.print(bins)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.callers", description=__doc__)
    parser.add_argument("--profiles", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = run(given.profiles, given.calls, given.seed)
    show(found)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
