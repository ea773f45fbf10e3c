"""Number words as digits: `zero six twelve`, `nineteen eighty-four`, `quatre-vingt-dix-neuf`."""

import re
import unicodedata

_ENGLISH = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
_FRENCH = "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"

_SMALL: dict[str, int] = {
    **{word: i for i, word in enumerate(f"{_ENGLISH} eighteen nineteen".split(), 1)},
    **{
        word: i
        for i, word in enumerate(f"{_ORDINALS} fifteenth sixteenth seventeenth eighteenth nineteenth".split(), 1)
    },
    **{word: i for i, word in enumerate(_FRENCH.split(), 1)},
    "une": 1,
    "premier": 1,
}
_LARGE: dict[str, int] = {
    **{word: i * 10 for i, word in enumerate(_TENS.split(), 2)},
    **{"twentieth": 20, "thirtieth": 30},
    **{"vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60},
    **{"septante": 70, "huitante": 80, "octante": 80, "nonante": 90},
}
_TIMES = {"hundred": 100, "cent": 100, "cents": 100, "thousand": 1000, "mille": 1000, "mil": 1000}
_ZERO = frozenset({"zero", "oh", "nought"})
_BETWEEN = frozenset({"and", "et"})


def plain(text: str) -> str:
    """Lower case without accents; everything else stays."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def in_digits(text: str) -> str:
    """The text in plain letters, with its number words as digits; separate numbers stay separate (`19 84`)."""
    said: list[str] = []
    number: int | None = None
    # A hyphen inside a number word is no sign of its own: quatre-vingt-dix-neuf.
    tokens = re.findall(r"[^\W\d_]+|\d+|[^\w\s]", re.sub(r"(?<=[a-z])-(?=[a-z])", " ", plain(text)))
    for i, token in enumerate(tokens):
        grown = _grown(number, token)
        if grown is not None:
            number = grown
        elif token in _BETWEEN and number is not None and i + 1 < len(tokens) and _grown(number, tokens[i + 1]):
            continue  # vingt et un, two thousand and four
        elif (started := _grown(None, token)) is not None:
            said.append(str(number))
            number = started
        else:
            said += [str(number)] if number is not None else []
            said.append("0" if token in _ZERO else token)
            number = None
    said += [str(number)] if number is not None else []
    return " ".join(said)


def _grown(number: int | None, word: str) -> int | None:
    """The number extended by one more word; None if the word starts another number, or is not one."""
    if word in _SMALL:
        small = _SMALL[word]
        if number is None:
            return small
        if number % 100 == 10 and word in ("sept", "huit", "neuf"):
            return number + small
        # 60 and 80 take up to 19 in French; a hundred and a thousand take any.
        room = 99 if number % 100 == 0 else 19 if number % 100 in (60, 80) else 9 if number % 10 == 0 else 0
        return number + small if number >= 20 and small <= room else None
    if word in _LARGE:
        if number is not None and number % 100 == 4 and word in ("vingt", "vingts"):
            return number - 4 + 80
        return _LARGE[word] if number is None else number + _LARGE[word] if number % 100 == 0 else None
    if word in _TIMES:
        factor = _TIMES[word]
        if number is None:
            return factor
        if number % 1000 and number > 1000:  # two thousand | three | hundred: the last part is multiplied
            return number // 1000 * 1000 + number % 1000 * factor if factor == 100 else None
        return number * factor if number < factor else None
    return None
