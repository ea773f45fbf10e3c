"""Names as people write them, and the form in which two spellings of one name are equal."""

import re
import unicodedata
from dataclasses import dataclass, replace

from nameparser import Lexicon, Parser

from contracts.name_kinds import holders, is_organisation
from contracts.remembered import remembered

# How customers and their clerks address people. nameparser's own list has 800 titles, many of which are people's
# names (Marquis Jones, Bishop Abby).
_TITLES = frozenset(
    """mr mrs ms miss mx sir dr doctor prof professor rev herr frau docteur professeur
    mm mme mmes mlle mlles monsieur messieurs madame mesdames mademoiselle me maître maitre""".split()
)
_LEXICON = replace(Lexicon.default(), titles=_TITLES).add(conjunctions=["ou"])
_PARSER = Parser(_LEXICON)
# Two words that are clearly a given and a family name need no parser, which takes 200 times as long.
LONGEST = 250
"""Longest name in characters that is parsed; a longer text is not a name, and parsing it would take seconds."""
_PLAIN = re.compile("([A-Za-zÀ-ÖØ-öø-ÿ]{3,}) ([A-Za-zÀ-ÖØ-öø-ÿ]{3,})")
_LOADED = frozenset({"vii", "viii"}).union(
    *(getattr(_LEXICON, kind) for kind in ("titles", "suffix_acronyms", "suffix_words", "particles", "conjunctions")),
    *(getattr(_LEXICON, kind) for kind in ("bound_given_names", "maiden_markers")),
)
# `M.` is Monsieur before a name, and `M` before two names; else it is somebody's initial.
_MONSIEUR = re.compile(r"(^|,\s*)M(?:\.\s*(?=[^\W\d_]{2})|\s+(?=[^\W\d_]{2}\S*\s+[^\W\d_]{2}))")

_GENERATIONS = frozenset({"jr", "junior", "sr", "senior", "ii", "iii", "iv"})
_NUMERAL = re.compile("[IVXLCDM]+")
# `Marie Dupont, née Martin`: as without the comma, which the parser takes for that of `Dupont, Marie`.
_MAIDEN = re.compile(r",\s*(?=(?:née?|born|geb\.?)\s)", re.IGNORECASE)

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


@remembered
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


@remembered
def split_full_name(text: str) -> Name:
    """Parts of a name in one column; `Family, Given` and French and English titles are understood (nameparser)."""
    text = clean(text)
    if len(text) > LONGEST or is_organisation(text):
        return Name(None, None, text)
    plain = _PLAIN.fullmatch(text)
    if plain and _LOADED.isdisjoint(text.lower().split()):
        return _family_in_capitals([plain[1], plain[2]]) or Name(plain[1], None, plain[2])
    text = _MAIDEN.sub(" ", _MONSIEUR.sub(r"\1Monsieur ", text))
    words = text.split()
    while words and fold(words[0]) in _TITLES:
        words.pop(0)
    if found := _family_in_capitals(words):
        return found
    parsed = _PARSER.parse(text)
    given = parsed.given
    if not given and not parsed.family:  # only a title ("Doctor"): then it is a name
        given = parsed.title or text
    generation = [word for word in parsed.suffix.replace(",", " ").split() if fold(word) in _GENERATIONS]
    family = " ".join([parsed.family, *generation]) if parsed.family else None
    middle = parsed.middle or None
    if middle and len(two := holders(f"{given} {middle}")) > 1:  # Jean Dupont et Marie Martin
        given, middle = " et ".join(two), None
    return Name(given or None, middle, family)


def _family_in_capitals(words: list[str]) -> Name | None:
    """`GOASDOUE Fabrice` and `Fabrice GOASDOUE`: where only a part is in capitals, that is the family name."""
    letters = [re.sub(r"[\W_]", "", word) for word in words]
    capitals = [len(word) > 1 and word.isupper() and not _NUMERAL.fullmatch(word) for word in letters]
    if not any(capitals) or all(capitals):
        return None
    first, last = capitals.index(True), len(words) - capitals[::-1].index(True)
    given, family = words[:first] + words[last:], words[first:last]
    if not all(capitals[first:last]) or (first and last < len(words)) or max(map(len, letters[first:last])) < 3:
        return None
    if any("," in word for word in words) or any(fold(word) in _LOADED for word in given):
        return None
    return Name(given[0], " ".join(given[1:]) or None, " ".join(family))
