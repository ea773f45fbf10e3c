"""A contract tried on a file: rows as read beside rows as written, without Spark, stores or anything kept.

It prints what the file says, so it is for the eyes of whoever may see the file.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import fsspec
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from channel_files.folder import SourceError, named_files
from channel_files.rows import RawRow, read_rows
from consent.imports import accepted_key, known_kinds
from contracts.cells import UnreadableCell, texts_of
from contracts.channel import Channel
from contracts.consent_rows import consents_of
from contracts.loading import ContractError, load_channel, load_channels
from contracts.reading import RefusedRow, Row
from contracts.standard import interaction_event, person_record

UNSAID = frozenset({"categories", "issues", "channel", "consent_id", "identifier_kind", "event_id"})
Payload = Mapping[str, Any]


@dataclass
class OfColumn:
    """What became of the cells of one column."""

    values: int = 0
    nothing: int = 0
    problems: Counter[str] = field(default_factory=Counter)


@dataclass
class Trial:
    """What became of the rows."""

    rows: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    columns: dict[str, OfColumn] = field(default_factory=dict)
    written: list[tuple[RawRow, dict[str, Any] | str]] = field(default_factory=list)


def try_rows(contract: Channel, rows: Iterable[RawRow], kinds: frozenset[str], now: datetime) -> Trial:
    """Reads rows as a run would, and keeps what each becomes, or why it is refused."""
    trial = Trial(columns={name: OfColumn() for name, _ in contract.fields})
    for row in rows:
        if row.number == 0:
            continue
        trial.rows += 1
        try:
            if row.payload is None:
                raise RefusedRow(row.reason or "")
            _count_cells(contract, row.payload, trial)
            written, issues = _written(contract, row.payload, kinds, now)
            for issue in issues:
                _note(trial, issue)
            trial.written.append((row, written))
        except RefusedRow as refusal:
            trial.refused[str(refusal)] += 1
            _note(trial, str(refusal))
            trial.written.append((row, str(refusal)))
    return trial


def _written(
    contract: Channel, payload: Payload, kinds: frozenset[str], now: datetime
) -> tuple[dict[str, Any], list[str]]:
    accepted_key(contract, payload, now, kinds)
    found: dict[str, Any] = {}
    issues = list[str]()
    if "person" in contract.holds:
        record = person_record(contract, payload, now)
        found |= record.as_row()
        issues += record.issues
        if contract.has_tombstones and Row(contract, payload, now).is_deleted:
            found = {"record_id": record.record_id, "deleted": True}
    if "event" in contract.holds:
        event = interaction_event(contract, payload, now)
        found["event"] = event.as_row()
        issues += event.issues
    if "consent" in contract.holds:
        found["consents"] = [one.as_row() for one in consents_of(contract, payload, now)]
    return found, sorted(set(issues))


def _count_cells(contract: Channel, payload: Payload, trial: Trial) -> None:
    for reading in contract.reading:
        try:
            has_value = bool(texts_of(payload, reading))
        except UnreadableCell:
            continue  # told with the row's issues
        trial.columns[reading.name].values += has_value
        trial.columns[reading.name].nothing += not has_value


def _note(trial: Trial, issue: str) -> None:
    name = next((name for name in trial.columns if issue.startswith(f"{name}: ")), None)
    if name:
        trial.columns[name].problems[issue.removeprefix(f"{name}: ")] += 1


def plain(value: Any) -> Any:
    """What a row says, without what it leaves open."""
    if isinstance(value, dict):
        if value.keys() == {"kind", "value"}:
            return f"{value['kind']} {value['value']}"
        return {
            name: shown
            for name, one in value.items()
            if name not in UNSAID and (shown := plain(one)) not in (None, [], {})
        }
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if hasattr(value, "kind") and hasattr(value, "value"):
        return f"{value.kind} {value.value}"
    return value.isoformat() if isinstance(value, date) else value


def show(contract: Channel, file: str, trial: Trial, console: Console) -> None:
    table = Grid("row", "as read", "as written", title=file, show_lines=True)
    for row, written in trial.written:
        read = "\n".join(f"{name}: {value}" for name, value in (row.payload or {}).items() if value not in (None, ""))
        if row.payload is None:
            read = row.raw.decode(contract.encoding, "replace")
        outcome = Text(written, style="red") if isinstance(written, str) else Text("\n".join(_lines(plain(written))))
        table.add_row(str(row.number), Text(read), outcome)
    console.print(table)
    columns = Grid("column", "is", "values", "nothing", "unreadable or refused, and why", title=f"{trial.rows} rows")
    for name, column in contract.fields:
        of = trial.columns[name]
        why = "\n".join(f"{count} x {problem}" for problem, count in of.problems.items())
        columns.add_row(Text(name), column.is_, str(of.values), str(of.nothing), Text(why))
    console.print(columns)
    for reason, count in trial.refused.items():
        console.print(f"{count} x refused: {reason}", markup=False, highlight=False)


def _lines(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        yield f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"


def _of_file(contract: Channel, path: str, rows: int, kinds: frozenset[str], now: datetime, console: Console) -> None:
    with fsspec.open(path, "rb") as stream:
        header, found = list[str](), list[RawRow]()
        for row in islice(read_rows(stream, contract), rows + 1):
            if row.number == 0:
                header = row.header or []
            else:
                found.append(row)
    show(contract, path.rpartition("/")[2], try_rows(contract, found[:rows], kinds, now), console)
    if header:
        for problem, names in (
            ("not in the contract", set(header) - set(contract.columns)),
            (
                "not in the file",
                {name for name in contract.columns if name.partition(".")[0] not in header} - set(header),
            ),
        ):
            if names:
                console.print(f"columns {problem}: {', '.join(sorted(names))}", markup=False, highlight=False)


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contract", required=True, type=Path)
    parser.add_argument("--sources", required=True, help="folder or URI of the channel files, or one file")
    parser.add_argument("--rows", type=int, default=20)
    given = parser.parse_args(args)
    console = Console()
    try:
        contract = load_channel(given.contract)
        kinds = known_kinds(load_channels(given.contract.parent).values())
        paths = [given.sources] if Path(given.sources).is_file() else list(named_files(given.sources, contract))
    except (ContractError, SourceError) as error:
        raise SystemExit(str(error)) from None
    if not paths:
        raise SystemExit(f"expected a file {contract.files} under {given.sources}, found none")
    for path in paths:
        _of_file(contract, path, given.rows, kinds, datetime.now(UTC), console)


if __name__ == "__main__":
    main()
