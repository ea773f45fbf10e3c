"""A call as a voice bot hears it: what the caller says of themselves, misheard, spelt, or in part."""

from typing import Any

from benchmarks.generate.days import DAYS
from benchmarks.generate.draws import Draws
from benchmarks.generate.noise import Hand, mistaken, mistyped_digit
from benchmarks.generate.people import Person

_EAR = Hand(heard=0.12, typed=0.03)
_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
_FIRST_SAID = (
    ("family_name", "given_name"),
    ("family_name", "given_name", "postcode"),
    ("family_name", "given_name", "birth_date"),
    ("family_name", "postcode"),
    ("given_name", "phone"),
    ("number", "family_name"),
)


class Caller:
    """One caller, and what they say when asked; None where they do not know."""

    def __init__(self, draws: Draws, person: Person, cards: list[str]) -> None:
        self._draws, self._person, self._cards = draws, person, cards
        self._home = person.home(DAYS - 1)

    def begins(self) -> dict[str, Any]:
        """What is said first, unasked."""
        said = {name: self.says(name) for name in self._draws.pick(_FIRST_SAID)}
        return {name: value for name, value in said.items() if value}

    def says(self, name: str) -> list[Any] | None:
        """The readings of one field's answer."""
        draws, person = self._draws, self._person
        if name in ("given_name", "family_name", "city", "street"):
            told = {
                "given_name": person.given,
                "family_name": person.family(DAYS - 1),
                "city": self._home.city,
                "street": f"{self._home.number} {self._home.kind} {self._home.street}",
            }
            return self._name(told[name])
        if name == "birth_date":
            return self._birth()
        if name == "postcode":
            return [self._digits(self._home.postcode, 0.02)]
        if name == "phone":
            number = person.mobile(DAYS - 1) or person.landline(DAYS - 1)
            return [self._digits(number, 0.03)] if number else None
        if name == "email":
            return [mistaken(draws, _EAR, person.email(DAYS - 1))] if person.email(DAYS - 1) else None
        if name == "number":
            return [self._digits(draws.pick(self._cards), 0.03)] if self._cards and draws.chance(0.5) else None
        return None

    def _name(self, text: str) -> list[Any]:
        draws = self._draws
        heard = mistaken(draws, _EAR, text)
        if heard == text:
            if draws.chance(0.1) and text.isalpha():
                return [", ".join(text)]
            return [text]
        if draws.chance(0.4):  # the recogniser was unsure, and has it second
            return [{"text": heard, "confidence": 0.6}, {"text": text, "confidence": 0.35}]
        return [heard]

    def _birth(self) -> list[Any]:
        draws, born = self._draws, self._person.birthday
        month, kind = _MONTHS[born.month - 1], draws.random()
        if kind < 0.06:
            return [f"{month} {born.year}"]
        if kind < 0.1:
            return [f"{born.day} {month}"]
        if kind < 0.13:
            return [str(born.year)]
        if kind < 0.5:
            return [f"{born.day} {month} {born.year}"]
        said = f"{born.day:02d}/{born.month:02d}/{born.year}"
        return [mistyped_digit(draws, said) if kind > 0.97 else said]

    def _digits(self, text: str, wrong: float) -> str:
        return mistyped_digit(self._draws, text) if self._draws.chance(wrong) else text
