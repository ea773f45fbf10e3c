"""Dates with explicit formats only: a guess between day and month is a wrong birthday."""

import re
from datetime import UTC, date, datetime
from itertools import islice


def parse_date(text: str, fmt: str) -> date:
    """A calendar date in the strptime format `fmt`, or `iso`; ValueError when the text is not of that format."""
    return parse_instant(text, fmt).date()


def parse_instant(text: str, fmt: str) -> datetime:
    """An instant in UTC; times without a zone are taken as UTC.

    `fmt` is a strptime format, `iso` (ISO 8601), or `epoch_ms`.
    """
    text = text.strip()
    try:
        if fmt == "iso":
            moment = datetime.fromisoformat(text)
        elif fmt == "epoch_ms":
            moment = datetime.fromtimestamp(int(text) / 1000, UTC)
        else:
            moment = datetime.strptime(text, fmt)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"expected a date of the format {fmt!r}, found something else") from None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("expected a date between the years 1 and 9999 in UTC, found one beyond") from None


def typed_date(text: str, fmt: str) -> str | None:
    """The characters of a date as they were typed, in the order year-month-day, or None for another shape.

    Digits may be wrong or misread (`1968-|0-05`): matching compares them one by one, where a parser can only refuse.
    """
    order = re.findall(r"%([Ymd])", "%Y-%m-%d" if fmt == "iso" else fmt)
    if sorted(order) != ["Y", "d", "m"]:
        return None
    parts = re.split(r"[-/. ]", text.strip())
    if len(parts) == 1 and len(text) == 8:
        lengths = iter([4 if part == "Y" else 2 for part in order])
        characters = iter(text)
        parts = ["".join(islice(characters, length)) for length in lengths]
    if len(parts) != 3:
        return None
    typed = dict(zip(order, parts, strict=True))
    return f"{typed['Y']}-{typed['m']}-{typed['d']}"
