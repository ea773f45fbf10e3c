"""The person as the simulation knows them, with everything about them that changes over the years."""

from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from benchmarks.generate.days import DAYS, LAST
from benchmarks.generate.places import Address

BEFORE = -100_000

Value = TypeVar("Value")
Timeline = list[tuple[int, Value]]  # (day from which it holds, value), oldest first


def at(timeline: Timeline[Value], day: int) -> Value | None:
    """What held on that day; None where nothing did yet."""
    found = None
    for since, value in timeline:
        if since > day:
            break
        found = value
    return found


@dataclass(slots=True)
class Person:
    """One customer. Days count from 2016-01-01; lists start with what held before.

    `born` is the day in the simulation, `birthday` as it is written down.
    """

    key: str
    sex: str
    born: date
    birthday: date
    given: str
    national_id: str
    homes: Timeline[Address]
    families: Timeline[str]
    first_day: int = 0
    situation: Timeline[str] = field(default_factory=list)
    children: list[int] = field(default_factory=list)
    emails: Timeline[str] = field(default_factory=list)
    mobiles: Timeline[str] = field(default_factory=list)
    landlines: Timeline[str] = field(default_factory=list)
    device: str = ""
    other_email: str = ""  # kept beside the main one, for work or for advertisements
    shared_email: str = ""
    shared_device: str = ""
    relative: "Person | None" = None

    @property
    def age(self) -> int:
        """Years at the end of the simulation."""
        return LAST.year - self.born.year

    def family(self, day: int) -> str:
        return at(self.families, day) or self.families[0][1]

    def home(self, day: int) -> Address:
        return at(self.homes, day) or self.homes[0][1]

    def email(self, day: int) -> str:
        """Their own address, else the household's, else that of the relative who looks after them."""
        own = at(self.emails, day) or self.shared_email
        if not own and self.relative:
            return at(self.relative.emails, day) or self.relative.shared_email
        return own

    def mobile(self, day: int) -> str:
        own = at(self.mobiles, day)
        if not own and self.relative:
            own = at(self.relative.mobiles, day)
        return own or ""

    def landline(self, day: int) -> str:
        return at(self.landlines, day) or ""

    @property
    def turns(self) -> list[int]:
        """The days on which something about them changed: a source that knew them before then is out of date."""
        changes = (self.families, self.homes, self.emails, self.mobiles)
        return sorted(since for changed in changes for since, _ in changed if 0 < since < DAYS)
