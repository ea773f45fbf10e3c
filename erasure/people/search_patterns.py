"""A value in every form in which it may be stored: as it is, in lower case, escaped, encoded, or as a digest."""

import base64
import hashlib
import json
from collections.abc import Iterable
from unicodedata import normalize
from urllib.parse import quote, quote_plus

from erasure.people.folding import spellings

FORMS = (
    "plain, lower case and upper case, composed and decomposed, in UTF-8 and UTF-16; JSON escapes; URL encoding; Base64"
    " in its three alignments, standard and URL-safe; SHA-256 as hexadecimal and as bytes; in texts also without case,"
    " accents, scripts, escapes and punctuation"
)
SHORTEST_CODE = 8
SHORTEST_FOLDED = 4
FEWEST_DIGITS = 9
"""The least digits of a value that folds to digits only; fewer could be any number."""


def forms(value: str) -> dict[bytes, bool]:
    """Each form of a value, and whether it is text, so that an adjacent letter or digit makes it another value."""
    texts = {normalize(form, text) for form in ("NFC", "NFD") for text in (value, value.lower(), value.upper())}
    texts |= {value, value.lower(), value.upper()}
    found: dict[bytes, bool] = {}
    for text in sorted(texts):
        plain = text.encode()
        found[plain] = True
        for variant in (json.dumps(text)[1:-1], quote(text, safe=""), quote(text), quote_plus(text)):
            found[variant.encode()] = True
            found[variant.lower().encode()] = True
        for order in ("utf-16-le", "utf-16-be"):
            found[text.encode(order)] = False
        for code in (*base64_alignments(plain), *_digests(plain)):
            found[code] = False
    return {form: is_text for form, is_text in found.items() if len(form) >= 4}


def folded_forms(value: str) -> dict[bytes, bool]:
    """The forms of a value in a text that is folded."""
    found = {one for one in spellings(value) if len(one) >= SHORTEST_FOLDED}
    return {one.encode(): True for one in found if any(c.isalpha() for c in one) or len(one) >= FEWEST_DIGITS}


def base64_alignments(plain: bytes) -> Iterable[bytes]:
    """The part that any Base64 text of these bytes contains, without characters that depend on neighbours."""
    for offset in range(3):
        code = base64.b64encode(b"\0" * offset + plain)
        start = -(-offset * 8 // 6)
        end = (offset + len(plain)) * 8 // 6
        inner = code[start:end]
        if len(inner) >= SHORTEST_CODE:
            yield inner
            yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def _digests(plain: bytes) -> Iterable[bytes]:
    digest = hashlib.sha256(plain)
    yield digest.hexdigest().encode()
    yield digest.hexdigest().upper().encode()
    yield digest.digest()
