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
    """Names as the contract writes them: `firstName` and `first_name` are one."""
    return {re.sub(r"\W+", "_", _CAMEL.sub("_", name).lower()): value for name, value in values.items()}


def short_text(value: Any) -> str | None:
    return value.strip()[:200] or None if isinstance(value, str) else None


def amount_of(properties: Mapping[str, Any], slug: str) -> float | None:
    for name in AMOUNTS:
        value = properties.get(name)
        try:
            number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
        except ValueError:
            continue
        if number is not None and abs(number) < 1e15:
            return -abs(number) if slug == "order_refunded" else number
    return None
