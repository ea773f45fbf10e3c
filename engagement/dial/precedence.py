"""Who serves an interaction: safety and law, then consent, then a request for a person, then the dial, then the rules.

The first level that has something to say decides. It is about who acts, not about who sees what: whoever acts gets
from the gate what purpose, role and consent permit, and no more.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from engagement.zones.situation import Emotion, Zone

DANGER, A_PERSON = "danger", "a_person"
"""Topics of every sector's rules: an intent under the one tells of danger, one under the other asks for a person."""

PEOPLE, HELPED, BY_THEMSELVES = 20, 50, 80
"""Up to the first position a person serves, up to the second one is always offered; from the third on the customer
serves themselves. Between the second and the third the rules decide."""

FAILURES = 2
"""After so many failed attempts a person is offered, wherever the dial stands."""


class Level(StrEnum):
    """What decided; in this order, the earlier goes before the later."""

    SAFETY_AND_LAW = "safety_and_law"
    CONSENT = "consent"
    REQUEST = "request"
    DIAL = "dial"
    RULE = "rule"


class Acts(StrEnum):
    """Who does what is asked for."""

    NOBODY = "nobody"
    MACHINE = "machine"
    PERSON = "person"


class Person(StrEnum):
    """Whether a person comes in; in this order, the later is the more human.

    `comes`: as the customer asked, or where the rules put a person first. `unasked`: whatever anybody asked for.
    """

    NOT = "not"
    OFFERED = "offered"
    COMES = "comes"
    UNASKED = "unasked"


class Law(StrEnum):
    """What the law says of what is asked for; `people_alone`: no machine may do it (for one, GDPR art. 22)."""

    PERMITS = "permits"
    PEOPLE_ALONE = "people_alone"
    FORBIDS = "forbids"


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What is known of an interaction when it is decided who serves it; all of it has to be given.

    `zone` is what the rules say, `dial` the position that counts for the topic, or None if the customer never said.
    """

    zone: Zone
    danger: bool
    law: Law
    consent_denies: bool
    asks_for_a_person: bool
    dial: int | None
    attempts: int
    emotion: Emotion


@dataclass(frozen=True)
class Served:
    """Who acts, whether a person comes in, and the level that decided so."""

    acts: Acts
    person: Person
    level: Level


def precedence(moment: Moment) -> Served:
    """Who serves this interaction, and why."""
    # 1. Safety: distress and danger bring a person, whatever anybody said.
    if moment.danger or moment.emotion == "distressed":
        return Served(Acts.PERSON, Person.UNASKED, Level.SAFETY_AND_LAW)
    # 2. What law or consent denies is done by nobody, and what is people's by no machine. What the customer wishes is
    #    heard all the same: whoever wants a person gets one, who can explain.
    wish = _wish(moment)
    if moment.law is Law.FORBIDS:
        return replace(wish, acts=Acts.NOBODY, level=Level.SAFETY_AND_LAW)
    if moment.law is Law.PEOPLE_ALONE and not moment.consent_denies:
        return Served(Acts.PERSON, more_human(wish.person, Person.OFFERED), Level.SAFETY_AND_LAW)
    if moment.consent_denies:
        return replace(wish, acts=Acts.NOBODY, level=Level.CONSENT)
    return wish


def more_human(one: Person, other: Person) -> Person:
    """Of two answers whether a person comes in, the more human one."""
    return max(one, other, key=list(Person).index)


def _wish(moment: Moment) -> Served:
    """What request, dial and rules say."""
    if moment.asks_for_a_person:
        return Served(Acts.PERSON, Person.COMES, Level.REQUEST)
    failed = Person.OFFERED if moment.attempts >= FAILURES else Person.NOT
    dial, a_person_first = moment.dial, moment.zone is Zone.TRADITIONAL
    if dial is not None and dial <= PEOPLE:
        return Served(Acts.PERSON, Person.COMES, Level.DIAL)
    if dial is not None and dial >= BY_THEMSELVES:
        offered = Person.OFFERED if a_person_first else Person.NOT
        return Served(Acts.MACHINE, more_human(offered, failed), Level.DIAL)
    if a_person_first:
        return Served(Acts.PERSON, Person.COMES, Level.RULE)
    if dial is not None and dial <= HELPED:
        return Served(Acts.MACHINE, Person.OFFERED, Level.DIAL)
    offered = Person.OFFERED if moment.zone is Zone.ENHANCEMENT else Person.NOT
    return Served(Acts.MACHINE, more_human(offered, failed), Level.RULE)
