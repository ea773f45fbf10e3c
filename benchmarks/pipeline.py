"""How long channel files take to become served profiles: a first run from a cold JVM, and one on unchanged files."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.memory import PeakMemory
from lake.jars import jar_folder

TARGETS = {"first": 180.0, "unchanged": 60.0, "peak_pss_gb": 4.0}


def run(home: Path, sources: Path, contracts: Path) -> dict[str, Any]:
    """One run of the pipeline as its user starts it; seconds are of the whole process."""
    report = home / "report.json"
    arguments = ["--sources", str(sources.resolve()), "--contracts", str(contracts.resolve()), "--report", str(report)]
    environment = os.environ | {"OCV_LOCAL": str(home), "OCV_LAKE": str(home / "lake")}
    start = time.perf_counter()
    command = [sys.executable, "-m", "spark_jobs.pipeline", *arguments]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    with PeakMemory(process.pid) as memory:
        _, said = process.communicate()
    if process.returncode:
        raise SystemExit(f"expected the pipeline to end well, found:\n{said[-3000:]}")
    found = json.loads(report.read_text())
    return {
        "seconds": round(time.perf_counter() - start, 1),
        "steps": found["seconds"],
        "peak_pss_gb": round(memory.peak / 2**30, 2),
        "rows_changed": found["rows_changed"],
        "records": found["records"],
        "profiles": found["profiles"],
    }


def measure(sources: Path, contracts: Path) -> dict[str, Any]:
    """Two runs in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="ocv-bench-") as folder:
        home = Path(folder)
        (home / "jars").symlink_to(jar_folder())
        return {"first": run(home, sources, contracts), "unchanged": run(home, sources, contracts)}


def show(found: dict[str, Any]) -> None:
    first, unchanged = found["first"], found["unchanged"]
    table = Table(title=f"{first['records']} records, {first['profiles']} profiles")
    for heading in ("step", "first run, s", "unchanged, s"):
        table.add_column(heading, justify="left" if heading == "step" else "right")
    for step, seconds in first["steps"].items():
        if step != "total":
            table.add_row(step, f"{seconds:.1f}", f"{unchanged['steps'].get(step, 0):.1f}")
    table.add_section()
    table.add_row("whole process", f"{first['seconds']:.1f}", f"{unchanged['seconds']:.1f}")
    table.add_row("to reach", f"{TARGETS['first']:.0f}", f"{TARGETS['unchanged']:.0f}")
    table.add_row("peak memory, GiB (to reach: 4)", f"{first['peak_pss_gb']:.2f}", f"{unchanged['peak_pss_gb']:.2f}")
    table.add_row("rows changed", str(first["rows_changed"]), str(unchanged["rows_changed"]))
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", required=True, type=Path)
    parser.add_argument("--contracts", required=True, type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = measure(given.sources, given.contracts)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")
    show(found)


if __name__ == "__main__":
    main()
