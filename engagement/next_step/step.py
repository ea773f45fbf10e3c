"""Decides the next step: the rules' zone, and who serves by what goes before what."""

from collections.abc import Sequence
from dataclasses import dataclass

from engagement.dial.precedence import A_PERSON, DANGER, Law, Moment, Served, precedence
from engagement.dial.statements import Dial
from engagement.next_step.asking import asks_for_a_person
from engagement.zones.deciding import Outcome, Zones
from engagement.zones.situation import RANK, Emotion, Risk, Situation, Zone


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the customer wants, as whoever serves them understood it; `text` is what they said, in their words."""

    intents: Sequence[str]
    text: str | None = None
    product: str | None = None
    risk: Risk = "low"
    value: float | None = None
    attempts: int = 0


@dataclass(frozen=True, kw_only=True)
class Known:
    """What may be used of what is known; `dial` is None where it may not, or where they never said.

    `restricted`: their data is kept and not used. `consent_denies`: they said no to what the data would be used for.
    """

    emotion: Emotion
    dial: Dial | None
    restricted: bool
    consent_denies: bool


@dataclass(frozen=True)
class Step:
    """Who serves, why, and what whoever serves has to know about: the topic of the gravest intent."""

    outcome: Outcome
    served: Served
    skill: str | None


def next_step(zones: Zones, asked: Asked, known: Known) -> Step:
    """The next step; raises UnknownInput for an intent or a product that the rules do not know."""
    intents = [*asked.intents]
    if asked.text is not None and asks_for_a_person(asked.text):
        intents.append(intent_of(zones, A_PERSON))
    situations = {intent: _situation(zones, intent, asked, known) for intent in intents}
    outcome = zones.decide(situations.values())
    topics = [zones.rules.topic_of[intent] for intent in intents]
    positions = [one.dial for one in situations.values() if one.dial is not None]
    moment = Moment(
        zone=outcome.zone,
        danger=DANGER in topics,
        # A machine cannot ask itself whether somebody whose data is restricted agrees to its use; what is simple and
        # essential needs none of it.
        law=Law.PEOPLE_ALONE if known.restricted and outcome.zone is not Zone.BASIC else Law.PERMITS,
        consent_denies=known.consent_denies,
        asks_for_a_person=A_PERSON in topics,
        dial=min(positions, default=None),
        attempts=asked.attempts,
        emotion=known.emotion,
    )
    return Step(outcome, precedence(moment), _skill(zones, situations))


def intent_of(zones: Zones, topic: str) -> str:
    """The first intent of a topic that every sector has."""
    return next(intent for intent, one in zones.rules.topic_of.items() if one == topic)


def _situation(zones: Zones, intent: str, asked: Asked, known: Known) -> Situation:
    return Situation(
        intent=intent,
        product=asked.product,
        risk=asked.risk,
        value=asked.value,
        emotion=known.emotion,
        attempts=asked.attempts,
        vulnerability="unknown",
        milestone=None,
        dial=known.dial.on(zones.rules.topic_of.get(intent)) if known.dial else None,
    )


def _skill(zones: Zones, situations: dict[str, Situation]) -> str | None:
    """The topic of the gravest intent; None if all that was asked for is a person."""
    topic_of = zones.rules.topic_of
    about = [intent for intent in situations if topic_of[intent] != A_PERSON]
    if not about:
        return None
    return topic_of[max(about, key=lambda intent: RANK[zones.decide([situations[intent]]).zone])]
