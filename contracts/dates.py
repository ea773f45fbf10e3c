"""Dates with explicit formats only: a guess between day and month is a wrong birthday."""

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import islice
from typing import TypeVar

SPECIAL = ("iso", "epoch_s", "epoch_ms", "excel")
CLOCKS_DIFFER = timedelta(days=1)
"""How far ahead of its arrival a row may be dated: zones and clocks differ, no more than that."""
Day = TypeVar("Day", date, datetime)
_EXCEL_BEGINS = datetime(1899, 12, 30)  # Excel counts a day 60 that never existed: only days before it are off by one
_LAST_SERIAL = 2_958_465  # the year 9999
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,9})?")
_LETTERS = re.compile(r"\b[DdMmYyHhSsAaJj]{2,4}\b")


def months_later(day: Day, months: int) -> Day:
    """The same day so many months later (earlier, where negative), or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


def format_problem(fmt: str) -> str | None:
    """Why a format cannot read any date, or None; such a contract is refused before any row is read."""
    if fmt in SPECIAL:
        return None
    hint = 'write a strptime format such as "%d/%m/%Y", `iso`, `epoch_s`, `epoch_ms` or `excel`'
    if "%" not in fmt:
        return f"expected a date format, found {fmt!r} without a `%`; {hint}"
    try:
        datetime.strptime(datetime(2021, 11, 28, 15, 36, 47, tzinfo=UTC).strftime(fmt), fmt)
    except ValueError:
        return f"expected a date format, found {fmt!r}, which Python can't read; {hint}"
    if not re.search(r"%[YyGcxs]", fmt) or _LETTERS.search(re.sub(r"%.", "%", fmt)):
        return f"expected a date format with a year, found {fmt!r}; {hint}"
    return None


def parse_date(text: str, fmt: str | Sequence[str], zone: tzinfo = UTC, now: datetime | None = None) -> date:
    """The calendar date as written, in a strptime format, a special one, or the first of several that fits.

    ValueError for a text of another format. A time zone beside it changes nothing: a birthday is a day of the local
    calendar. A year of two digits is not later than `now`.
    """
    return _moment(text, fmt, zone, now).date()


def parse_instant(text: str, fmt: str | Sequence[str], zone: tzinfo = UTC, now: datetime | None = None) -> datetime:
    """An instant in UTC; times without a zone are taken as `zone`'s.

    `fmt` is a strptime format, `iso` (ISO 8601), `epoch_s`, `epoch_ms` or `excel` (days since 1900), or several.
    """
    moment = _moment(text, fmt, zone, now)
    try:
        return moment.replace(tzinfo=zone).astimezone(UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("expected a date between the years 1 and 9999 in UTC, found one beyond") from None


def is_ahead(moment: datetime, arrival: datetime) -> bool:
    """Whether a time is so much later than its row's arrival that the clock must be wrong; it is then ignored."""
    return moment > arrival + CLOCKS_DIFFER


def _moment(text: str, fmt: str | Sequence[str], zone: tzinfo, now: datetime | None) -> datetime:
    text = text.strip()
    formats = [fmt] if isinstance(fmt, str) else fmt
    for one in formats:
        try:
            return _read(text, one, zone, now)
        except (ValueError, OverflowError, OSError):
            continue
    expected = " or ".join(repr(one) for one in formats)
    raise ValueError(f"expected a date of the format {expected}, found something else") from None


def _read(text: str, fmt: str, zone: tzinfo, now: datetime | None) -> datetime:
    if fmt == "iso":
        return datetime.fromisoformat(text)
    if fmt in SPECIAL and not _NUMBER.fullmatch(text):
        raise ValueError
    if fmt in ("epoch_s", "epoch_ms"):
        return datetime.fromtimestamp(float(text) / (1000 if fmt == "epoch_ms" else 1), zone)
    if fmt == "excel":
        if not 1 <= float(text) < _LAST_SERIAL + 1:
            raise ValueError
        return _EXCEL_BEGINS + timedelta(milliseconds=round(float(text) * 86_400_000))
    moment = datetime.strptime(text, fmt)
    if now is not None and "%y" in fmt and moment.date() > (now + CLOCKS_DIFFER).date():
        return moment.replace(year=moment.year - 100)
    return moment


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
