"""A generated sample as it is served: channel files, the real pipeline, and an officer who may do what officers may."""

import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from benchmarks.generate.run import generate
from benchmarks.serving.servers import environment, service
from consent.model import Role
from contracts.settings import Settings
from lake.jars import jar_folder
from profile_api.http.keys import demo_issuer
from stores.embedded import open_stores
from stores.postgres import open_engine
from stores.schema import profiles

CONTRACTS = Path("examples/sample").resolve()


@dataclass(frozen=True)
class Sample:
    """A folder with its own lake, stores and sources."""

    home: Path

    @property
    def sources(self) -> Path:
        return self.home / "sources"

    @property
    def settings(self) -> Settings:
        lake = str(self.home / "lake")
        return Settings(local=self.home, lake=lake, demo=True, database_url=None, redis_url=None, jwks_url=None)

    def command(self, module: str, *arguments: str, ends: Collection[int] = (0,)) -> tuple[float, str]:
        """Runs a module as its user types it, to its end by one of these codes; seconds, and what it printed."""
        started = time.perf_counter()
        run = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(run, env=environment(self.home), capture_output=True, text=True, check=False)
        if done.returncode not in ends or (done.returncode and not done.stdout):
            raise SystemExit(f"expected {module} to end well, found:\n{(done.stdout + done.stderr)[-3000:]}")
        return round(time.perf_counter() - started, 1), done.stdout

    def pipeline(self) -> None:
        """Runs every step of the batch."""
        self.command("spark_jobs.pipeline", "--sources", str(self.sources), "--contracts", str(CONTRACTS))

    def headers(self, role: Role, purpose: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {demo_issuer(self.settings).token(role, datetime.now(UTC))}",
            "Purpose": purpose,
            "Case-Reference": "benchmark-1",
        }

    def profiles(self) -> dict[str, list[str]]:
        """Every profile, in the order of the ids, with its source records."""
        with open_stores(self.settings) as stores:
            engine = open_engine(stores.database_url)
            with engine.connect() as connection:
                query = select(profiles.c.profile_id, profiles.c.document).order_by(profiles.c.profile_id)
                found = {row.profile_id: row.document["records"] for row in connection.execute(query)}
            engine.dispose()
        return found

    @contextmanager
    def served(self) -> Iterator[httpx.Client]:
        """The service in a process of its own, and a client of it."""
        with service(self.home, 1) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30.0) as client:
            yield client


def make_sample(home: Path, people: int, seed: int = 1) -> Sample:
    """Generates the files and runs the pipeline on them."""
    sample = Sample(home)
    (home / "jars").symlink_to(jar_folder())
    generate(people, seed, sample.sources, datetime.now(UTC).date() - timedelta(days=1))
    sample.pipeline()
    return sample


def called(answer: httpx.Response) -> Any:
    """What a call answered; ends the run where it was refused."""
    if answer.is_error:
        raise SystemExit(
            f"expected {answer.request.url.path} to answer, found {answer.status_code}: {answer.text[:500]}"
        )
    return answer.json()
