"""Mail addresses and telephone numbers anywhere in a text, whatever is written around them.

A contact that a channel would read has to be recognised here as well, and more: a sentence ends with a stop, marks
stand around a word, and programs pass texts on in escapes.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from urllib.parse import unquote_plus

from consent.tombstones.tokens import plain
from contracts.escapes import unescaped
from contracts.identifiers import Identifier, InvalidIdentifier, normalise

DIGITS = "phone digits"
"""The kind of a telephone number without its country, if the country is unknown."""
FEWEST_DIGITS, MOST_DIGITS = 7, 15
ESCAPED_AT_MOST = 3
"""How often a text may have been escaped: a page's address inside another one's is, twice."""
MOST_PARTS = 5
"""Of how many groups of digits a number in a longer run is made."""
MOST_RUNS = 20

_IN_MAIL = r"[^\s\"'<>(){}\[\],;:|\\/?&=]"
# Only from the start of a run of such characters: trying each of them takes quadratic time.
_MAIL = re.compile(rf"(?<!{_IN_MAIL}){_IN_MAIL}+@{_IN_MAIL}+")
_DOMAIN = re.compile(r"[^\W_](?:[\w.-]*[^\W_])?")
_MARKS = re.compile(r"^[\W_]+")
_PHONE = re.compile(r"(?<!\d)\+?\(?\d[\d ./()\-,_\t\u00a0\u2010-\u2015]{5,}\d")
_IN_QUERY = re.compile(r"[?&=]")
_WORDLY = re.compile(r"[\w@.-]")
_BETWEEN = re.compile(r"[\s,_/]+")


def contacts(text: str, region: str | None) -> Iterator[Identifier]:
    """Every address and number in a text that may be somebody's."""
    for one in _decoded(text):
        if "@" in one:
            for found in _MAIL.findall(one):
                yield from read(["email"], _addresses(found), region)
        if sum(c.isdigit() for c in one) >= FEWEST_DIGITS:
            for found in _PHONE.finditer(one):
                if _is_part_of_a_word(one, *found.span()):  # `tel0612345678` is a number, and most of the like are not
                    yield from read(["phone"], [_blank(found[0])], region)
                else:
                    yield from _numbers(found[0], region)


def _is_part_of_a_word(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return bool(_WORDLY.match(before) or (after != "." and _WORDLY.match(after)))


def many_in(text: str) -> int:
    """How many addresses and parts of numbers a text may hold: what it costs to look through it goes by this."""
    return max(
        len(_MAIL.findall(one)) + sum(len(_BETWEEN.findall(found)) + 1 for found in _PHONE.findall(one))
        for one in _decoded(text)
    )


def read(kinds: Iterable[str], texts: Iterable[str], region: str | None) -> Iterator[Identifier]:
    """Each of these texts as an identifier of each of these kinds, if it can be one."""
    for text in texts:
        for kind in kinds:
            with suppress(InvalidIdentifier):
                yield normalise(kind, text, region)


def digits_of(text: str) -> str:
    return "".join(c for c in text if c.isdecimal())


def _decoded(text: str) -> set[str]:
    """The text as it stands, and without its escapes, layer by layer."""
    found = {plain(text)}
    for _ in range(ESCAPED_AT_MOST):
        text = unescaped(unquote_plus(text) if "%" in text or _has_blank_in_query(text) else text)
        if (one := plain(text)) in found:
            break
        found.add(one)
    return found


def _has_blank_in_query(text: str) -> bool:
    """Whether a plus may stand for a blank, word by word from both ends: one pattern for it takes quadratic time."""
    return "+" in text and any(
        (found := _IN_QUERY.search(word)) and found.start() < word.rfind("+") for word in text.split()
    )


def _addresses(found: str) -> set[str]:
    """The addresses that a run of characters may hold: as it is, and without marks and words that were put to it."""
    local, _, domain = found.rpartition("@")
    locals_ = {local, _MARKS.sub("", local)}
    domains = {domain}
    if clear := _DOMAIN.match(domain):
        domains |= {clear[0], clear[0].partition("_")[0]}
        head, dot, last = clear[0].rpartition(".")
        domains.add(head + dot + last.partition("-")[0])  # no top-level domain has a hyphen
    return {f"{one}@{other}" for one in locals_ for other in domains if one and other}


def _numbers(spelt: str, region: str | None) -> Iterator[Identifier]:
    yield from _number(spelt, region)
    is_long = len(digits_of(spelt)) > MOST_DIGITS
    if is_long or (region and not any(read(["phone"], [_blank(spelt)], region))):
        for part in _parts(spelt):  # several numbers in a row, or one with something else beside it
            yield from _number(part, region)


def _number(spelt: str, region: str | None) -> Iterator[Identifier]:
    digits = digits_of(spelt).removeprefix("00")
    if not FEWEST_DIGITS <= len(digits) <= MOST_DIGITS:
        return
    # With a known country, digits are a number of that country only.
    known = list(read(["phone"], [_blank(spelt)], region))
    yield from known
    if not known or region is None:
        yield from read(["phone"], [f"+{digits}"], None)
        yield Identifier(DIGITS, digits)


def _blank(spelt: str) -> str:
    return re.sub(r"[,_\t]", " ", spelt)


def _parts(spelt: str) -> Iterator[str]:
    groups = [one for one in _BETWEEN.split(spelt) if one]
    runs = (groups[at : at + many] for at in range(len(groups)) for many in range(1, MOST_PARTS + 1))
    numbers = (" ".join(run) for run in runs if FEWEST_DIGITS <= len(digits_of("".join(run))) <= MOST_DIGITS)
    return islice(numbers, MOST_RUNS)
