"""Rows of a workbook (xlsx, xls, ods), as they would stand in a CSV file with ISO dates."""

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

from channel_files.opening import Unopenable
from contracts.channel import Channel
from contracts.columns import Column
from contracts.dates import SPECIAL

Cells = list[Any]


def sheet_rows(stream: BinaryIO, contract: Channel) -> Iterator[tuple[int, Cells]]:
    """The rows of the contract's sheet that hold anything, with their numbers in it; Unopenable without that sheet."""
    try:
        book = CalamineWorkbook.from_filelike(stream)
        if contract.sheet and contract.sheet not in book.sheet_names:
            raise Unopenable(f"expected a sheet {contract.sheet!r}, found none of that name")
        name = contract.sheet or next(iter(book.sheet_names), None)
        if name is None:
            raise Unopenable("expected a sheet, found none")
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except (CalamineError, OSError) as error:
        raise Unopenable("expected a workbook, found a file that can't be read as one") from error
    for number, cells in enumerate(rows, start=1):
        if number > contract.skip and any(cell != "" for cell in cells):
            yield number, cells


def as_payload(names: list[str], cells: Cells, contract: Channel) -> dict[str, Any]:
    """A row by the names of its columns; dates as the column's contract writes them."""
    return {name: _value(cell, contract.columns.get(name)) for name, cell in zip(names, cells, strict=False)}


def as_raw(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()


def _value(cell: Any, column: Column | list[Column] | None) -> Any:
    if isinstance(cell, datetime | date):
        return _written(cell, [column] if isinstance(column, Column) else column or [])
    return str(cell) if isinstance(cell, time | timedelta) else cell


def _written(day: date, columns: list[Column]) -> str:
    for column in columns:
        if column.format and "iso" not in column.formats:
            own = next((one for one in column.formats if one not in SPECIAL), None)
            if own:
                return day.strftime(own)
    if isinstance(day, datetime) and day.time() == time():
        day = day.date()
    return day.isoformat()
