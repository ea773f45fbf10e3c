"""Detects odd reading: pure rules over who read whom when. An alert is a reason to ask, and proves nothing."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field

from contracts.names import fold

PUBLISHED = Path(__file__).parent / "oddities.yml"
HOUR = timedelta(hours=1)
Key = TypeVar("Key", date, tuple[str, str])


class Rule(StrEnum):
    """What can be odd about reading."""

    MANY = "many"
    NIGHT = "night"
    NEIGHBOURS = "neighbours"
    NAMESAKES = "namesakes"
    CASE = "case"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Night(_Strict):
    """The hours of local time that are night, and how many people are odd then."""

    from_: int = Field(alias="from", ge=0, le=23)
    until: int = Field(ge=0, le=23)
    people: int = Field(ge=1)

    def holds(self, hour: int) -> bool:
        """Whether an hour is in it, also across midnight."""
        if self.from_ <= self.until:
            return self.from_ <= hour < self.until
        return hour >= self.from_ or hour < self.until


class OddityRules(_Strict):
    """The number of different people from which reading is odd."""

    time_zone: str
    many: int = Field(ge=1)
    night: Night
    neighbours: int = Field(ge=2)
    namesakes: int = Field(ge=1)
    case: int = Field(ge=2)


@dataclass(frozen=True)
class Read:
    """One read by a member of staff; `place` and `family_name` are the person's."""

    at: datetime
    actor: str
    role: str
    profile_id: str
    reference: str | None = None
    place: str | None = None
    family_name: str | None = None


@dataclass(frozen=True)
class Oddity:
    """Reading that looks odd: by which rule, whose, on which day, of how many people, from when to when."""

    rule: Rule
    actor: str
    role: str
    day: date
    people: int
    first_at: datetime
    last_at: datetime


def odd(reads: Iterable[Read], rules: OddityRules) -> list[Oddity]:
    """All that looks odd, at most once per rule, reader and day."""
    zone = ZoneInfo(rules.time_zone)

    def day(read: Read) -> date:
        return read.at.astimezone(zone).date()

    # A night counts to the day on which it began: one across midnight to the day before.
    since_midnight = timedelta(hours=rules.night.until if rules.night.from_ > rules.night.until else 0)

    def night(read: Read) -> date:
        return (read.at.astimezone(zone) - since_midnight).date()

    found: list[Oddity] = []
    for (actor, role), own in _by(reads, lambda read: (read.actor, read.role)):
        names = words_of(actor)
        late = [one for one in own if rules.night.holds(one.at.astimezone(zone).hour)]
        kin = [one for one in own if one.family_name and _may_bear(names, one.family_name)]
        sets = [
            *((Rule.MANY, when, _busiest(_with_the_hour_after(some, own)), rules.many) for when, some in _by(own, day)),
            *((Rule.NIGHT, when, some, rules.night.people) for when, some in _by(late, night)),
            *((Rule.NEIGHBOURS, when, _largest(some, _place), rules.neighbours) for when, some in _by(own, day)),
            *((Rule.NAMESAKES, when, some, rules.namesakes) for when, some in _by(kin, day)),
            *((Rule.CASE, when, _largest(some, _case), rules.case) for when, some in _by(own, day)),
        ]
        for rule, when, some, least in sets:
            people = len({one.profile_id for one in some})
            if people >= least:
                found.append(Oddity(rule, actor, role, when, people, some[0].at, some[-1].at))
    return found


def words_of(actor: str) -> set[str]:
    """Possible family names in a token's name: `claire.martin@desk` may be a Martin."""
    return {fold(one) for one in re.findall(r"[^\W\d_]{3,}", actor)}


def _may_bear(names: set[str], family_name: str) -> bool:
    words = [one for one in re.split(r"[\W_]+", fold(family_name)) if one]
    return "".join(words) in names or (bool(words) and set(words) <= names)


def _with_the_hour_after(some: Sequence[Read], reads: Iterable[Read]) -> list[Read]:
    """A day's reads with those of the hour after the last of them: an hour may begin before midnight."""
    last = some[-1].at
    return [*some, *sorted((one for one in reads if last < one.at <= last + HOUR), key=lambda one: one.at)]


def _by(reads: Iterable[Read], key: Callable[[Read], Key]) -> Iterator[tuple[Key, list[Read]]]:
    ordered = sorted(reads, key=lambda read: (str(key(read)), read.at))
    for of, some in groupby(ordered, key=key):
        yield of, list(some)


def _busiest(reads: Sequence[Read]) -> list[Read]:
    """The reads of the hour with most people."""
    best: list[Read] = []
    most, start = 0, 0
    for end, read in enumerate(reads):
        while read.at - reads[start].at > HOUR:
            start += 1
        people = len({one.profile_id for one in reads[start : end + 1]})
        if people > most:
            most, best = people, list(reads[start : end + 1])
    return best


def _largest(reads: Sequence[Read], key: Callable[[Read], str | None]) -> list[Read]:
    """The reads that share a key and are of most people."""
    groups: dict[str, list[Read]] = defaultdict(list)
    for read in reads:
        if (of := key(read)) is not None:
            groups[of].append(read)
    return max(groups.values(), key=lambda some: len({one.profile_id for one in some}), default=[])


def _place(read: Read) -> str | None:
    return read.place


def _case(read: Read) -> str | None:
    return read.reference


@lru_cache
def published_oddities() -> OddityRules:
    """The rules of this installation."""
    return OddityRules.model_validate(yaml.safe_load(PUBLISHED.read_text(encoding="utf-8")))
