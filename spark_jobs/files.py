"""Cuts channel files into raw rows without losing one: what can't be read comes out with the reason why."""

import csv
import json
from codecs import BOM_UTF8
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow.parquet as pq
from pyarrow import ArrowException

from contracts.channel import Channel

LONGEST_ROW = 1 << 20  # bytes
LONGEST_QUOTE = 1_000  # lines that one quoted field may span

csv.field_size_limit(1 << 31)


@dataclass(frozen=True)
class RawRow:
    """A row of a file, numbered as an editor numbers its lines; `reason` says why it can't be read, else None."""

    number: int
    raw: bytes
    payload: dict[str, Any] | None = None
    reason: str | None = None
    header: list[str] | None = None


def read_rows(stream: BinaryIO, contract: Channel) -> Iterator[RawRow]:
    """Every row of a channel file in its contract's format."""
    if contract.format == "parquet":
        yield from _parquet_rows(stream, contract)
    elif contract.format == "jsonl":
        yield from _json_rows(stream, contract)
    else:
        yield from _csv_rows(stream, contract)


def parse_json_line(number: int, raw: bytes, contract: Channel) -> RawRow:
    """One line of JSON Lines."""
    text, reason = _decode(raw, contract)
    if reason is None:
        try:
            payload = json.loads(text, parse_constant=_refuse_constant)
            json.dumps(payload, ensure_ascii=False, allow_nan=False).encode()  # 1e999 is read as infinity
        except (ValueError, RecursionError):  # a lone surrogate can't be encoded again: UnicodeEncodeError
            reason = "expected one JSON object a line, found a line that can't be parsed"
        else:
            if isinstance(payload, dict):
                return RawRow(number, raw, payload)
            reason = "expected one JSON object a line, found another JSON value"
    return RawRow(number, raw, reason=reason)


def parse_csv_record(number: int, raw: bytes, header: list[str], contract: Channel) -> RawRow:
    """One record of a CSV file (RFC 4180) under its header."""
    fields, reason = _csv_fields(raw, contract)
    if reason is None and fields == header:
        reason = "expected data, found the header once more"
    if reason is None and len(fields) != len(header):
        reason = f"expected {len(header)} fields, found {len(fields)}"
    if reason is not None:
        return RawRow(number, raw, reason=reason, header=header)
    return RawRow(number, raw, dict(zip(header, fields, strict=True)), header=header)


def reread(contract: Channel, number: int, raw: bytes, header: list[str] | None) -> RawRow:
    """A kept row, read once more; a row whose file had no usable header can't be."""
    if contract.format != "csv":
        return parse_json_line(number, raw, contract)  # Parquet rows are kept as JSON
    if header is None:
        return RawRow(
            number, raw, reason="header: expected a usable one, found none; mend the file and deliver it again"
        )
    return parse_csv_record(number, raw, header, contract)


def columns_problem(found: list[str], contract: Channel) -> str | None:
    """Why no row under these columns can be read, or None."""
    twice = [name for name, count in Counter(found).items() if count > 1]
    if twice:
        return f"header: expected every column once, found {twice[0]!r} {found.count(twice[0])} times"
    needed = [name for name, column in contract.columns.items() if column.required or column.is_ == "key"]
    missing = [name for name in needed if name not in found]
    if missing and contract.format != "jsonl":
        return f"header: expected the column {missing[0]!r}, found none of that name"
    return None


def _json_rows(stream: BinaryIO, contract: Channel) -> Iterator[RawRow]:
    reached = {name.partition(".")[0] for name in contract.columns if "." in name}
    columns: dict[str, None] = {}
    for number, line in enumerate(stream, start=1):
        if number == 1:
            line = line.removeprefix(BOM_UTF8)
        if line.strip():
            row = parse_json_line(number, line.rstrip(b"\r\n"), contract)
            for name, value in (row.payload or {}).items():
                nested = isinstance(value, dict) and name in reached
                columns |= dict.fromkeys([f"{name}.{part}" for part in value] if nested else [name])
            yield row
    yield RawRow(0, b"", header=list(columns))


def _csv_rows(stream: BinaryIO, contract: Channel) -> Iterator[RawRow]:
    header: list[str] = []
    problem: str | None = None
    lines = _Lines(stream)
    if (first := lines.record(contract)) is not None:
        header, unreadable = _csv_fields(first[1].removeprefix(BOM_UTF8), contract)
        problem = f"header: {unreadable}" if unreadable else columns_problem(header, contract)
    yield RawRow(0, b"", header=header)
    while (record := lines.record(contract, len(header))) is not None:
        yield RawRow(*record, reason=problem) if problem else parse_csv_record(*record, header, contract)


class _Lines:
    """The lines of a CSV file, put together to records; a quote that never closes costs its own line only."""

    def __init__(self, stream: BinaryIO) -> None:
        self._lines = enumerate(stream, start=1)
        self._waiting: deque[tuple[int, bytes]] = deque()

    def _next(self) -> tuple[int, bytes] | None:
        return self._waiting.popleft() if self._waiting else next(self._lines, None)

    def record(self, contract: Channel, width: int | None = None) -> tuple[int, bytes] | None:
        """The next record with the number of its first line; one over several lines has `width` fields, or is none."""
        while (first := self._next()) is not None and not first[1].strip(b" \r\n"):
            pass
        if first is None:
            return None
        number, line = first
        if line.count(b'"') % 2 and _csv_fields(line.rstrip(b"\r\n"), contract)[1] is not None:
            more = self._until_quote_closes()
            whole = b"".join([line, *(text for _, text in more)]).rstrip(b"\r\n")
            fields, reason = _csv_fields(whole, contract)
            if reason is None and width in (None, len(fields)):
                return number, whole
            self._waiting.extendleft(reversed(more))
        return number, line.rstrip(b"\r\n")

    def _until_quote_closes(self) -> list[tuple[int, bytes]]:
        more: list[tuple[int, bytes]] = []
        while len(more) < LONGEST_QUOTE and (following := self._next()) is not None:
            more.append(following)
            if following[1].count(b'"') % 2:
                break
        return more


def _csv_fields(raw: bytes, contract: Channel) -> tuple[list[str], str | None]:
    text, reason = _decode(raw, contract)
    if reason is None:
        try:
            rows = list(csv.reader([text], delimiter=contract.delimiter, strict=True))
            return (rows[0] if rows else []), None
        except csv.Error:
            reason = "expected fields by RFC 4180, found a quote that is never closed or stands inside a field"
    return [], reason


def _decode(raw: bytes, contract: Channel) -> tuple[str, str | None]:
    if len(raw) > LONGEST_ROW:
        return "", f"expected at most {LONGEST_ROW} bytes a row, found {len(raw)}"
    if b"\0" in raw:
        return "", "expected text, found a NUL byte"
    try:
        return raw.decode(contract.encoding), None
    except UnicodeDecodeError:
        return "", f"expected text in {contract.encoding}, found other bytes; set `encoding` in the contract"


def _parquet_rows(stream: BinaryIO, contract: Channel) -> Iterator[RawRow]:
    number = 0
    try:
        file = pq.ParquetFile(stream)
        header = file.schema_arrow.names
        problem = columns_problem(header, contract)
        yield RawRow(0, b"", header=header)
        for batch in file.iter_batches(batch_size=4096):
            for values in batch.to_pylist():
                number += 1
                # pandas writes NaN where there is no value
                payload = json.loads(json.dumps(values, default=str), parse_constant=lambda _: None)
                raw = json.dumps(payload).encode()
                yield RawRow(number, raw, reason=problem) if problem else RawRow(number, raw, payload)
    except (ArrowException, OSError):
        yield RawRow(number + 1, b"", reason="expected a Parquet file, found one that can't be read on from here")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"expected JSON numbers, found {name}")
