"""What changed rules would do to the profiles of a lake: the merges and splits, before anything is written."""

import argparse
import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from rich.console import Console
from rich.table import Table as Shown

from contracts.settings import settings
from identity.matching.rules import Rules, load_rules
from lake.overlay import take
from lake.session import spark_session
from lake.tables import ASSIGNMENTS, EDGES, UNMATCHED, read
from spark_jobs.resolve.changes import decisions, engine_of
from spark_jobs.resolve.comparables_cache import cached_comparables
from spark_jobs.resolve.lake_model import current_model
from spark_jobs.resolve.partition import look, partition
from spark_jobs.resolve.unmatched import freeze

SHOWN = 20


def preview(spark: SparkSession, lake: str, rules: Rules) -> dict[str, Any]:
    """`merges` and `splits` by ids alone, of the records as the last run knew them, under the lake's model."""
    model = current_model(spark, lake)
    if model is None:
        raise SystemExit(f"expected a lake that was resolved, found none in {lake}; run `make pipeline` first")
    assigned = read(spark, lake, ASSIGNMENTS).select("record_id", "profile_id").toArrow()
    profile_of = dict(zip(*(column.to_pylist() for column in assigned.columns), strict=True))
    with closing(engine_of(spark, lake)) as engine:
        cached_comparables(engine, lake)
        engine.view("fresh", "select * from comparables")
        engine.delta("unmatched", lake, UNMATCHED)
        take(engine, lake, EDGES, "edges")
        freeze(engine)
        look(engine, lambda: model.person, rules, True)
        found = partition(engine, rules, True, *decisions(spark, lake), profile_of, model.person.bars)
    return differences(profile_of, found.clusters)


def differences(profile_of: Mapping[str, str], clusters: list[list[str]]) -> dict[str, Any]:
    """What would have to happen for the profiles to become the clusters."""
    merges, parts = [], dict[str, list[list[str]]]()
    for cluster in clusters:
        held: dict[str, list[str]] = {}
        for record in cluster:
            held.setdefault(profile_of.get(record, "(new)"), []).append(record)
        if len(held) > 1:
            merges.append({"profiles": sorted(held), "records": sorted(cluster)})
        for profile, records in held.items():
            parts.setdefault(profile, []).append(records)
    splits = [
        {"profile_id": profile, "parts": sorted(sorted(part) for part in found)}
        for profile, found in sorted(parts.items())
        if len(found) > 1
    ]
    return {
        "profiles_now": len(set(profile_of.values())),
        "profiles_then": len(clusters),
        "merges": sorted(merges, key=lambda one: one["profiles"]),
        "splits": splits,
    }


def show(found: dict[str, Any], console: Console) -> None:
    table = Shown("what", "profiles", "records")
    for merge in found["merges"][:SHOWN]:
        table.add_row("merge", "\n".join(merge["profiles"]), "\n".join(merge["records"]))
    for split in found["splits"][:SHOWN]:
        table.add_row("split", split["profile_id"], "\n".join(" + ".join(part) for part in split["parts"]))
    console.print(table)
    console.print(
        f"{found['profiles_now']} profiles now, {found['profiles_then']} then:"
        f" {len(found['merges'])} merges, {len(found['splits'])} splits. Nothing was written."
    )


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="spark_jobs.resolve.preview", description=__doc__)
    parser.add_argument("--rules", type=Path, required=True, help="changed copy of identity/matching/rules.yml")
    parser.add_argument("--lake", default=settings().lake_uri)
    parser.add_argument("--json", type=Path, help="file for all merges and splits")
    given = parser.parse_args(args)
    try:
        rules = load_rules(given.rules)
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from None
    found = preview(spark_session(settings()), given.lake, rules)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    show(found, Console())


if __name__ == "__main__":
    main()
