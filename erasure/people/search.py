"""Finds many values in many bytes in one pass.

1. Every window of four bytes is hashed, all of a block at once. 2. Where the hash is that of a value's rarest window,
the value itself is compared. So the cost follows the bytes, and hardly the number of values.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from erasure.people.folding import fold_bytes
from erasure.people.search_patterns import folded_forms, forms

BITS = 22
WINDOW = 4
_MIX = np.uint32(2654435761)
_JOINING = (b".", b"-", b"_", b"+", b"%")


class Search:
    """Values, in all their forms, ready to be looked for."""

    def __init__(self, values: Iterable[str], forms: Callable[[str], dict[bytes, bool]] = forms) -> None:
        self.values = sorted(set(values))
        is_text: dict[bytes, bool] = {}
        self._values_of: dict[bytes, list[str]] = defaultdict(list)  # several, if they differ only in case
        for value in self.values:
            for form, text in forms(value).items():
                is_text[form] = is_text.get(form, True) and text
                self._values_of[form].append(value)
        common = Counter(form[at : at + WINDOW] for form in is_text for at in range(len(form) - WINDOW + 1))
        self._at: dict[bytes, list[tuple[bytes, int, bool]]] = defaultdict(list)
        for form, text in is_text.items():
            place = min(range(len(form) - WINDOW + 1), key=lambda at: (common[form[at : at + WINDOW]], at))
            self._at[form[place : place + WINDOW]].append((form, place, text))
        self._table = np.zeros(1 << BITS, dtype=bool)
        if self._at:
            keys = np.frombuffer(b"".join(self._at), dtype="<u4")
            self._table[_hashed(keys)] = True
        self.longest = max((len(form) for form in is_text), default=0)
        self.forms = len(is_text)

    def hits(self, data: bytes) -> Iterator[tuple[str, bool]]:
        """Every value that occurs in these bytes in any form, and whether it is delimited.

        In a text, a value next to a letter or digit is another value: `crm:12` in `crm:123`. In other bytes, the
        neighbour may be the next value's length.
        """
        if len(data) < WINDOW or not self._at:
            return
        block = np.frombuffer(data, dtype=np.uint8)
        windows = _windows(block)
        for position in np.flatnonzero(self._table[_hashed(windows)]):
            at = int(position)
            for form, place, text in self._at.get(data[at : at + WINDOW], ()):
                start = at - place
                if start >= 0 and data.startswith(form, start):
                    clear = not (text and _touched(data, start, form))
                    yield from ((value, clear) for value in self._values_of[form])


class TextSearch:
    """Values and words in decoded text: as they are, and with both sides folded."""

    def __init__(self, values: Iterable[str], words: Iterable[str]) -> None:
        self.exact = Search(values)
        # Folded ids and addresses are words with which others may begin: only prose is folded.
        self.folded = Search({*(one for one in self.exact.values if " " in one), *words}, folded_forms)

    def clear(self, data: bytes) -> set[str]:
        """Values that occur delimited in a text, not inside a longer one."""
        found = {value for value, clear in self.exact.hits(data) if clear}
        if (lowered := data.lower()) != data:
            found |= {value for value, clear in self.exact.hits(lowered) if clear}
        return found | {value for value, clear in self.folded.hits(fold_bytes(data)) if clear}

    def inside(self, data: bytes) -> set[str]:
        """Values that occur in a text inside longer ones."""
        return {value for value, clear in self.exact.hits(data) if not clear}


def _windows(block: NDArray[np.uint8]) -> NDArray[np.uint32]:
    count = len(block) - WINDOW + 1
    windows = block[:count].astype(np.uint32)
    for shift in range(1, WINDOW):
        windows |= block[shift : shift + count].astype(np.uint32) << np.uint32(8 * shift)
    return windows


def _hashed(windows: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return (windows * _MIX) >> np.uint32(32 - BITS)


def _touched(data: bytes, start: int, form: bytes) -> bool:
    """Whether a letter or digit goes on before or after; a mail address also goes on with what joins its parts."""
    end = start + len(form)
    before, after = data[max(0, start - 1) : start], data[end : end + 1]
    if (form[:1].isalnum() and before.isalnum()) or (form[-1:].isalnum() and after.isalnum()):
        return True
    if b"@" not in form:
        return False
    longer_before = before in _JOINING and data[max(0, start - 2) : start - 1].isalnum()
    return longer_before or (after in _JOINING and data[end + 1 : end + 2].isalnum())
