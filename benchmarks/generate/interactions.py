"""The rows of the channels that hold events and consents: orders, chat and consents."""

from bisect import bisect_right

from benchmarks.generate.days import DAYS, Calendar
from benchmarks.generate.draws import Draws, Numbers
from benchmarks.generate.output import Files
from benchmarks.generate.people import Person
from benchmarks.generate.wording import BOTS, CHAT_INTENTS, MESSAGES, PRODUCTS, RESOLVED_MESSAGES, SHOPS
from consent.notices import published_notices

PURPOSES = ["marketing_email", "personalisation", "analytics", "marketing_post", "marketing_phone", "model_training"]
_ASKED_BY = ["web", "web", "magasin", "call_centre", "appli"]
_BABY = [
    article for article in PRODUCTS if article[0] in ("Gigoteuse naissance", "Lit bébé à barreaux", "Chaise haute")
]


class Interactions:
    """Writes what customers buy, ask a bot, allow and refuse."""

    def __init__(self, draws: Draws, files: Files, calendar: Calendar) -> None:
        self._draws = draws
        self._files = files
        self._calendar = calendar
        published = published_notices().versions.values()
        self._notices = sorted((notice.since.isoformat(), notice.version) for notice in published)
        self._orders = Numbers(9, draws.below(1_000_000))
        self._messages = Numbers(9, draws.below(1_000_000))

    def _day(self, person: Person) -> int:
        return self._draws.between(max(0, min(person.first_day, DAYS - 1)), DAYS - 1)

    def orders(self, person: Person, card: str) -> None:
        """Orders by card; a return is the same order again with negative amounts, some days later."""
        draws = self._draws
        for _ in range(draws.geometric(0.78, 40)):
            day = self._day(person)
            baby = any(-120 < day - born < 200 for born in person.children) and draws.chance(0.4)
            lines = 1 + draws.geometric(0.45, 12)
            items, cents, top, dearest = 0, 0, "", 0
            for _ in range(lines):
                article, price = draws.pick(_BABY if baby else PRODUCTS)
                count = 1 + draws.geometric(0.2, 5)
                items, cents = items + count, cents + price * count
                if price > dearest:
                    top, dearest = article, price
            shop = SHOPS.pick(draws)
            self._order(card, day, shop, lines, items, cents, top)
            if draws.chance(0.06) and day + 30 < DAYS:
                self._order(card, day + draws.between(2, 30), shop, lines, -items, -cents, top)

    def _order(self, card: str, day: int, shop: str, lines: int, items: int, cents: int, top: str) -> None:
        amount = f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
        moment = self._calendar.instant(self._draws, day, (8, 22))
        self._files.add("orders", (f"O{self._orders.next()}", card, moment, shop, lines, items, amount, top))

    def chat(self, person: Person, keys: dict[str, str]) -> None:
        """Messages to the bots, by whatever the customer gave there."""
        draws = self._draws
        if person.age < 15:
            return
        for _ in range(draws.geometric(0.47, 12)):
            day = self._day(person)
            intent = self._intent(person, day)
            identity = self._identity(person, keys, day)
            if identity is None:
                return
            self._message(person, day, identity, intent, draws.pick(MESSAGES[intent]))
            if intent == "reclamation" and day + 25 < DAYS and draws.chance(0.6):
                later = day + draws.between(1, 20)
                self._message(person, later, identity, "reclamation_resolue", draws.pick(RESOLVED_MESSAGES))

    def _intent(self, person: Person, day: int) -> str:
        draws = self._draws
        for changes, intent in ((person.homes, "demenagement"), (person.families, "changement_nom")):
            if any(0 <= day - since < 90 for since, _ in changes) and draws.chance(0.5):
                return intent
        if any(-60 < day - born < 120 for born in person.children) and draws.chance(0.4):
            return "naissance"
        return CHAT_INTENTS.pick(draws)

    def _identity(self, person: Person, keys: dict[str, str], day: int) -> dict[str, str] | None:
        draws = self._draws
        shared = person.shared_device
        choices = {
            "email": person.other_email if person.other_email and draws.chance(0.3) else person.email(day),
            "device_id": shared if shared and draws.chance(0.3) else person.device if "user_id" in keys else "",
            "phone": person.mobile(day),
            **keys,
        }
        given = [(kind, value) for kind, value in choices.items() if value]
        if not given:
            return None
        picked = dict([draws.pick(given)])
        if draws.chance(0.12):
            picked |= dict([draws.pick(given)])
        return picked

    def _message(self, person: Person, day: int, identity: dict[str, str], intent: str, text: str) -> None:
        key = f"chat-{self._messages.next()}"
        moment = self._calendar.instant(self._draws, day, (6, 23))
        bot = self._draws.pick(BOTS)
        row = {"message_id": key, "sent_at": moment, "bot": bot, "identity": identity, "intent": intent, "text": text}
        self._files.add("chat", row)
        self._files.add("truth", ("chat", key, person.key))

    def consents(self, person: Person) -> None:
        """Decisions per e-mail and per phone; some are withdrawn later, and some of those given again."""
        draws = self._draws
        if person.age < 15:
            return
        for since, email in person.emails:
            if draws.chance(0.32):
                self._decisions("email", email, max(0, since, person.first_day))
        if person.other_email and draws.chance(0.32):
            self._decisions("email", person.other_email, max(0, person.first_day))
        for since, phone in person.mobiles:
            if draws.chance(0.16):
                self._decisions("phone", phone, max(0, since, person.first_day))

    def _decisions(self, kind: str, value: str, earliest: int) -> None:
        draws, at = self._draws, self._calendar.instant
        day = draws.between(min(earliest, DAYS - 1), DAYS - 1)
        moment, asked_by = at(draws, day), draws.pick(_ASKED_BY)
        willing = draws.pick([0.25, 0.65, 0.9])
        for purpose in PURPOSES:
            if purpose == ("marketing_phone" if kind == "email" else "marketing_email") or draws.chance(0.35):
                continue
            granted = draws.chance(willing)
            self._consent(kind, value, purpose, "granted" if granted else "refused", day, moment, asked_by)
            if granted and day + 40 < DAYS and draws.chance(0.16):
                later = draws.between(day + 20, DAYS - 1)
                self._consent(kind, value, purpose, "withdrawn", later, at(draws, later), draws.pick(_ASKED_BY))
                if later + 40 < DAYS and draws.chance(0.15):
                    again = draws.between(later + 20, DAYS - 1)
                    self._consent(kind, value, purpose, "granted", again, at(draws, again), draws.pick(_ASKED_BY))

    def _consent(
        self, kind: str, value: str, purpose: str, decision: str, day: int, moment: str, asked_by: str
    ) -> None:
        in_force = bisect_right(self._notices, self._calendar.iso[day], key=lambda one: one[0]) - 1
        notice = self._notices[in_force][1]
        self._files.add("consents", (kind, value, purpose, decision, moment, asked_by, notice))
