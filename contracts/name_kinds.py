"""Values of a name column that are not one person's name: two holders, an organisation, text in a wrong encoding."""

import re

from contracts.remembered import remembered

_BETWEEN_TWO = re.compile(r"(?<=\w)(?:\s+(?:et|and|ou|or|und|&|\+)\s+|\s*[&+/]\s*)(?=\w)", re.IGNORECASE)
# Never a person's name; the second list only in capitals beside other words, since Sa and Sas are surnames too.
_LEGAL = re.compile(
    r"\b(?:sarl|s\.a\.r\.l\.?|sasu|eurl|s\.a\.s\.?|s\.a\.|gmbh|ltd|limited|llc|llp|inc|corp|corporation|plc|scop|scea|gaec"
    r"|association|soci[eé]t[eé]|mairie|syndicat|copropri[eé]t[eé]|entreprise|[eé]tablissements|ets)(?!\w)",
    re.IGNORECASE,
)
_LEGAL_IN_CAPITALS = re.compile(r"^(?:SAS|SCI|SNC)\s|\s(?:SAS|SCI|SNC|SA|AG|BV|NV|KG)$")
_FIRM = re.compile(r"(?:&|\bet|\band)\s+(?:fils|cie|sons|co|company|associ[eé]s|associates|partners)\b", re.IGNORECASE)
# UTF-8 that was read as Windows-1252: a first byte, and one to three that follow.
_MANGLED = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]+"
)


@remembered
def unmangled(text: str) -> str:
    """The text as it was before its UTF-8 was read as Windows-1252: `FranÃ§ois` is François."""
    return text if text.isascii() else _MANGLED.sub(lambda found: _decoded(found.group()), text)


def _decoded(mangled: str) -> str:
    try:
        return b"".join(_byte(letter) for letter in mangled).decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return mangled


def _byte(letter: str) -> bytes:
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:  # Windows-1252 leaves five bytes out
        return letter.encode("latin-1")


@remembered
def is_organisation(text: str) -> bool:
    """Whether a name is a firm's or an association's."""
    if _LEGAL.search(text) or _FIRM.search(text):
        return True
    return bool(_LEGAL_IN_CAPITALS.search(text))


@remembered
def holders(given: str) -> tuple[str, ...]:
    """The given names of a record's joint holders: `Jean et Marie` are two people."""
    return tuple(_BETWEEN_TWO.split(given))
