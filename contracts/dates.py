"""Dates with explicit formats only: a guess between day and month is a wrong birthday."""

import re
from datetime import UTC, date, datetime
from itertools import islice


def parse_date(text: str, fmt: str) -> date:
    """The calendar date as written, in the strptime format `fmt` or `iso`; ValueError for a text of another format.

    A time zone beside it changes nothing: a birthday is a day of the local calendar.
    """
    return _moment(text, fmt).date()


def parse_instant(text: str, fmt: str) -> datetime:
    """An instant in UTC; times without a zone are taken as UTC.

    `fmt` is a strptime format, `iso` (ISO 8601), or `epoch_ms`.
    """
    moment = _moment(text, fmt)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("expected a date between the years 1 and 9999 in UTC, found one beyond") from None


def _moment(text: str, fmt: str) -> datetime:
    text = text.strip()
    try:
        if fmt == "iso":
            return datetime.fromisoformat(text)
        if fmt == "epoch_ms":
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        return datetime.strptime(text, fmt)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"expected a date of the format {fmt!r}, found something else") from None


def typed_date(text: str, fmt: str) -> str | None:
    """The characters of a date as they were typed, in the order year-month-day, or None for another shape.

    Digits may be wrong or misread (`1968-|0-05`): matching compares them one by one, where a parser can only refuse.
    """
    order = re.findall(r"%([Ymd])", "%Y-%m-%d" if fmt == "iso" else fmt)
    if sorted(order) != ["Y", "d", "m"]:
        return None
    text = text.strip()
    parts = re.split(r"[-/. ]", text)
    if len(parts) == 1 and len(text) == 8:
        lengths = iter([4 if part == "Y" else 2 for part in order])
        characters = iter(text)
        parts = ["".join(islice(characters, length)) for length in lengths]
    if len(parts) != 3:
        return None
    typed = dict(zip(order, parts, strict=True))
    return f"{typed['Y']}-{typed['m']}-{typed['d']}"
