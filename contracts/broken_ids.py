"""Placeholder ids: what programs send for unknown users would join all of them.

The list is data, `broken_ids.yml`. The identity jobs recognise other placeholders by the number of people who share
them.
"""

import re
import unicodedata
from pathlib import Path

import yaml

from contracts.remembered import remembered

_LISTED = yaml.safe_load((Path(__file__).parent / "broken_ids.yml").read_text(encoding="utf-8"))


def nothing_key(text: str) -> str:
    """The form in which null-like values are compared: no accents, no case, single spaces."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(text.casefold().split())


_WORDS = frozenset(nothing_key(word) for word in _LISTED["words"])
_VALUES = frozenset(nothing_key(value) for value in _LISTED["values"])
_PATTERNS = [re.compile(pattern) for pattern in _LISTED["patterns"]]


def is_broken_word(text: str) -> bool:
    """Whether a text is a placeholder in any position, even as a row's own key."""
    key = nothing_key(text)
    return key in _WORDS or key.strip("\"'") in _WORDS


@remembered
def is_broken_id(text: str) -> bool:
    """Whether a text cannot be an id: a word for "none", the limit of a number type, an empty template."""
    key = nothing_key(text)
    return is_broken_word(text) or key in _VALUES or any(pattern.fullmatch(key) for pattern in _PATTERNS)
