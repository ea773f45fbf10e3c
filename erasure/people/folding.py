"""Folds text, so that spellings that differ in case, accents, script, escapes or punctuation become equal.

`Zoé Fontloup`, `ZOE  FONTLOUP`, `Zoe\\u0301 Fontloup`, `zo&eacute;-fontloup`, and either in Cyrillic, are all
`zoe fontloup`. Both sides of a search are folded, so that the result does not depend on the spelling.
"""

import re
import unicodedata

from text_unidecode import unidecode

from contracts.escapes import unescaped
from contracts.remembered import remembered

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
BETWEEN = b"\n\x1f\n"
"""The separator of texts that are searched together: no match spans it."""
_PLAIN = bytes(
    byte + 32 if 65 <= byte <= 90 else byte if byte == 0x1F or (chr(byte).isalnum() and byte < 128) else 32
    for byte in range(256)
)
_LOWEST_SURROGATE, _HIGHEST_SURROGATE = 0xDC80, 0xDCFF


def fold_bytes(data: bytes) -> bytes:
    """Bytes of text as words of `a-z0-9` with one blank between; what is not UTF-8 is read as Windows-1252."""
    if b"\0" in data:  # UTF-16, as a refused row may be
        data = data.replace(b"\0", b"")
    text = unescaped(data.decode("utf-8", "surrogateescape"))
    if not text.isascii():
        text = _BEYOND_ASCII.sub(lambda found: _latin(found[0]), text)
    return b" ".join(text.encode("ascii", "replace").translate(_PLAIN).split())


def folded(text: str) -> str:
    """The same for a text."""
    return fold_bytes(text.encode("utf-8", "surrogatepass").replace(b"\x1f", b" ")).decode()


def spellings(text: str) -> set[str]:
    """The foldings of a text: an apostrophe either separates two words or is part of one."""
    return {folded(text), folded(re.sub(r"['’ʼ`´]", "", text))} - {""}


@remembered
def _latin(run: str) -> str:
    return "".join(_one(character) for character in unicodedata.normalize("NFKD", run))


def _one(character: str) -> str:
    code = ord(character)
    if code < 128:
        return character
    if _LOWEST_SURROGATE <= code <= _HIGHEST_SURROGATE:
        read = bytes([code - 0xDC00]).decode("cp1252", "replace")
        return _latin(read) if read.isalpha() else " "
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf", "Lm"):
        return "" if character != "ʼ" else " "
    return unidecode(character) if category[0] in "LNM" else " "
