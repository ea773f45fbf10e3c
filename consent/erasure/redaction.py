"""Takes people out of what others wrote down: a steward's reason, an officer's note."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property

from consent.erasure.folding import folded, unescaped
from consent.erasure.subject import Subject

ERASED = "[erased]"
_ADDRESS = re.compile(r"[^\s\"',;:<>|()]+@[\w.-]*\w")
_WORD = re.compile(r"[^\W_]+")


class Redaction:
    """Replaces names, whole names and identifiers of a subject in a text; all else stays as it was written."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    def __call__(self, text: str) -> str:
        """The text without them; the very same where it names none of them."""
        said = unicodedata.normalize("NFC", unescaped(text))
        cuts = [found.span() for found in _ADDRESS.finditer(said) if found[0].strip(".").lower() in self._addresses]
        words = [(found.span(), folded(found[0]).split()) for found in _WORD.finditer(said)]
        flat = [(span, part) for span, parts in words for part in parts]
        for at, (span, part) in enumerate(flat):
            for phrase in self._phrases.get(part, ()):
                if [one for _, one in flat[at : at + len(phrase)]] == phrase:
                    cuts.append((span[0], flat[at + len(phrase) - 1][0][1]))
        return _cut(said, cuts) if cuts else text

    @cached_property
    def _addresses(self) -> set[str]:
        return {one.lower() for one in self._subject.values if "@" in one}

    @cached_property
    def _phrases(self) -> dict[str, list[list[str]]]:
        found: dict[str, list[list[str]]] = {}
        for text in {one for one in self._subject.values if "@" not in one} | self._subject.words:
            phrase = folded(text).split()
            if phrase:
                found.setdefault(phrase[0], []).append(phrase)
        return found


def _cut(text: str, cuts: Iterable[tuple[int, int]]) -> str:
    kept, at = [], 0
    for start, end in sorted(cuts):
        if start >= at:
            kept += [text[at:start], ERASED]
        at = max(at, end)
    return "".join([*kept, text[at:]])
