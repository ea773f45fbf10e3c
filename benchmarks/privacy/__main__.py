"""Measures privacy: does every cell of the gate's matrix hold, what do decisions cost, how soon is a withdrawal

enforced, what is left of erased people, and is tampering found.
"""

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.privacy.decisions import decisions, matrix
from benchmarks.privacy.erasure import choose, erase, request_erasure
from benchmarks.privacy.origins import Origins, decide
from benchmarks.privacy.sample import Sample, make_sample
from benchmarks.privacy.tampering import tampering
from benchmarks.privacy.withdrawal import withdrawals

ROWS = ("matrix", "decisions", "withdrawal", "erasure", "tampering")


def run(rows: list[str], people: int, withdrawn: int, erased: int) -> dict[str, Any]:
    """Every row that was asked for; the sample is made once."""
    found: dict[str, Any] = {"people": people}
    if "matrix" in rows:
        found["matrix"] = matrix()
    if "decisions" in rows:
        found["decisions"] = decisions()
    if "tampering" in rows:
        found["tampering"] = tampering()
    if "withdrawal" in rows or "erasure" in rows:
        with tempfile.TemporaryDirectory(prefix="ocv-privacy-") as folder:
            sample = make_sample(Path(folder), people)
            with sample.served() as client:
                if "withdrawal" in rows:
                    found["withdrawal"] = withdrawals(sample, client, withdrawn)
            if "erasure" in rows:
                found["erasure"] = erasure(sample, erased)
    return found


def erasure(sample: Sample, count: int) -> dict[str, Any]:
    """People of every origin are erased at once, with a pipeline between what they did and after it."""
    origins = Origins(sample)
    with sample.served() as client:
        origins.come(client, 0)
    sample.pipeline()
    with sample.served() as client:
        origins.come(client, 1)
        of_files = choose(sample, count)
        decided = decide(sample, client, of_files)
        asked = {record for records in of_files.values() for record in records[:1]}
        there = sample.profiles()
        chosen = {one: records for one, records in there.items() if asked & set(records)} | origins.profiles()
        requests = request_erasure(sample, client, chosen)
    found = erase(sample, chosen, requests, origins.needles())
    kinds = Counter(origins.kinds.values())
    return found | {"origins": {"files": len(of_files), **decided, **kinds}}


def show(found: dict[str, Any]) -> None:
    table = Table(title=f"Privacy, on a generated sample of {found['people']} people")
    for heading in ("what", "found", "to reach"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    if one := found.get("matrix"):
        cells = f"{one['cells']:,} in {one['seconds']} s"
        table.add_row("matrix: cells tried", cells if one["holds"] else f"[red]{cells}, NOT ALL HOLD[/]", "all hold")
        for kind, count in one["of"].items():
            table.add_row(f"  {kind}", f"{count:,}", "")
    if one := found.get("decisions"):
        table.add_row("decisions a second, one thread", f"{one['per_second']:,}", "")
        table.add_row("one decision, p50 / p99", f"{one['p50_ms']} / {one['p99_ms']} ms", "")
    if one := found.get("withdrawal"):
        for name, said in (("enforced", "until profile and features refuse"), ("answered", "until it is answered")):
            times = " / ".join(str(one[name][key]) for key in ("p50_ms", "p99_ms", "max_ms"))
            wanted = "p99 below 1,000 ms" if name == "enforced" else ""
            table.add_row(f"withdrawal {said}, p50 / p99 / max", f"{times} ms", wanted)
        table.add_row(f"  reads after its answer that showed data, {one['withdrawals']} withdrawals",
                      str(one["shown_after_answer"]), "0")  # fmt: skip
    if one := found.get("erasure"):
        table.add_row(f"erasure of {one['people']} people, {one['source_records']} records", f"{one['seconds']} s", "")
        table.add_row("  " + ", ".join(f"{count} {kind}" for kind, count in one["origins"].items()), "", "")
        changed = sum(one["others_changed"].values()) + one["others_moved_by_the_next_run"]
        table.add_row("  rows of others that changed", str(changed), "0")
        scanner, second = one["scanner"], one["second_search"]
        read = f"{scanner['values']:,} values, {scanner['names']} names in {scanner['bytes'] / 1e6:,.0f} MB"
        table.add_row(f"  residual hits: {read}", str(one["residual_hits"]), "0")
        for place, hits in one["hits_in"].items():
            table.add_row(f"    {place}", f"[red]{hits} hits there or beside[/]", "")
        table.add_row(
            f"  second search, {second['values']:,} values: found before", f"{second['found_before']:,}", "all"
        )
        table.add_row("  second search: found after", str(second["found_after"]), "0")
        for file in second["after_in"]:
            table.add_row(f"    {file}", "[red]holds one[/]", "")
    if one := found.get("tampering"):
        table.add_row("tamper cases found / planted", f"{one['found']} / {one['planted']}", "all")
        table.add_row("  located", f"{one['located']} / {one['planted']}", "all")
        table.add_row("  found where nothing was planted", str(one["false_alarms"]), "0")
    Console(width=120).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.privacy", description=__doc__)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--people", type=int, default=2_000, help="of the generated sample")
    parser.add_argument("--withdrawals", type=int, default=200)
    parser.add_argument("--erase", type=int, default=100, help="how many people are erased")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = run(given.rows, given.people, given.withdrawals, given.erase)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")
    show(found)


if __name__ == "__main__":
    main()
