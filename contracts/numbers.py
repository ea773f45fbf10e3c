"""Numbers as sources write them, by the marks that the contract names."""

import re
import unicodedata

_CURRENCY = re.compile(r"^[A-Z]{3}\s|\s?[A-Z]{3}$")
_PLAIN = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?")
LARGEST = 1e15


def parse_number(text: str, decimal: str = ".", thousands: str | None = None) -> float:
    """A finite number; ValueError for anything else.

    A currency beside it, or a minus behind it, as ledgers write it, changes nothing. Thousands stand in groups of
    three, so that `1,29` is never 129.
    """
    bare = "".join(c for c in text.replace("\u2212", "-") if unicodedata.category(c) != "Sc").strip()
    bare = _CURRENCY.sub("", bare).strip()
    if bare.endswith("-"):
        bare = "-" + bare[:-1].strip()
    if bare.startswith("(") and bare.endswith(")"):
        bare = "-" + bare[1:-1].strip()
    if thousands is not None:
        bare = _ungrouped(bare, decimal, thousands)
    if decimal != ".":
        if "." in bare:
            raise ValueError("expected a number, found something else")
        bare = bare.replace(decimal, ".", 1)
    if not _PLAIN.fullmatch(bare) or abs(number := float(bare)) >= LARGEST:
        raise ValueError("expected a number, found something else")
    return number


def _ungrouped(text: str, decimal: str, thousands: str) -> str:
    if not thousands.strip():
        text = re.sub(r"(?<=\d)\s(?=\d)", "'", text)
        thousands = "'"
    whole, mark, rest = text.partition(decimal)
    if thousands in whole and not re.fullmatch(rf"[-+]?\d{{1,3}}({re.escape(thousands)}\d{{3}})+", whole):
        raise ValueError("expected thousands in groups of three, found others")
    return whole.replace(thousands, "") + mark + rest
