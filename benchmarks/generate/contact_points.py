"""E-mail addresses and telephone numbers that can belong to nobody, unique without a list of all that are taken."""

import re
import unicodedata
from collections import deque
from zlib import crc32

from benchmarks.generate.draws import Draws, Ranked

DOMAINS = Ranked(
    """courriel.example messagerie.example boite.example poste.example webmail.example fibre.example lettre.example
    cable-sud.example adsl-ouest.example alpes-net.example bretagne-net.example etudiant.example""".split()
)
_HANDLES = (
    "chat soleil moto jardin lune rugby vtt breizh sudiste panda marmotte tennis guitare loulou pêche voile".split()
)
_RECENTLY_RELEASED = 2_000
_QUARANTINE_DAYS = 180


def ascii_form(name: str) -> str:
    """A name as it stands in an e-mail address: `Le Gall` as `legall`, `Jean-François` as `jean-francois`."""
    plain = unicodedata.normalize("NFKD", name.lower().replace("œ", "oe"))
    return re.sub(r"[^a-z0-9-]", "", plain)


class ContactPoints:
    """Gives out addresses and numbers that never repeat, but for mobile numbers that are given out again.

    Numbers come from the ranges that ARCEP keeps for fiction (06 39 98, 01 99 00, 02 61 91, 03 53 01, 04 65 71,
    05 36 49; 10,000 each), then from 07 00 to 07 09 and 01 00 to 05 00, so that there are enough for any size.
    """

    def __init__(self, draws: Draws) -> None:
        self._draws = draws
        self._seen = bytearray(1 << 24)  # a bit per hash of an address: one in some hundred gets digits without need
        self._mobiles = 0
        self._landlines = [1] * 6  # the first of an area is a company's
        self._released: deque[tuple[int, str]] = deque(maxlen=_RECENTLY_RELEASED)

    def email(self, given: str, family: str, birth_year: int) -> str:
        """A personal address of its own, of the shapes that people choose."""
        draws = self._draws
        first, last = ascii_form(given), ascii_form(family)
        shape = draws.random()
        if shape < 0.34:
            local = f"{first}.{last}"
        elif shape < 0.50:
            local = f"{first[0]}{last}"
        elif shape < 0.62:
            local = f"{last}.{first}"
        elif shape < 0.72:
            local = f"{first}{last[0]}{birth_year % 100:02d}"
        elif shape < 0.82:
            local = f"{first}_{last}"
        elif shape < 0.92:
            local = f"{first}{draws.between(1, 999)}"
        else:
            local = f"{ascii_form(draws.pick(_HANDLES))}{birth_year % 100:02d}{draws.between(1, 99)}"
        return self._of_its_own(local, DOMAINS.pick(draws))

    def mailbox(self, family: str) -> str:
        """The one mailbox that a household shares."""
        return self._of_its_own(
            f"{self._draws.pick(['famille.', 'fam.', 'les'])}{ascii_form(family)}", DOMAINS.pick(self._draws)
        )

    def _of_its_own(self, local: str, domain: str) -> str:
        email = f"{local}@{domain}"
        while True:
            bit = crc32(email.encode()) & (1 << 27) - 1
            if not self._seen[bit >> 3] >> (bit & 7) & 1:
                self._seen[bit >> 3] |= 1 << (bit & 7)
                return email
            email = f"{local}{self._draws.between(1, 99_999)}@{domain}"

    def mobile(self, day: int) -> str:
        """A mobile number in E.164 from a day on; some were another person's until half a year before."""
        if self._released and self._released[0][0] + _QUARANTINE_DAYS < day and self._draws.chance(0.3):
            return self._released.popleft()[1]
        index = self._mobiles
        self._mobiles += 1
        if index < 10_000:
            return f"+3363998{index * 7_919 % 10_000:04d}"
        return f"+3370{(index - 10_000) * 6_180_339 % 10_000_000:07d}"

    def release(self, number: str, day: int) -> None:
        """The number is free again, and goes to somebody else after a while."""
        self._released.append((day, number))

    def landline(self, postcode: str) -> str:
        """A landline number in E.164 of the area that the postcode lies in."""
        area = _AREAS[postcode[:2]]
        index = self._landlines[area]
        self._landlines[area] += 1
        if index < 10_000:
            return f"+33{_FICTION[area]}{index * 7_919 % 10_000:04d}"
        return f"+33{area}00{(index - 10_000) * 618_033 % 1_000_000:06d}"


_FICTION = {1: "19900", 2: "26191", 3: "35301", 4: "46571", 5: "53649"}
_WEST = "14 18 22 27 28 29 35 36 37 41 44 45 49 50 53 56 61 72 76 85"
_EAST = "02 08 10 21 25 39 51 52 54 55 57 58 59 60 62 67 68 70 71 80 88 89 90"
_SOUTH_EAST = "01 03 04 05 06 07 11 13 15 20 26 30 34 38 42 43 48 63 66 69 73 74 83 84"
_SOUTH_WEST = "09 12 16 17 19 23 24 31 32 33 40 46 47 64 65 79 81 82 86 87"
_AREAS = {
    **dict.fromkeys("75 77 78 91 92 93 94 95".split(), 1),
    **dict.fromkeys(_WEST.split(), 2),
    **dict.fromkeys(_EAST.split(), 3),
    **dict.fromkeys(_SOUTH_EAST.split(), 4),
    **dict.fromkeys(_SOUTH_WEST.split(), 5),
}
