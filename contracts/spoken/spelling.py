"""Names, addresses and numbers that were spelt out: `D as in David, U, R, A, N, D`, `ana dot durand at ...`."""

import re

from contracts.spoken.numbers import in_digits, plain

_ALPHABETS = """
    alfa alpha bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november oscar
    papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu anatole berthe celestin desire eugene
    francois gaston henri irma joseph kleber louis marcel nicolas oscar pierre quintal raoul suzanne therese
    ursule victor william xavier yvonne zoe
"""
_INITIALS = frozenset(_ALPHABETS.split())
_LETTER_NAMES = {"zed": "z", "zee": "z", "zede": "z", "ygrec": "y"}
_SIGNS = {"hyphen": "-", "dash": "-", "tiret": "-", "apostrophe": "'", "space": " ", "espace": " "}
_SUCH_AS = frozenset({"as", "like", "for", "comme", "pour"})
_TWICE = frozenset({"double", "deux", "two", "2"})
_ACCENTS = frozenset({"accent", "aigu", "grave", "circonflexe", "trema", "cedille", "acute", "umlaut"})
_EMAIL_WORDS = [
    (r"\b(at|arobase|arobas)\b|\(at\)", "@"),
    (r"\b(underscore|tiret bas|souligne)\b", "_"),
    (r"\b(dot|point)\b", "."),
    (r"\b(dash|hyphen|tiret|minus)\b", "-"),
]


def spelt(text: str) -> str | None:
    """The spelt word, or None if nothing was spelt: at least three letters, or one given `as in` a word.

    If letter and word disagree (`B as in David`) the word counts: whole words are recognised better. A word before the
    first letter (`Durand: D, U, R, ...`) is what is being spelt.
    """
    tokens = re.findall(r"[^\W_]+|'", re.sub(r"\bi grec\b", "ygrec", plain(text)))
    by_alphabet = len(tokens) > 2 and all(token in _INITIALS or len(token) == 1 for token in tokens)
    letters: list[str] = []
    told, i = False, 0
    while i < len(tokens):
        token = _LETTER_NAMES.get(tokens[i], tokens[i])
        twice = token in _TWICE and i + 1 < len(tokens) and len(tokens[i + 1]) == 1
        if twice:
            i += 1
            token = _LETTER_NAMES.get(tokens[i], tokens[i])
        if by_alphabet and token in _INITIALS:
            token = token[0]
        if len(token) == 1 and (token.isalpha() or token == "'"):  # noqa: S105 -- a sign, no secret
            word = _word_told(tokens, i + 1)
            letter = word[0] if word else token
            told = told or word is not None
            letters.append("w" if twice and letter == "v" else letter * (2 if twice else 1))
            i += _length_of_telling(tokens, i + 1) if word else 0
        elif token in _SIGNS:
            letters.append(_SIGNS[token])
        elif letters and token not in _ACCENTS:
            return None  # a word in the middle: not spelt
        i += 1
    word = "".join(letters).strip(" -'")
    return word.title() if (told and word) or sum(c.isalpha() for c in word) >= 3 else None


def _word_told(tokens: list[str], at: int) -> str | None:
    length = _length_of_telling(tokens, at)
    return tokens[at + length - 1] if length else None


def _length_of_telling(tokens: list[str], at: int) -> int:
    """How many tokens `as in David`, `comme David` take; 0 if there is none."""
    if at >= len(tokens) or tokens[at] not in _SUCH_AS:
        return 0
    length = 3 if tokens[at : at + 2] == ["as", "in"] else 2
    return length if at + length <= len(tokens) and len(tokens[at + length - 1]) > 1 else 0


def spoken_email(text: str) -> str:
    """An address whose signs were said as words; a written address stays as it is."""
    if "@" in text:
        return text.strip()
    said = plain(text)
    for words, sign in _EMAIL_WORDS:
        said = re.sub(words, sign, said)
    return re.sub(r"\s+", "", in_digits(said) if "@" in said else said)


def spoken_number(text: str) -> list[str]:
    """The forms that a number with letters and digits may have been said in: `L two zero four` as `l204`, `l-204`."""
    said = re.sub(r"\b(dash|hyphen|tiret)\b", "-", in_digits(text))
    joined = re.sub(r"\s+", "", said)
    bare = re.sub(r"[\W_]", "", joined)
    parted = re.sub(r"^([^\W\d_]+)(\d+)$", r"\1-\2", bare)
    return list(dict.fromkeys(form for form in (re.sub(r"\s+", "", text).casefold(), joined, bare, parted) if form))


def spoken_digits(text: str) -> str:
    """A phone number or postcode with its number words as digits, blanks removed; signs stay."""
    return re.sub(r"\s+", "", in_digits(text))
