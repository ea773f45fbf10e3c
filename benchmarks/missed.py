"""Which pairs of a labelled set's records resolve misses, and why; and whom it joins that are two people."""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import combinations
from math import floor
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.identity import read_truth
from benchmarks.labelled import Record, Resolved, copied, read_records, resolved
from benchmarks.peer import COLUMNS, plain_splink
from benchmarks.scores import error_kinds, scores
from contracts.loading import load_channels
from identity.matching.comparisons import COMPARISONS
from identity.matching.model import probability
from identity.matching.rules import SHIPPED
from spark_jobs.resolve.numbering import named

Pair = tuple[str, str]
Said = tuple[float, bool | None, list[int]]
REASONS = ("not blocked", "barred", "below the threshold", "split by the cluster")
SHOWN = 12
"""Combinations of fields that are shown for each reason."""
NEAR = 4
"""Bits around zero, where a pair is as likely one person's as not."""


def true_pairs(person_of: Mapping[str, str]) -> set[Pair]:
    """The pairs of records that are one person's."""
    held: dict[str, list[str]] = defaultdict(list)
    for record in sorted(person_of):
        held[person_of[record]].append(record)
    return {pair for records in held.values() for pair in combinations(records, 2)}


def weighed(found: Resolved) -> dict[Pair, Said]:
    """What is known of each proposed pair: weight, whether it is barred, and the levels of the fields."""
    gammas = [f"gamma_{one.name}" for one in COMPARISONS]
    said = (
        f"(select h.*, v.apart, {', '.join(gammas)} from pair_weights h left join vectors v using (left_id, right_id))"
    )
    rows = found.engine.rows(named(said, f"weight, apart, {', '.join(gammas)}"))
    return {(left, right): (weight, apart, levels) for left, right, weight, apart, *levels in rows}


def missed(found: Resolved, person_of: Mapping[str, str]) -> dict[str, Any]:
    """The pairs that are one person's and were not joined by reason, and what their fields say."""
    known, cluster_of = weighed(found), found.cluster_of
    reasons: Counter[str] = Counter()
    kinds: dict[str, Counter[str]] = {reason: Counter() for reason in REASONS}
    for pair in true_pairs(person_of):
        if cluster_of[pair[0]] == cluster_of[pair[1]]:
            continue
        reason = _reason(known.get(pair))
        reasons[reason] += 1
        kinds[reason][_words(known.get(pair))] += 1
    joined: Counter[str] = Counter()
    for part in found.partition.clusters:
        for pair in combinations([record for record in part if record in person_of], 2):
            if person_of[pair[0]] != person_of[pair[1]]:
                joined[_words(known.get(pair))] += 1
    return {
        "missed": {reason: reasons[reason] for reason in REASONS},
        "kinds": {reason: dict(kinds[reason].most_common(SHOWN)) for reason in REASONS if kinds[reason]},
        "wrongly_joined": dict(joined.most_common(SHOWN)),
    }


def calibration(found: Resolved, person_of: Mapping[str, str]) -> list[dict[str, Any]]:
    """How often pairs near the threshold are one person's, beside how often their weight says so, bit by bit."""
    rows: dict[int, list[bool]] = defaultdict(list)
    for (left, right), (weight, apart, _) in weighed(found).items():
        if not apart and abs(bit := floor(weight)) <= NEAR and {left, right} <= person_of.keys():
            rows[bit].append(person_of[left] == person_of[right])
    return [
        {
            "bits": bit,
            "pairs": len(came),
            "said": round(probability(bit + 0.5), 3),
            "came_true": round(sum(came) / len(came), 3),
        }
        for bit, came in sorted(rows.items())
    ]


def _reason(said: Said | None) -> str:
    if said is None:
        return "not blocked"
    weight, apart, _ = said
    if apart:
        return "barred"
    return "below the threshold" if weight < SHIPPED.merge_at else "split by the cluster"


def _words(said: Said | None) -> str:
    """What a pair's fields say."""
    if said is None or said[2][0] is None:
        return "not compared"
    told = zip(COMPARISONS, said[2], strict=True)
    return ", ".join(f"{one.name}: {one.labels[len(one.labels) - 1 - gamma]}" for one, gamma in told if gamma >= 0)


def once(records: list[Record], person_of: Mapping[str, str]) -> list[Record]:
    """One record of each person: the first."""
    seen: set[str] = set()
    kept = []
    for record in sorted(records, key=lambda one: str(one["record_id"])):
        person = person_of.get(record["record_id"])
        if person is not None and person not in seen:
            seen.add(person)
            kept.append(record)
    return kept


def run(records: list[Record], truth: Mapping[str, str], against: str | None) -> dict[str, Any]:
    """The figures of `benchmarks.identity` that need no lake, and the table of what was missed."""
    found = resolved(records)
    cluster_of = found.cluster_of
    person_of = {record: truth[record] for record in cluster_of if record in truth}
    figures: dict[str, Any] = {
        "records": len(records),
        "people": len(set(person_of.values())),
        "model": found.model.version,
        "bars": found.model.bars,
        **scores(cluster_of, person_of),
        **error_kinds(cluster_of, person_of),
        **missed(found, person_of),
        "calibration": calibration(found, person_of),
    }
    found.engine.close()
    if against:
        figures["splink"] = plain_splink(pd.DataFrame(records)[COLUMNS], person_of)
    return figures


def show(found: dict[str, Any]) -> None:
    peer = found.get("splink", {})
    table = Table("", "this", *(["plain Splink, best threshold"] if peer else []))
    for key, value in found.items():
        if not isinstance(value, dict | list):
            table.add_row(key.replace("_", " "), str(value), *([str(peer.get(key, ""))] if peer else []))
    table.add_section()
    for reason, number in found["missed"].items():
        table.add_row(f"missed, {reason}", str(number))
    Console().print(table)
    near = Table("bits", "pairs", "one person's, as their weight says", "as it is")
    for row in found["calibration"]:
        near.add_row(
            f"{row['bits']} to {row['bits'] + 1}", *(str(row[name]) for name in ("pairs", "said", "came_true"))
        )
    Console().print(near)
    for reason, kinds in [*found["kinds"].items(), ("wrongly joined", found["wrongly_joined"])]:
        told = Table(reason, "pairs")
        for kind, number in kinds.items():
            told.add_row(kind, str(number))
        Console().print(told)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.missed", description=__doc__)
    parser.add_argument("--sources", required=True, type=Path, help="folder of the channel files")
    parser.add_argument("--contracts", required=True, type=Path, help="folder of the channel contracts")
    parser.add_argument("--truth", required=True, type=Path, help="CSV of channel, source_key, person")
    parser.add_argument("--without", nargs="*", default=[], help="fields and identifier kinds that are taken away")
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument("--once", action="store_true", help="one record a person: whom does it join?")
    kept.add_argument("--copied", action="store_true", help="that record twice: are the copies joined, and only they?")
    parser.add_argument("--against", choices=["splink"], help="run a peer on the same records")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    truth = read_truth(given.truth)
    records = read_records(given.sources, load_channels(given.contracts), given.without)
    if given.once or given.copied:
        records = once(records, truth)
    if given.copied:
        records = list(copied(records))
        truth |= {f"{record}-copy": person for record, person in truth.items()}
    found = run(records, truth, given.against)
    show(found)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
