"""Rows that no customer stands behind: without a key, tests, unreadable dates, as every real export has some."""

from benchmarks.generate.days import DAYS, Calendar
from benchmarks.generate.draws import Draws
from benchmarks.generate.output import Files

_TESTS = [("Test", "TEST"), ("Essai", "INFORMATIQUE"), ("Toto", "Tata"), ("Ne pas", "UTILISER"), ("Azerty", "Qsdf")]


class Flaws:
    """Writes one set of broken and made-up rows at a time."""

    def __init__(self, draws: Draws, files: Files, calendar: Calendar) -> None:
        self._draws = draws
        self._files = files
        self._calendar = calendar
        self._sets = 0

    def write(self) -> None:
        """A test person of two records (`test-...` in the truth), and six rows that their contracts refuse."""
        draws, add = self._draws, self._files.add
        self._sets += 1
        day = draws.below(DAYS)
        moment = self._calendar.instant(draws, day)
        test = f"test-{self._sets}"
        given, family = draws.pick(_TESTS)
        customer, card = f"CTEST{self._sets:05d}", f"TEST{self._sets:09d}"
        email = f"test{self._sets}@test.example"
        add("crm", (customer, "", given, family, "01/01/1900", "1 rue du Test", "", "00000", "TEST", email,
                    "0000000000", "", "", "", self._calendar.iso[day], moment))  # fmt: skip
        add("truth", ("crm", customer, test))
        add("loyalty", (card, f"{family} {given}", email, "0199000000", "", "", "", self._calendar.iso[day], moment))
        add("truth", ("loyalty", card, test))
        add("crm", ("", "", given, family, "", "", "", "", "", "n/a", "", "", "", "", "", moment))
        add("web", ("n/a", "", "", f"anonyme{self._sets}@courriel.example", "", "", "", moment))
        add("call_centre", ("", "inconnu", "INCONNU", "", "", "", "", "", "", "information", ""))
        add("orders", (f"OX{self._sets:05d}", card, "pas une date", "internet", 1, 1, "0.00", ""))
        add("consents", ("email", email, "analytics", "", moment, "web", ""))
        add(
            "chat",
            {
                "message_id": None,
                "sent_at": moment,
                "bot": "assistant-site",
                "identity": {},
                "intent": None,
                "text": "test",
            },
        )
