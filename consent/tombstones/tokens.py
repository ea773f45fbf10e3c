"""Distinctive ids, which are recognised anywhere: card and customer numbers, user ids.

A user can choose an id, and its tombstone must not block other people's messages: so words and dates do not count, nor
anything that is only long because of dots or blanks, such as versions and IP addresses.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import unquote_plus

FEWEST_DIGITS = 7
SHORTEST_MIXED, FEWEST_DIGITS_MIXED, FEWEST_CHANGES = 12, 2, 4
"""For ids of mixed letters and digits: the least length, and the least number of changes between the two."""
FEWEST_DIFFERENT = 3
MOST_PARTS = 5
LONGEST = 64
_PART = re.compile(r"[^\W_]+")
_WORD = re.compile(r"[^\W_]+(?:[-_.:/][^\W_]+)*")
_GROUPED = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){11,22}(?![\w-])")
_DATE = re.compile(
    r"((19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])|(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])(19|20)\d\d)(\d{4}|\d{6})?"
)


def is_distinct(part: str) -> bool:
    """Whether a run of letters and digits is an id that nobody else would write."""
    digits = sum(c.isdecimal() for c in part)
    if digits < FEWEST_DIGITS_MIXED or len(set(part)) < FEWEST_DIFFERENT or _DATE.fullmatch(part):
        return False
    changes = sum(one.isdecimal() != other.isdecimal() for one, other in pairwise(part))
    return digits >= FEWEST_DIGITS or (len(part) >= SHORTEST_MIXED and changes >= FEWEST_CHANGES)


def token_of(value: str) -> str | None:
    """An id in the form in which texts are searched for it; None if it is not distinctive."""
    text = plain(value).casefold()
    parts = _PART.findall(text)
    known = _WORD.fullmatch(text) and len(parts) <= MOST_PARTS and len(text) <= LONGEST
    return text if known and any(is_distinct(one) for one in parts) else None


def tokens(text: str) -> Iterator[str]:
    """All possible distinctive ids in a text: whole words, up to five joined ones, and numbers in groups."""
    if sum(c.isdecimal() for c in text) < FEWEST_DIGITS_MIXED:
        return
    for one in {text, unquote_plus(text)} if "%" in text else {text}:
        folded = plain(one).casefold()
        for word in _WORD.findall(folded):
            spans = [found.span() for found in _PART.finditer(word)]
            telling = [at for at, (start, end) in enumerate(spans) if is_distinct(word[start:end])]
            yield from {
                word[spans[first][0] : spans[last][1]]
                for at in telling
                for first in range(max(0, at - MOST_PARTS + 1), at + 1)
                for last in range(at, min(len(spans), first + MOST_PARTS))
            }
        yield from (re.sub(r"[ -]", "", grouped) for grouped in _GROUPED.findall(folded))


def plain(text: str) -> str:
    """Without invisible characters, and with digits of any script as 0 to 9."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(c, c)) for c in text if unicodedata.category(c) != "Cf")
