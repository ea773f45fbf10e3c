"""Names and numbers in messages, as the contracts write them."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

AMOUNTS = ("total", "revenue", "value", "price")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def event_slug(name: str | None) -> str:
    """An event's name as a type: `Order Completed` is `order_completed`."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name or "") if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "_", _CAMEL.sub("_", plain).lower()).strip("_")[:63] or "track"


def snake(values: Mapping[str, Any]) -> dict[str, Any]:
    """Names as the contract writes them, at every depth: `firstName` and `first_name` are one."""
    return {
        re.sub(r"\W+", "_", _CAMEL.sub("_", name).lower()): snake(value) if isinstance(value, Mapping) else value
        for name, value in values.items()
    }


def short_text(value: Any) -> str | None:
    return value.strip()[:200] or None if isinstance(value, str) else None


def amount_of(properties: Mapping[str, Any], slug: str) -> float | None:
    for name in AMOUNTS:
        value = properties.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            continue
        number = number_in(value) if isinstance(value, str) else float(value)
        if number is not None and abs(number) < 1e15:
            return -abs(number) if slug == "order_refunded" else number
    return None


_MARKED = re.compile(r"(?:[^\W\d_]{1,3}|[^\w\s.,+-])?\s*([+-]?)\s*(\d[\d.,'’ ]*)\s*(?:[^\W\d_]{1,3}|[^\w\s.,+-])?")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:([.,'’ ])\d{3})(?:\1\d{3})*")


def number_in(text: str) -> float | None:
    """A number as shops write amounts: `1,299.00`, `1.299,00 €`, `EUR 1 299`, `1,299` in thousands; None for none.

    >>> [number_in(text) for text in ("1,299.00", "49,90", "1.299", "12 apples")]
    [1299.0, 49.9, 1.299, None]
    """
    try:
        return float(text)
    except ValueError:
        pass
    found = _MARKED.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        return None
    sign, digits = found[1], found[2].strip()
    whole, mark, part = digits, "", ""
    last = max(digits.rfind("."), digits.rfind(","))
    if last >= 0 and (digits.count(digits[last]) == 1) and not (_GROUPED.fullmatch(digits) and digits[last] == ","):
        whole, mark, part = digits[:last], digits[last], digits[last + 1 :]
    grouped = _GROUPED.fullmatch(whole)
    if not (whole.isdecimal() or (grouped and grouped[1] != mark)) or (mark and not part.isdecimal()):
        return None
    return float(f"{sign}{re.sub(r'[^0-9]', '', whole)}.{part or 0}")
