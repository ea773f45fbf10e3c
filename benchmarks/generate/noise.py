"""How people, agents and scanners get a written value wrong: keyboard, optical and phonetic errors, accents, case."""

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

from benchmarks.generate.draws import Draws

# Neighbours on the AZERTY keyboard.
_KEYS = {
    key: f"{row[i - 1 : i]}{row[i + 1 : i + 2]}"
    for row in ("azertyuiop", "qsdfghjklm", "wxcvbn", "1234567890")
    for i, key in enumerate(row)
}
_OCR = [(rule.split(">")[0], rule.split(">")[1]) for rule in "l>1 o>0 rn>m m>rn i>l é>e e>c u>v B>8 cl>d".split()]
_SOUNDS = [
    (rule.split(">")[0], rule.split(">")[1])
    for rule in """eau>o ault>o aud>o ph>f th>t ck>k qu>k ai>é er>é ette>ète ll>l nn>n tt>t rr>r ss>c an>en en>an
    y>i ier>ié et>é c>k z>s au>o in>ain on>om s>ss d>t""".split()
]
_NULL_LIKE = ["n/a", "N/A", "inconnu", "NC", "non renseigné", "-", ".", "néant", "INCONNU", "aucun", "?"]


@dataclass(frozen=True)
class Hand:
    """How a channel's values were written down: shares of values (0 to 1) that are wrong, bare, missing."""

    typed: float = 0.0
    scanned: float = 0.0
    heard: float = 0.0
    unaccented: float = 0.0
    upper: float = 0.0
    lower: float = 0.0
    short_form: float = 0.0
    missing: float = 0.0
    out_of_date: float = 0.0
    noise: float = 1.0
    """How often dates are wrong, as a multiple."""

    def times(self, noise: float) -> "Hand":
        """The hand of somebody who is wrong so many times as often; nine of ten values are at most."""
        slips = min(0.9, noise * (self.typed + self.scanned + self.heard))
        share = slips / ((self.typed + self.scanned + self.heard) or 1.0)
        more = {name: min(0.9, noise * getattr(self, name)) for name in ("short_form", "missing", "out_of_date")}
        slipping = {name: share * getattr(self, name) for name in ("typed", "scanned", "heard")}
        return replace(self, noise=noise, **slipping, **more)


@lru_cache(maxsize=16_384)
def unaccented(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.replace("œ", "oe")) if not unicodedata.combining(c))


def mistaken(draws: Draws, hand: Hand, text: str) -> str:
    """The text as that hand wrote it: mostly as it is."""
    if not text:
        return text
    wrong = draws.random()
    if wrong < hand.typed:
        return typo(draws, text)
    wrong -= hand.typed
    if wrong < hand.scanned:
        return _replaced(draws, text, _OCR)
    wrong -= hand.scanned
    if wrong < hand.heard:
        return _replaced(draws, text, _SOUNDS)
    return text


def bare(draws: Draws, hand: Hand, text: str) -> str:
    return unaccented(text) if draws.random() < hand.unaccented else text


def typo(draws: Draws, text: str) -> str:
    """One slip of the fingers: a neighbouring key, a letter left out, doubled, or in the wrong place."""
    place = draws.below(len(text))
    letter = text[place]
    kind = draws.random()
    if kind < 0.35:
        near = _KEYS.get(letter.lower())
        if near:
            slip = draws.pick(near)
            return text[:place] + (slip.upper() if letter.isupper() else slip) + text[place + 1 :]
    if kind < 0.6 and len(text) > 2:
        return text[:place] + text[place + 1 :]
    if kind < 0.78:
        return text[:place] + letter + text[place:]
    return text[:place] + text[place : place + 2][::-1] + text[place + 2 :]


def _replaced(draws: Draws, text: str, rules: list[tuple[str, str]]) -> str:
    fitting = [rule for rule in rules if rule[0] in text]
    if not fitting:
        return typo(draws, text)
    seen, taken = draws.pick(fitting)
    return text.replace(seen, taken, 1)


def nothing(draws: Draws) -> str:
    """What stands where there is no value: nothing, or a word that means nothing."""
    return draws.pick(_NULL_LIKE) if draws.chance(0.15) else ""


def written_phone(draws: Draws, number: str) -> str:
    """An E.164 number in one of the ways in which the French write theirs."""
    digits = number[3:]
    pairs = [digits[i : i + 2] for i in (1, 3, 5, 7)]
    style = draws.random()
    if style < 0.36:
        return f"0{digits[0]} {' '.join(pairs)}"
    if style < 0.60:
        return f"0{digits}"
    if style < 0.75:
        return number
    if style < 0.84:
        return f"0{digits[0]}.{'.'.join(pairs)}"
    if style < 0.90:
        return f"+33 {digits[0]} {' '.join(pairs)}"
    if style < 0.94:
        return f"0033{digits}"
    if style < 0.965:
        return f"0{digits[0]}-{'-'.join(pairs)}"
    if style < 0.98:
        return f"+33 (0){digits[0]} {' '.join(pairs)}"
    if style < 0.993:
        return digits  # a spreadsheet took the zero
    return f"0{digits[0]} {' '.join(pairs[:2])}" if style < 0.996 else mistyped_digit(draws, f"0{digits}")


def mistyped_digit(draws: Draws, text: str) -> str:
    """One digit taken for another; the text has at least one."""
    places = [found.start() for found in re.finditer(r"\d", text)]
    place = draws.pick(places)
    return text[:place] + str((int(text[place]) + draws.between(1, 9)) % 10) + text[place + 1 :]


def written_birth(draws: Draws, born: tuple[int, int, int], noise: float = 1.0) -> str:
    """A birth date as dd/mm/yyyy: day and month swapped, a year off, the first of January for want of better."""
    year, month, day = born
    wrong = draws.random() / noise
    if wrong < 0.014 and day <= 12:
        day, month = month, day
    elif wrong < 0.024:
        year += draws.pick([-10, -1, 1, 10])
    elif wrong < 0.032:
        day = draws.between(1, 28)
    elif wrong < 0.038:
        day = month = 1
    elif wrong < 0.041:
        return "01/01/1900"
    elif wrong < 0.043:
        return mistyped_digit(draws, f"{day:02d}/{month:02d}/{year}")
    return f"{day:02d}/{month:02d}/{year}"
