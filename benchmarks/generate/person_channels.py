"""The rows of the channels that hold persons: crm, billing, loyalty, web and call_centre."""

from datetime import date

from benchmarks.generate.days import DAYS, Calendar
from benchmarks.generate.draws import Draws, Numbers
from benchmarks.generate.noise import Hand, mistyped_digit
from benchmarks.generate.output import Files
from benchmarks.generate.people import Person, at
from benchmarks.generate.scribe import Scribe
from benchmarks.generate.wording import CALL_REASONS, RESOLVED

_CRM = Hand(
    typed=0.03, heard=0.01, unaccented=0.15, upper=0.08, lower=0.02, short_form=0.01, missing=0.12, out_of_date=0.25
)
_BILLING = Hand(typed=0.02, scanned=0.01, unaccented=0.30, upper=0.35, missing=0.12, out_of_date=0.35)
_LOYALTY = Hand(
    typed=0.02, scanned=0.05, unaccented=0.20, upper=0.15, lower=0.03, short_form=0.05, missing=0.15, out_of_date=0.30
)
_WEB = Hand(typed=0.015, unaccented=0.25, lower=0.18, short_form=0.12, missing=0.14, out_of_date=0.20)
_CALLS = Hand(typed=0.02, heard=0.10, unaccented=0.30, upper=0.25, short_form=0.03, missing=0.10, out_of_date=0.05)

_LANGUAGES = ["fr", "fr", "fr", "fr", "FR", "FR", "français", "fr-FR", "", "en", "pt", "ar", "es"]
_PAYMENTS = ["prélèvement", "prélèvement", "carte", "carte", "chèque", "TIP"]
_TITLES = {"M": ["M.", "M", "Monsieur", "M."], "F": ["Mme", "Mme", "MME", "Madame", "Mlle"]}


class PersonChannels:
    """Decides which channels know a person, and writes what each of them knows."""

    def __init__(self, draws: Draws, files: Files, calendar: Calendar, noise: float = 1.0) -> None:
        self._draws = draws
        self._files = files
        self._calendar = calendar
        self._noise = noise
        starts = [draws.below(10_000_000) for _ in range(5)]
        self._customers, self._accounts, self._cards, self._users, self._calls = map(Numbers, (8, 8, 9, 9, 8), starts)

    def _hand(self, usual: Hand) -> Hand:
        return usual if self._noise == 1 else usual.times(self._noise)

    def write(self, person: Person) -> tuple[dict[str, str], list[str]]:
        """Writes all that is known of a person; returns keys by kind (`customer_no`, `user_id`), and their cards."""
        draws = self._draws
        keys: dict[str, str] = {}
        cards: list[str] = []
        grown = person.age >= 16
        known = draws.random()
        if known < (0.76 if grown else 0.70):
            keys["customer_no"] = self._crm(person)
            if draws.chance(0.035):
                self._crm(person)
        if grown and draws.chance(0.46):
            self._billing(person)
        if draws.chance(0.45 if grown else 0.10) or (not grown and not keys):
            cards.append(self._loyalty(person))
            if draws.chance(0.06):
                cards.append(self._loyalty(person))
        online = 0.20 if person.age > 75 else 0.50 if grown else 0.0
        if person.emails and draws.chance(online):
            keys["user_id"] = self._web(person)
            if draws.chance(0.03):
                self._web(person)
        calls = draws.geometric(0.20 if grown else 0.0, 6)
        if grown and not keys and not cards and not calls:
            calls = 1
        self._call(person, calls)
        return keys, cards

    def some_day(self, person: Person) -> int:
        """A day since the person is a customer, rather a late one."""
        first = max(0, min(person.first_day, DAYS - 1))
        return max(self._draws.between(first, DAYS - 1), self._draws.between(first, DAYS - 1))

    def _truth(self, channel: str, key: str, person: Person) -> None:
        self._files.add("truth", (channel, key, person.key))

    def _since(self, person: Person, at_most: int) -> str:
        if person.first_day >= 0:
            return self._calendar.iso[min(person.first_day, at_most)]
        year, month = 2015 + person.first_day // 366, self._draws.between(1, 12)
        return self._calendar.moved(date(year, month, self._draws.between(1, 28))).isoformat()

    def _crm(self, person: Person) -> str:
        draws = self._draws
        key = f"C{self._customers.next()}"
        day = self.some_day(person)
        since = self._since(person, day)
        if draws.chance(0.04) and day > 0:  # the same customer number, as it was exported some time before
            earlier = draws.between(max(0, min(person.first_day, day - 1)), day - 1)
            self._files.add("crm", self._crm_row(person, key, earlier, since))
        row = self._crm_row(person, key, day, since)
        self._files.add("crm", row)
        if draws.chance(0.002):
            self._files.add("crm", row)
        self._truth("crm", key, person)
        return key

    def _crm_row(self, person: Person, key: str, day: int, since: str) -> tuple[str, ...]:
        draws = self._draws
        scribe = Scribe(draws, self._hand(_CRM), person, day)
        given, family = scribe.names()
        children = sum(1 for born in person.children if born <= scribe.known)
        return (
            key,
            draws.pick(_TITLES[person.sex]) if draws.random() < 0.9 else "",
            given,
            family,
            scribe.birth(),
            *scribe.address(),
            scribe.email(),
            scribe.phone(landline=0.3),
            draws.pick(_LANGUAGES) if draws.random() < 0.25 else "fr",
            self._situation(person, scribe.known),
            str(children) if children and draws.random() < 0.7 else "",
            since,
            self._calendar.instant(draws, day, (8, 19)),
        )

    def _situation(self, person: Person, day: int) -> str:
        if person.age < 18 or self._draws.random() > 0.6:
            return ""
        situation = at(person.situation, day) or ""
        return f"{situation}e" if person.sex == "F" and situation.endswith("é") else situation

    def _billing(self, person: Person) -> None:
        draws = self._draws
        key = f"F{self._accounts.next()}"
        day = self.some_day(person)
        scribe = Scribe(draws, self._hand(_BILLING), person, day)
        given, family = scribe.given(), scribe.family()
        order = draws.random()
        holder = f"{given} {family}" if order < 0.5 else f"{family} {given}" if order < 0.9 else f"{family}, {given}"
        if order > 0.985:
            holder = f"{draws.pick(_TITLES[person.sex])} {given} {family}"
        street, _, postcode, city = scribe.address()
        contact = scribe.email() if draws.random() < 0.5 else scribe.phone(landline=0.4)
        national = person.national_id if draws.random() < 0.4 else ""
        if national and draws.random() < 0.004:
            national = national[:-8] + mistyped_digit(draws, national[-8:])
        since = self._since(person, day)
        self._files.add(
            "billing",
            (
                key,
                holder,
                national,
                f"{street}{', ' if order < 0.7 else ' '}{postcode} {city}" if postcode else street,
                contact,
                draws.pick(_PAYMENTS),
                f"{since[8:]}/{since[5:7]}/{since[:4]}",
                self._calendar.french[day],
            ),
        )
        self._truth("billing", key, person)

    def _loyalty(self, person: Person) -> str:
        draws = self._draws
        key = f"9250{self._cards.next()}"
        day = self.some_day(person)
        scribe = Scribe(draws, self._hand(_LOYALTY), person, day)
        given, family = scribe.names()
        street, _, postcode, city = scribe.address()
        row = (
            key, f"{given} {family}".strip(), scribe.email(), scribe.phone(landline=0.05), street, postcode, city,
            self._since(person, day), self._calendar.instant(draws, day, (9, 20)),
        )  # fmt: skip
        self._files.add("loyalty", row)
        self._truth("loyalty", key, person)
        return key

    def _web(self, person: Person) -> str:
        draws = self._draws
        key = f"u-{self._users.next()}"
        day = self.some_day(person)
        scribe = Scribe(draws, self._hand(_WEB), person, day)
        given, family = scribe.names() if draws.random() < 0.85 else ("", "")
        year = str(person.birthday.year) if draws.random() < 0.55 else ""
        device = person.shared_device if person.shared_device and draws.random() < 0.45 else person.device
        email = person.email(scribe.known) or person.emails[-1][1]
        if person.other_email and draws.random() < 0.4:
            email = person.other_email
        row = (
            key,
            given,
            family,
            email,
            scribe.phone(0.03) if draws.random() < 0.6 else "",
            year,
            device,
            self._calendar.instant(draws, day),
        )
        self._files.add("web", row)
        self._truth("web", key, person)
        return key

    def _call(self, person: Person, calls: int) -> None:
        draws = self._draws
        for _ in range(calls):
            day = self.some_day(person)
            moved = any(0 <= day - since < 60 for since, _ in person.homes)
            reason = "déménagement" if moved and draws.random() < 0.5 else CALL_REASONS.pick(draws)
            self._call_row(person, day, reason)
            if reason == "réclamation" and day + 40 < DAYS and draws.random() < 0.5:
                self._call_row(person, day + draws.between(1, 30), RESOLVED)

    def _call_row(self, person: Person, day: int, reason: str) -> None:
        draws = self._draws
        key = f"APPEL{self._calls.next()}"
        scribe = Scribe(draws, self._hand(_CALLS), person, day)
        given, family = scribe.names()
        has_address = draws.random() < 0.6
        row = (
            key, given, family.upper(), scribe.birth() if draws.random() < 0.6 else "",
            scribe.street() if has_address else "", scribe.postcode() if has_address else "",
            scribe.city() if has_address else "", scribe.phone(0.25),
            f"{self._calendar.french[day]} {draws.between(8, 18):02d}:{draws.below(60):02d}", reason,
            str(draws.between(30, 1500)),
        )  # fmt: skip
        self._files.add("call_centre", row)
        self._truth("call_centre", key, person)
