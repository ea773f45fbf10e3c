"""Names as people write them, and the form in which two spellings of one name are equal."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from nameparser import HumanName

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})


@dataclass(frozen=True)
class Name:
    """A person's name in parts; a part that was not given is None."""

    given: str | None = None
    middle: str | None = None
    family: str | None = None


def clean(text: str) -> str:
    """Unicode NFC, no control or format characters (bidirectional marks, zero-width), single spaces."""
    if text.isprintable():
        return " ".join(unicodedata.normalize("NFC", text).split())
    kept = (" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Case, accents, apostrophes and hyphens removed: `Jean-François` and `JEAN FRANCOIS` are equal."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LIGATURES))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = re.sub(r"['’`´.]", "", plain)
    return " ".join(re.sub(r"[^\w]+", " ", plain).replace("_", " ").split())


def tidy_case(name: str) -> str:
    """`MARTIN-DUPONT` and `martin-dupont` as `Martin-Dupont`; mixed case is left as its owner wrote it."""
    if name.isupper() or name.islower():
        return re.sub(r"[^\W\d_]+", lambda m: m.group().capitalize(), name)
    return name


@lru_cache(maxsize=65_536)
def split_full_name(text: str) -> Name:
    """Parts of a name in one column; `Family, Given` and titles are understood (nameparser)."""
    parsed = HumanName(clean(text))
    family = parsed.last
    given = parsed.first
    if not given and not family:  # a title alone ("Doctor"): someone's name after all
        given = parsed.title or clean(text)
    return Name(given or None, parsed.middle or None, family or None)
