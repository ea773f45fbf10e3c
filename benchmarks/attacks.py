"""Tries every attack that the project knows on the real stores, and counts those that hold.

The attacks are the tests of `tests/attacks`: each is a sentence that must be true. A row is a file of them.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

ATTACKS = Path(__file__).parents[1] / "tests" / "attacks"


class Tally:
    """Counts outcomes by file while pytest runs; a failing fixture counts as an attack that does not hold."""

    def __init__(self) -> None:
        self.title: dict[str, str] = {}
        self.tried: Counter[str] = Counter()
        self.broken: dict[str, list[str]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """What each file calls itself: the first line of its docstring."""
        for item in session.items:
            module = item.getparent(pytest.Module)
            said = (module.obj.__doc__ or "").strip() if module else ""
            self.title[item.path.stem] = said.partition("\n")[0] or item.path.stem

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """An attack holds if its test passed; one that was skipped was not tried."""
        file, _, name = report.nodeid.partition("::")
        tried = report.when == "call" and not report.skipped
        self.tried[Path(file).stem] += tried or (report.when == "setup" and report.failed)
        if report.failed:
            self.broken.setdefault(Path(file).stem, []).append(name)


def run(only: list[str]) -> dict[str, Any]:
    """Tries the attacks of these files, or of all."""
    tally, began = Tally(), time.monotonic()
    chosen = [str(ATTACKS / f"test_{one}.py") for one in only] or [str(ATTACKS)]
    code = pytest.main([*chosen, "-q", "--no-header", "-p", "no:cacheprovider", "--durations", "0", "--tb=no"], [tally])
    rows = [
        {
            "file": stem,
            "title": tally.title.get(stem, stem),
            "tried": tried,
            "held": tried - len(set(tally.broken.get(stem, []))),
            "broken": sorted(set(tally.broken.get(stem, []))),
        }
        for stem, tried in sorted(tally.tried.items())
    ]
    return {"attacks": rows, "ended_well": code == 0, "seconds": round(time.monotonic() - began, 1)}


def show(found: dict[str, Any]) -> None:
    table = Table(title="Attacks")
    table.add_column("what")
    for heading in ("tried", "held"):
        table.add_column(heading, justify="right")
    for row in found["attacks"]:
        held = str(row["held"]) if row["held"] == row["tried"] else f"[red]{row['held']}[/]"
        table.add_row(row["title"], str(row["tried"]), held)
    table.add_section()
    whole = [sum(row[name] for row in found["attacks"]) for name in ("tried", "held")]
    table.add_row(f"all, in {found['seconds']} s", *map(str, whole))
    screen = Console(width=120)
    screen.print(table)
    for row in found["attacks"]:
        for name in row["broken"]:
            screen.print(f"[red]does not hold[/]  {row['file']}: {name}", markup=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attacks", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="FILE", help="e.g. erasure, for tests/attacks/test_erasure.py")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = run(given.only)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")
    show(found)
    sys.exit(0 if found["attacks"] and found["ended_well"] else 1)


if __name__ == "__main__":
    main()
