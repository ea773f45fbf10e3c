"""Countries by their code, by their names in the languages of the Unicode CLDR's largest, and as people say them."""

from functools import cache

from babel import Locale
from babel.core import get_global

from contracts.names import fold

LANGUAGES = ("en", "fr", "de", "es", "it", "pt", "nl", "da", "sv", "no", "fi", "pl")
_SPOKEN = {
    "uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB", "great britain": "GB",
    "usa": "US", "united states of america": "US", "america": "US", "holland": "NL", "czech republic": "CZ",
    "ivory coast": "CI", "uae": "AE", "turkey": "TR", "republic of ireland": "IE", "eire": "IE",
}  # fmt: skip


def region_of(text: str) -> str | None:
    """The ISO 3166 code of a country by its code or name, in any case and accents; None for another text."""
    code = text.strip().upper()
    if code in _codes():
        return code
    return _aliases().get(code) or _by_name().get(fold(text))


@cache
def _codes() -> frozenset[str]:
    codes = map(str, Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha())


@cache
def _aliases() -> dict[str, str]:
    """Codes of three letters, and those that were given up."""
    return {old: new[0] for old, new in get_global("territory_aliases").items() if len(new) == 1 and len(old) == 3}


@cache
def _by_name() -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for language in LANGUAGES:
        for code, name in Locale(language).territories.items():
            if code in _codes():
                found.setdefault(fold(name), set()).add(code)
    return {name: next(iter(codes)) for name, codes in found.items() if len(codes) == 1} | _SPOKEN
