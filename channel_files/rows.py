"""Cuts channel files into raw rows without losing one: what can't be read comes out with the reason why."""

import csv
import json
import re
from codecs import BOM_UTF8
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from channel_files.opening import TORN, Unopenable, Workbook, lines_of, opened, seekable
from contracts.channel import Channel

LONGEST_ROW = 1 << 20  # bytes
LONGEST_QUOTE = 1_000  # lines that one quoted field may span

_SEP = re.compile(r"sep=(.)", re.IGNORECASE)
_VALUE = re.compile(r"\d{3}|@|^$")
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
    """Every row of a channel file in its contract's format, packed or not; a workbook whatever the format says."""
    number = 0
    try:
        within = opened(stream)
        if isinstance(within, Workbook):
            rows = _workbook_rows(within.stream, contract)
        elif contract.format == "xlsx":
            raise Unopenable("expected a workbook, found another file; set `format` in the contract")
        elif contract.format == "parquet":
            rows = _parquet_rows(seekable(within, stream), contract)
        else:
            lines = lines_of(within)
            rows = _json_rows(lines, contract) if contract.format == "jsonl" else _csv_rows(lines, contract)
        for row in rows:
            number = row.number
            yield row
    except Unopenable as error:
        yield RawRow(number + 1, b"", reason=str(error))
    except TORN:
        yield RawRow(number + 1, b"", reason="expected a packed file, found one that can't be read on from here")


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
    """One record of a CSV file (RFC 4180) under its header, which begins with `sep=` where the file does."""
    names, delimiter = _marks(header, contract)
    fields, reason = _csv_fields(raw, contract, delimiter)
    if reason is None and fields == names and contract.header:
        reason = "expected data, found the header once more"
    if reason is None and len(fields) != len(names):
        reason = f"expected {len(names)} fields, found {len(fields)}"
    if reason is not None:
        return RawRow(number, raw, reason=reason, header=header)
    return RawRow(number, raw, dict(zip(names, fields, strict=True)), header=header)


def reread(contract: Channel, number: int, raw: bytes, header: list[str] | None) -> RawRow:
    """A kept row, read once more; a row whose file had no usable header can't be."""
    if contract.format != "csv" or (header is None and raw.startswith(b"{")):
        return parse_json_line(number, raw, contract)  # rows of Parquet and of workbooks are kept as JSON
    if header is None and contract.header:
        return RawRow(
            number, raw, reason="header: expected a usable one, found none; mend the file and deliver it again"
        )
    return parse_csv_record(number, raw, header or [], contract)


def columns_problem(found: list[str], contract: Channel) -> str | None:
    """Why no row under these columns can be read, or None; nothing is repeated of what may be no header, but values."""
    twice = [name for name, count in Counter(found).items() if count > 1]
    if twice and any(name in contract.columns for name in found):
        return f"header: expected every column once, found {twice[0]!r} {found.count(twice[0])} times"
    needed = [name for name, column in contract.fields if column.required or column.is_ == "key"]
    missing = [name for name in needed if name not in found and name in contract.columns]
    if missing and contract.format != "jsonl":
        return f"header: expected the column {missing[0]!r}, found none of that name"
    return None


def _marks(header: list[str], contract: Channel) -> tuple[list[str], str]:
    """The names of the columns, and what stands between them."""
    delimiter = contract.delimiter
    if header and (own := _SEP.fullmatch(header[0])):
        header, delimiter = header[1:], own[1]
    return (header if contract.header else list(contract.columns)), delimiter


def _json_rows(lines: Iterable[bytes], contract: Channel) -> Iterator[RawRow]:
    reached = {name.partition(".")[0] for name in contract.columns if "." in name}
    columns: dict[str, None] = {}
    for number, line in enumerate(lines, start=1):
        if number == 1:
            line = line.removeprefix(BOM_UTF8)
        if line.strip():
            row = parse_json_line(number, line.rstrip(b"\r\n"), contract)
            for name, value in (row.payload or {}).items():
                nested = isinstance(value, dict) and name in reached
                columns |= dict.fromkeys([f"{name}.{part}" for part in value] if nested else [name])
            yield row
    yield RawRow(0, b"", header=list(columns))


def _csv_rows(stream: Iterable[bytes], contract: Channel) -> Iterator[RawRow]:
    lines = _Lines(islice(enumerate(stream, start=1), contract.skip, None))
    marked = list[str]()
    delimiter = contract.delimiter
    first = lines.peek()
    if first is not None and (own := _SEP.fullmatch(_decode(first[1].strip(b"\r\n"), contract)[0])):
        lines.skip()
        marked, delimiter = [own[0]], own[1]
    if not contract.header:
        names, problem = list(contract.columns), None
        yield RawRow(0, b"", header=names)
    else:
        names, problem, line = _csv_header(lines, contract, delimiter)
        yield RawRow(0, b"", header=names if problem is None or _recognised(names, contract) else [])
        if problem and line and _is_data(names, contract):  # there is no header, and this is a row like the others
            yield RawRow(*line, reason=problem, header=marked + names)
    while (record := lines.record(contract, len(names), delimiter)) is not None:
        header = marked + names
        yield RawRow(*record, reason=problem) if problem else parse_csv_record(*record, header, contract)


def _csv_header(
    lines: "_Lines", contract: Channel, delimiter: str
) -> tuple[list[str], str | None, tuple[int, bytes] | None]:
    if (first := lines.record(contract, None, delimiter)) is None:
        return [], None, None
    names, unreadable = _csv_fields(first[1].removeprefix(BOM_UTF8), contract, delimiter)
    return names, f"header: {unreadable}" if unreadable else columns_problem(names, contract), first


def _recognised(names: list[str], contract: Channel) -> bool:
    return any(name in contract.columns for name in names)


def _is_data(names: list[str], contract: Channel) -> bool:
    """Whether what should be a header is none: nothing that the contract names, and something that no name holds."""
    return not _recognised(names, contract) and any(_VALUE.search(name) for name in names)


class _Lines:
    """The lines of a CSV file, put together to records; a quote that never closes costs its own line only."""

    def __init__(self, numbered: Iterator[tuple[int, bytes]]) -> None:
        self._lines = numbered
        self._waiting: deque[tuple[int, bytes]] = deque()

    def _next(self) -> tuple[int, bytes] | None:
        return self._waiting.popleft() if self._waiting else next(self._lines, None)

    def peek(self) -> tuple[int, bytes] | None:
        """The line that comes next, which stays."""
        if (line := self._next()) is not None:
            self._waiting.appendleft(line)
        return line

    def skip(self) -> None:
        self._next()

    def record(
        self, contract: Channel, width: int | None = None, delimiter: str | None = None
    ) -> tuple[int, bytes] | None:
        """The next record with the number of its first line; one over several lines has `width` fields, or is none."""
        while (first := self._next()) is not None and not first[1].removeprefix(BOM_UTF8).strip(b" \r\n"):
            pass
        if first is None:
            return None
        number, line = first
        escape = (contract.escape + '"').encode() if contract.escape else None
        if _is_open(line, escape) and _csv_fields(line.rstrip(b"\r\n"), contract, delimiter)[1] is not None:
            more = self._until_quote_closes(escape)
            whole = b"".join([line, *(text for _, text in more)]).rstrip(b"\r\n")
            fields, reason = _csv_fields(whole, contract, delimiter)
            if reason is None and width in (None, len(fields)):
                return number, whole
            self._waiting.extendleft(reversed(more))
        return number, line.rstrip(b"\r\n")

    def _until_quote_closes(self, escape: bytes | None) -> list[tuple[int, bytes]]:
        more: list[tuple[int, bytes]] = []
        while len(more) < LONGEST_QUOTE and (following := self._next()) is not None:
            more.append(following)
            if _is_open(following[1], escape):
                break
        return more


def _is_open(line: bytes, escape: bytes | None) -> bool:
    """Whether a line has a quote more on one side than on the other."""
    return (line.replace(escape, b"") if escape else line).count(b'"') % 2 == 1


def _csv_fields(raw: bytes, contract: Channel, delimiter: str | None = None) -> tuple[list[str], str | None]:
    text, reason = _decode(raw, contract)
    if reason is None:
        try:
            between = delimiter or contract.delimiter
            rows = list(csv.reader([text], delimiter=between, escapechar=contract.escape, strict=True))
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
        if raw.startswith(BOM_UTF8):  # what was UTF-16
            return raw.decode().replace("\ufeff", ""), None
        return raw.decode(contract.encoding), None
    except UnicodeDecodeError:
        return "", f"expected text in {contract.encoding}, found other bytes; set `encoding` in the contract"


def _workbook_rows(stream: BinaryIO, contract: Channel) -> Iterator[RawRow]:
    from channel_files.workbooks import as_payload, as_raw, sheet_rows  # loaded only if needed

    rows = sheet_rows(stream, contract)
    if contract.header:
        names = [str(cell).strip() for cell in next(rows, (0, []))[1]]
        problem = columns_problem(names, contract)
    else:
        names, problem = list(contract.columns), None
    yield RawRow(0, b"", header=names if problem is None or _recognised(names, contract) else [])
    for number, cells in rows:
        payload = as_payload(names, cells, contract)
        yield RawRow(number, as_raw(payload), reason=problem) if problem else RawRow(number, as_raw(payload), payload)


def _parquet_rows(stream: BinaryIO, contract: Channel) -> Iterator[RawRow]:
    import pyarrow.parquet as pq  # takes longer than a trial of any other file
    from pyarrow import ArrowException

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
                payload = json.loads(json.dumps(values, default=_as_text), parse_constant=lambda _: None)
                raw = json.dumps(payload).encode()
                yield RawRow(number, raw, reason=problem) if problem else RawRow(number, raw, payload)
    except (ArrowException, OSError):
        yield RawRow(number + 1, b"", reason="expected a Parquet file, found one that can't be read on from here")


def _as_text(value: Any) -> str:
    """Parquet's BINARY is text where it is UTF-8; anything else as Python writes it."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"expected JSON numbers, found {name}")
