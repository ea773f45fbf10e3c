"""Redacts people in others' free text: a steward's reason, an officer's note."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import groupby, permutations

from contracts.escapes import unescaped
from erasure.people.folding import folded
from erasure.people.personal_values import phone_spellings, tells
from erasure.people.search import TextSearch
from erasure.people.subject import Subject

ERASED = "[erased]"
_IN_ADDRESS = r"[^\s\"',;:<>|()]"
_ADDRESS = re.compile(rf"(?<!{_IN_ADDRESS}){_IN_ADDRESS}+@[\w.-]*\w")
_CLEAR = r"(?<![A-Za-z0-9])(?<![A-Za-z0-9][._+%-])(?:{})(?![A-Za-z0-9])(?![._+%-][A-Za-z0-9])"
"""An address on its own, separated from a longer one as in the final search."""
_WORD = re.compile(r"[^\W_]+")

Span = tuple[int, int]


class Redaction:
    """Replaces names, whole names and identifiers of a subject in a text; all else stays as it was written.

    Identifiers that only they have go whoever else says them: a customer's message to an address makes it nobody
    else's.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        own = {one for one in subject.identifiers if tells(one.value)}
        phones = {spelt for one in own if one.kind == "phone" for spelt in phone_spellings(one.value)}
        self._values = subject.values | {one.value for one in own} | phones

    def __call__(self, text: str) -> str:
        """The redacted text; the unchanged text if it names none of them.

        A name inside an address redacts the whole address, since the rest would still identify the person. If they
        still occur in an encoded form, such as URL escapes, the whole text is redacted.
        """
        said = unicodedata.normalize("NFC", unescaped(text))
        cuts = [found.span() for found in self._own_address.finditer(said)] if self._own_address else []
        words = [(found.span(), folded(found[0]).split()) for found in _WORD.finditer(said)]
        flat = [(span, part) for span, parts in words for part in parts]
        named = [
            [span for span, _ in flat[at : at + len(phrase)]]
            for at, (_, part) in enumerate(flat)
            for phrase in self._phrases.get(part, ())
            if [one for _, one in flat[at : at + len(phrase)]] == phrase
        ]
        addresses = [found.span() for found in _ADDRESS.finditer(said)] if named else []
        cuts += [cut for spans in named for cut in _whole(spans, addresses)]
        left = _cut(said, cuts) if cuts else text
        return ERASED if self._search.clear(left.encode("utf-8", "surrogatepass")) else left

    @cached_property
    def _search(self) -> TextSearch:
        return TextSearch(self._values, self._subject.words)

    @cached_property
    def _own_address(self) -> re.Pattern[str] | None:
        own = sorted((one for one in self._values if "@" in one), key=len, reverse=True)
        return re.compile(_CLEAR.format("|".join(re.escape(one) for one in own)), re.IGNORECASE) if own else None

    @cached_property
    def _phrases(self) -> dict[str, list[list[str]]]:
        found: dict[str, list[list[str]]] = {}
        whole = {" ".join(names) for one in self._subject.full_names for names in permutations(one.split("|"))}
        for text in {one for one in self._values if "@" not in one} | self._subject.words | whole:
            phrase = folded(text).split()
            if phrase:
                found.setdefault(phrase[0], []).append(phrase)
        return found


def _whole(spans: Sequence[Span], addresses: Sequence[Span]) -> Iterator[Span]:
    """The span to cut for consecutive words: from the first to the last, extended to whole addresses."""
    for inside, run in groupby(spans, lambda span: _around(span, addresses)):
        words = list(run)
        yield inside or (words[0][0], words[-1][1])


def _around(span: Span, addresses: Sequence[Span]) -> Span | None:
    at = bisect_right(addresses, span[0], key=lambda one: one[0]) - 1
    return addresses[at] if at >= 0 and span[1] <= addresses[at][1] else None


def _cut(text: str, cuts: Iterable[Span]) -> str:
    kept, at = [], 0
    for start, end in _united(cuts):
        kept += [text[at:start], ERASED]
        at = end
    return "".join([*kept, text[at:]])


def _united(cuts: Iterable[Span]) -> Iterator[Span]:
    """Merges overlapping spans."""
    begin, end = 0, 0
    for start, stop in sorted(cuts):
        if start >= end:
            if end:
                yield begin, end
            begin = start
        end = max(end, stop)
    if end:
        yield begin, end
