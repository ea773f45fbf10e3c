"""The whole flow as its user runs it: a process of its own, on the generator's sample."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import func, select

from benchmarks.generate.run import generate
from contracts.settings import Settings
from stores import schema
from stores.embedded import open_stores
from stores.postgres import open_engine

ROOT = Path(__file__).parents[2]


def run_pipeline(home: Path, sources: Path, *more: str) -> tuple[dict[str, Any], str]:
    environment = os.environ | {"OCV_LOCAL": str(home), "OCV_LAKE": str(home / "lake"), "PYTHONPATH": str(ROOT)}
    report = home / "report.json"
    arguments = [
        "--sources",
        str(sources),
        "--contracts",
        str(ROOT / "examples/sample"),
        "--report",
        str(report),
        *more,
    ]
    command = [sys.executable, "-m", "spark_jobs.pipeline", *arguments]
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True)
    said = f"{done.stderr[:4000]}\n[...]\n{done.stderr[-2000:]}"  # the first error is the one that tells why
    assert done.returncode == 0, said
    return json.loads(report.read_text()), done.stderr


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Its own local folder, with the jars that set-up resolved."""
    with TemporaryDirectory(prefix="ocv-") as folder:
        (Path(folder) / "jars").symlink_to(ROOT / ".local/jars")
        yield Path(folder)


def test_channel_files_become_served_profiles_and_a_second_run_changes_no_row(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sources = tmp_path_factory.mktemp("sources")
    generate(80, 3, sources)
    report, said = run_pipeline(home, sources)
    for name, channel in report["channels"].items():
        assert channel["received"] == channel["accepted"] + channel["duplicate"] + channel["quarantined"], name
        assert channel["missing_columns"] == channel["extra_columns"] == [], name
    assert 80 <= report["profiles"] < report["records"]
    assert report["merges"] == report["records"] - report["profiles"]
    assert report["features_materialised"] == 2 * report["profiles"]
    assert report["rows_changed"] > report["records"]
    assert set(report["seconds"]) >= {"ingest", "standardise", "resolve", "profiles", "features", "publish", "total"}
    assert "@" not in said, "the progress of the run names no person"

    chosen = Settings(local=home, lake=str(home / "lake"), database_url=None, redis_url=None)
    with open_stores(chosen) as stores:
        engine = open_engine(stores.database_url)
        with engine.connect() as connection:
            assert connection.execute(select(func.count()).select_from(schema.profiles)).scalar() == report["profiles"]
            assert connection.execute(select(func.count()).select_from(schema.consent_events)).scalar()
        engine.dispose()

    again, said = run_pipeline(home, sources)
    assert again["rows_changed"] == 0
    assert again["features_materialised"] == 0
    assert again["published"] == {}
    assert again["profiles"] == report["profiles"]
    assert "No row changed in any table." in said


def test_a_wrong_folder_is_one_clear_line(home: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "spark_jobs.pipeline",
        "--sources",
        "nowhere",
        "--contracts",
        str(ROOT / "examples/sample"),
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert (
        done.stderr.strip().splitlines()[-1]
        == "expected a folder of channel files at nowhere, found none; set SOURCES to one"
    )
