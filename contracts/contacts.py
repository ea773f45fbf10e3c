"""Several contacts in one cell: `a;b`, `Name <a@b>, c@d`, two telephone numbers with a stroke between."""

import re
from collections.abc import Callable

from contracts.identifiers import Identifier, InvalidIdentifier, normalise
from contracts.remembered import remembered

_MAIL_MARKS = re.compile(r"[\s;,|<>()\"'/\\\[\]]+")
_PHONE_MARKS = re.compile(r";(?!\s*ext=)|[|\n\r\t]|\s(?:ou|or|et|and|und|oder|y|e)\s")
_STROKE = re.compile(r"(?<!\s)\s*[/,&+](?=\s*\+?[\d(])\s*|(?<!\s)\s+/\s+")
"""Separators that also occur within numbers: they separate only if the whole is not a number."""


@remembered
def readings(kind: str, text: str, region: str | None) -> tuple[list[Identifier], InvalidIdentifier | None]:
    """Every identifier in a cell of this kind, and why other parts are not identifiers.

    `contact` is an address or a phone, whichever each of its parts is.
    """
    if kind == "contact":
        kind = "email" if "@" in text else "phone"
    if kind == "email":
        return _read(kind, [text], region, mail_parts)
    if kind == "phone":
        return _read(kind, phone_parts(text), region, stroke_parts)
    return _read(kind, [text], region, None)


def _read(
    kind: str, parts: list[str], region: str | None, smaller: Callable[[str], list[str]] | None
) -> tuple[list[Identifier], InvalidIdentifier | None]:
    found, problem = list[Identifier](), None
    for part in parts:
        try:
            found.append(normalise(kind, part, region))
        except InvalidIdentifier as error:
            within = smaller(part) if smaller else []
            if within and within != [part]:
                more, refusal = _read(kind, within, region, None)
                found, problem = found + more, problem or refusal
            else:
                problem = problem or error
    return found, problem


def mail_parts(text: str) -> list[str]:
    """The texts in a cell that may be mail addresses."""
    return [part.rstrip(".").removeprefix("mailto:") for part in _MAIL_MARKS.split(_lower_scheme(text)) if "@" in part]


def _lower_scheme(text: str) -> str:
    return re.sub(r"mailto:", "mailto:", text, flags=re.IGNORECASE)


def phone_parts(text: str) -> list[str]:
    """The texts in a cell that may be telephone numbers."""
    return [part for one in _PHONE_MARKS.split(text) if (part := one.strip())]


def stroke_parts(text: str) -> list[str]:
    """The same for a text that is not a number as a whole, though each side of a slash may be."""
    return [part.strip() for part in _STROKE.split(text) if part.strip()]
