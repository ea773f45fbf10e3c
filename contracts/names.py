"""Names as people write them, and the form in which two spellings of one name are equal."""

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

from nameparser import Lexicon, Parser

# How customers and their clerks address people. nameparser's own list has 800 titles, many of which are people's
# names (Marquis Jones, Bishop Abby).
_TITLES = frozenset(
    """mr mrs ms miss mx sir dr doctor prof professor rev herr frau docteur professeur
    mm mme mmes mlle mlles monsieur messieurs madame mesdames mademoiselle me maître maitre""".split()
)
_LEXICON = replace(Lexicon.default(), titles=_TITLES).add(conjunctions=["ou"])
_PARSER = Parser(_LEXICON)
# Two words that can be nothing but a given and a family name need no parser, which takes 200 times as long.
_PLAIN = re.compile("([A-Za-zÀ-ÖØ-öø-ÿ]{3,}) ([A-Za-zÀ-ÖØ-öø-ÿ]{3,})")
_LOADED = frozenset({"vii", "viii"}).union(
    *(getattr(_LEXICON, kind) for kind in ("titles", "suffix_acronyms", "suffix_words", "particles", "conjunctions")),
    *(getattr(_LEXICON, kind) for kind in ("bound_given_names", "maiden_markers")),
)
# `M.` is Monsieur before a name, and `M` before two names; else it is somebody's initial.
_MONSIEUR = re.compile(r"(^|,\s*)M(?:\.\s*(?=[^\W\d_]{2})|\s+(?=[^\W\d_]{2}\S*\s+[^\W\d_]{2}))")

_WITHIN_WORDS = re.compile(r"['’`´.]")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
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
    plain = _WITHIN_WORDS.sub("", text)
    if plain.isascii():
        plain = plain.lower()
    else:
        plain = unicodedata.normalize("NFKD", plain).casefold().translate(_LIGATURES)
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return plain if plain.isalnum() else _BETWEEN_WORDS.sub(" ", plain).strip()


def tidy_case(name: str) -> str:
    """`MARTIN-DUPONT` and `martin-dupont` as `Martin-Dupont`; mixed case is left as its owner wrote it."""
    if name.isupper() or name.islower():
        return re.sub(r"[^\W\d_]+", lambda m: m.group().capitalize(), name)
    return name


@lru_cache(maxsize=65_536)
def split_full_name(text: str) -> Name:
    """Parts of a name in one column; `Family, Given` and French and English titles are understood (nameparser)."""
    text = clean(text)
    plain = _PLAIN.fullmatch(text)
    if plain and _LOADED.isdisjoint(text.lower().split()):
        return Name(plain[1], None, plain[2])
    parsed = _PARSER.parse(_MONSIEUR.sub(r"\1Monsieur ", text))
    given = parsed.given
    if not given and not parsed.family:  # a title alone ("Doctor"): someone's name after all
        given = parsed.title or text
    return Name(given or None, parsed.middle or None, parsed.family or None)
