"""`python -m benchmarks.generate --people N --seed S --out DIR [--last DAY] [--noise N]`."""

import argparse
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from benchmarks.generate.run import generate


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="benchmarks.generate", description="Makes channel files of invented French customers."
    )
    parser.add_argument(
        "--people", type=_at_least_one, default=1_000, help="customers to invent (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed, other customers (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the files; existing ones are replaced")
    parser.add_argument(
        "--last",
        type=date.fromisoformat,
        default=datetime.now(UTC).date() - timedelta(days=1),
        help="day with which the five years end (default: yesterday); 2020-12-31 for the figures of the benchmarks",
    )
    parser.add_argument("--noise", type=_above_zero, default=1.0, help="values are wrong so many times as often")
    options = parser.parse_args()
    for name, count in generate(options.people, options.seed, options.out, options.last, options.noise).items():
        print(f"{name:<12} {count:>12,}")


def _above_zero(text: str) -> float:
    number = float(text)
    if not 0 < number <= 100:
        raise argparse.ArgumentTypeError("expected a number above 0, to 100")
    return number


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("expected a whole number of at least 1")
    return int(text)


if __name__ == "__main__":
    main()
