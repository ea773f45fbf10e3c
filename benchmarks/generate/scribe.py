"""Writes down a person's fields as one channel's hand would on one day."""

from benchmarks.generate.draws import Draws
from benchmarks.generate.given_names import SHORT_FORMS
from benchmarks.generate.noise import Hand, bare, mistaken, nothing, unaccented, written_birth, written_phone
from benchmarks.generate.people import Person
from benchmarks.generate.places import SHORT_TYPES, Address

_SWITCHBOARD = "+33199000000"
_PLACEHOLDER = "0600000000"


class Scribe:
    """One row's view of one person: `day` is when it was written, `known` what day its facts are from."""

    def __init__(self, draws: Draws, hand: Hand, person: Person, day: int) -> None:
        self._draws = draws
        self._hand = hand
        self._person = person
        turns = [turn for turn in person.turns if turn <= day]
        stale = bool(turns) and draws.chance(hand.out_of_date)
        self.known = turns[-1] - 1 if stale else day
        case = draws.random()
        self._upper = case < hand.upper
        self._lower = hand.upper <= case < hand.upper + hand.lower
        self._upper_family = case > 0.8

    def _cased(self, text: str) -> str:
        return text.upper() if self._upper else text.lower() if self._lower else text

    def _missing(self) -> bool:
        return self._draws.random() < self._hand.missing

    def given(self) -> str:
        draws, hand, given = self._draws, self._hand, self._person.given
        if draws.random() < hand.short_form:
            given = draws.pick(SHORT_FORMS.get(given, [given]))
        elif "-" in given and (kind := draws.random()) < 0.3:
            given = given.replace("-", " ") if kind < 0.2 else given.split("-")[0]
        return self._cased(mistaken(draws, hand, bare(draws, hand, given)))

    def family(self) -> str:
        draws, hand, person = self._draws, self._hand, self._person
        family = person.family(self.known)
        if len(person.families) > 1 and draws.random() < 0.08:
            family = person.families[0][1]  # administrations write to the birth name
        if "-" in family and (kind := draws.random()) < 0.3:
            family = family.replace("-", " ") if kind < 0.15 else family.split("-")[kind < 0.22]
        family = self._cased(mistaken(draws, hand, bare(draws, hand, family)))
        return family.upper() if self._upper_family and hand.upper else family

    def names(self) -> tuple[str, str]:
        """Given and family name; sometimes in each other's column, sometimes one of them is missing."""
        kind = self._draws.random()
        given, family = self.given(), self.family()
        if kind < 0.012:
            return family, given
        if kind < 0.012 + self._hand.missing * 0.3:
            return nothing(self._draws), family
        return given, family

    def birth(self) -> str:
        if self._missing():
            return nothing(self._draws)
        born = self._person.birthday
        return written_birth(self._draws, (born.year, born.month, born.day), self._hand.noise)

    def email(self) -> str:
        draws, person = self._draws, self._person
        email = person.email(self.known)
        kind = draws.random()
        if kind < 0.002:
            return draws.pick(["contact@entreprise.example", "info@entreprise.example", "accueil@mairie.example"])
        if kind < 0.07 and person.shared_email:
            email = person.shared_email
        elif not person.emails and kind < 0.55:
            email = ""  # the household's or a relative's, if they care to give it
        elif person.other_email and draws.random() < 0.4:
            email = person.other_email
        if not email or self._missing():
            return nothing(draws)
        if kind > 0.995:
            local, _, domain = email.partition("@")
            return f"{mistaken(draws, Hand(typed=1), local)}@{domain}" if kind > 0.997 else f"{local}{domain}"
        return email.upper() if kind > 0.88 and self._hand.upper else email

    def phone(self, landline: float = 0.2) -> str:
        """A mobile, a landline, or the relative's; `landline` is the share that gives it, having both."""
        draws, person = self._draws, self._person
        number = person.mobile(self.known)
        fixed = person.landline(self.known)
        if fixed and (not number or draws.random() < landline):
            number = fixed
        kind = draws.random()
        if not person.mobiles and not fixed and kind > 0.6:
            number = ""  # a relative's, if they care to give it
        if kind < 0.002:
            return _PLACEHOLDER
        if kind < 0.004:
            number = _SWITCHBOARD
        elif kind < 0.03 and person.relative:
            number = person.relative.mobile(self.known) or number
        if not number or self._missing():
            return nothing(draws)
        return written_phone(draws, number)

    def street(self, address: Address | None = None) -> str:
        """Number and street, without the complement."""
        draws, hand = self._draws, self._hand
        number, kind, street, _, _, _ = address or self._person.home(self.known)
        style = draws.random()
        if style < 0.25 and kind in SHORT_TYPES:
            kind = draws.pick(SHORT_TYPES[kind])
        street = mistaken(draws, hand, bare(draws, hand, street))
        comma = "," if style > 0.85 else ""
        return self._cased(f"{kind} {street}" if style > 0.985 else f"{number}{comma} {kind} {street}")

    def city(self) -> str:
        draws, city = self._draws, self._person.home(self.known).city
        if draws.random() < 0.06:
            city = city.replace("Saint-", "St ").replace("Sainte-", "Ste ")
        city = self._cased(mistaken(draws, self._hand, bare(draws, self._hand, city)))
        return unaccented(city).upper() if draws.random() < 0.25 else city

    def postcode(self) -> str:
        return self._person.home(self.known).postcode

    def address(self) -> tuple[str, str, str, str]:
        """Street, complement, postcode, commune; together there or together missing."""
        if self._missing():
            return nothing(self._draws), "", "", ""
        home = self._person.home(self.known)
        complement = home.complement if self._draws.random() < 0.7 else ""
        return self.street(home), self._cased(complement), home.postcode, self.city()
