"""The values of one column in one raw row: texts, cleaned and translated, without null-like ones."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.broken_ids import nothing_key
from contracts.channel import ColumnReading
from contracts.columns import Column, Constant
from contracts.names import clean
from contracts.roles import IDS

ENDED = {"retention": "ended"}
"""What stands in a cell that its contract requires and that no purpose keeps any more (contracts/without.py)."""

_WHOLE_FLOAT = re.compile(r"\d+\.0")
_SHORTENED = re.compile(r"\d(\.\d+)?[eE]\+\d+")
_OWN = frozenset({"key", "event_id"})
_WRITTEN_AS_NUMBERS = IDS | {"phone", "contact"}


class UnreadableCell(ValueError):
    """The cell's content is not valid for its column; the message does not repeat it."""


def texts_of(payload: Mapping[str, Any], reading: ColumnReading) -> list[str]:
    """Every value of a column in a row; UnreadableCell if it holds objects."""
    value = None if reading.is_constant else _value_at(payload, reading.name, reading.steps)
    if isinstance(value, str) and reading.column.split is None:  # as nearly all are
        translated = _translated(clean(value), reading)
        return [translated] if translated else []
    if value is None and not reading.is_constant:
        return []
    texts = (_translated(text, reading) for text in _raw_texts(value, reading.column))
    return [text for text in texts if text]


def has_ended(payload: Mapping[str, Any], name: str) -> bool:
    """Whether retention has taken out what a column said."""
    value = _value_at(payload, name, name.split("."))
    return all(one == ENDED for one in value) if isinstance(value, list) and value else bool(value == ENDED)


def _translated(text: str, reading: ColumnReading) -> str | None:
    """The value of a text: translated by the column's `values`, or as it is."""
    if not text:
        return None
    column, key = reading.column, nothing_key(text)
    if column.values and (translated := column.values.get(text, column.folded.get(key))) is not None:
        return translated
    if not key or key in reading.nothing:
        return None
    return _as_written(text, column) if text[0].isdigit() and column.is_ in _WRITTEN_AS_NUMBERS else text


def raw_texts(payload: Mapping[str, Any], name: str, column: Column) -> Iterator[str]:
    """The texts of a column in a row, without invisible characters, separated by `split`."""
    return _raw_texts(_value_at(payload, name, name.split(".")), column)


def _raw_texts(value: Any, column: Column) -> Iterator[str]:
    if isinstance(column, Constant):
        yield column.value
    elif isinstance(value, str):
        yield from _parts(clean(value), column)
    elif value is not None:
        for text in _texts(value):
            yield from _parts(clean(text), column)


def _value_at(payload: Mapping[str, Any], name: str, steps: list[str]) -> Any:
    """The value of a column, which is called so or lies at a path of these steps."""
    value = payload.get(name)
    if value is not None or len(steps) == 1 or (within := payload.get(steps[0])) is None:
        return value
    return within.get(steps[1]) if len(steps) == 2 and type(within) is dict else _reached(payload, steps)


def _reached(value: Any, steps: list[str]) -> Any:
    """The values at a path; a step into a list is taken in each of its items, or selects the item of that number."""
    for at, step in enumerate(steps):
        if isinstance(value, list) and not step.isdecimal():
            return [one for item in value if (one := _reached(item, steps[at:])) is not None]
        if isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, Mapping):
        if value and value != ENDED:
            raise UnreadableCell("expected a value, found an object; name what lies in it, with a dot between")
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        yield str(int(value))
    elif value is not None and value == value:  # not a number is no value
        yield str(value)


def _parts(text: str, column: Column) -> Iterator[str]:
    if column.split is None:
        yield text
    else:
        yield from (part for one in text.split(column.split) if (part := one.strip()))


def _as_written(text: str, column: Column) -> str:
    """An id without a spreadsheet's changes, such as `.0`."""
    if _WHOLE_FLOAT.fullmatch(text):
        return text[:-2]
    if column.is_ in _OWN and _SHORTENED.fullmatch(text) and "." in text:
        raise UnreadableCell("expected an id, found one that a spreadsheet has shortened; export it as text")
    return text
