"""Who serves: the rules' zone under what goes before them, for one intent and for several."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.identifiers import Identifier
from engagement.dial.precedence import A_PERSON, Acts, Level, Person
from engagement.dial.statements import Dial, Statement
from engagement.next_step.step import Asked, Known, Step, intent_of, next_step
from engagement.zones.deciding import UnknownInput, Zones
from engagement.zones.rule_file import sectors, shipped
from engagement.zones.situation import RANK, Zone

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
ZONES = {sector: Zones(shipped(sector)) for sector in sectors()}
RETAIL = ZONES["retail"]
NOTHING = Known(emotion="unknown", dial=None, restricted=False, consent_denies=False)


def dial(overall: int | None = None, **topics: int) -> Dial:
    def said(position: int, topic: str | None = None) -> Statement:
        return Statement(Identifier("email", "a@inbox.example"), topic, position, NOW, NOW, "chat", "bot")

    return Dial(
        said(overall) if overall is not None else None, {topic: said(at, topic) for topic, at in topics.items()}
    )


def asked(*intents: str, **more: object) -> Asked:
    return Asked(intents=intents, **more)  # type: ignore[arg-type]


MACHINE, PEOPLE, NOBODY = Acts.MACHINE, Acts.PERSON, Acts.NOBODY


@pytest.mark.parametrize(
    ("what", "known", "zone", "acts", "person", "level", "skill"),
    [
        # The rules alone
        (asked("opening_hours"), {}, "basic", MACHINE, "not", "rule", "essentials"),
        (asked("order_status"), {}, "efficiency", MACHINE, "not", "rule", "orders"),
        (asked("wrong_item"), {}, "enhancement", MACHINE, "offered", "rule", "failures"),
        (asked("kitchen_planning", product="made_to_measure"), {}, "traditional", PEOPLE, "comes", "rule", "advice"),
        (asked("order_status", attempts=2), {}, "enhancement", MACHINE, "offered", "rule", "orders"),
        # Several intents: the most human zone, and the skill for it
        (asked("opening_hours", "kitchen_planning", product="made_to_measure"), {}, "traditional", PEOPLE, "comes",
            "rule", "advice"),
        (asked("wrong_item", "order_status"), {}, "enhancement", MACHINE, "offered", "rule", "failures"),
        # A request, as an intent or in their own words; the skill is what it is about
        (asked("speak_to_somebody"), {}, "traditional", PEOPLE, "comes", "request", None),
        (asked("speak_to_somebody", "wrong_item"), {}, "traditional", PEOPLE, "comes", "request", "failures"),
        (asked("order_status", text="Je veux parler à quelqu’un"), {}, "traditional", PEOPLE, "comes", "request",
            "orders"),
        (asked("order_status", text="Where is it?"), {}, "efficiency", MACHINE, "not", "rule", "orders"),
        # The dial of the topic, and of several the more human one
        (asked("order_status"), {"dial": dial(10)}, "traditional", PEOPLE, "comes", "dial", "orders"),
        (asked("order_status"), {"dial": dial(10, orders=90)}, "efficiency", MACHINE, "not", "dial", "orders"),
        (asked("order_status", "wrong_item"), {"dial": dial(90, failures=5)}, "traditional", PEOPLE, "comes", "dial",
            "failures"),
        (asked("order_status", attempts=2), {"dial": dial(100)}, "enhancement", MACHINE, "offered", "dial", "orders"),
        # Distress and danger come first
        (asked("order_status"), {"emotion": "distressed", "dial": dial(100)}, "traditional", PEOPLE, "unasked",
            "safety_and_law", "orders"),
        (asked("product_injury"), {"dial": dial(100)}, "traditional", PEOPLE, "unasked", "safety_and_law", "danger"),
        (asked("product_injury"), {"consent_denies": True}, "traditional", PEOPLE, "unasked", "safety_and_law",
            "danger"),
        # Law and consent; what is simple and essential needs no data
        (asked("order_status"), {"restricted": True}, "efficiency", PEOPLE, "offered", "safety_and_law", "orders"),
        (asked("opening_hours"), {"restricted": True}, "basic", MACHINE, "not", "rule", "essentials"),
        (asked("order_status"), {"consent_denies": True}, "efficiency", NOBODY, "not", "consent", "orders"),
        (asked("speak_to_somebody"), {"consent_denies": True}, "traditional", NOBODY, "comes", "consent", None),
    ],
)  # fmt: skip
def test_the_step_follows_rules_and_what_goes_before_them(
    what: Asked, known: dict[str, object], zone: str, acts: Acts, person: str, level: str, skill: str | None
) -> None:
    step = next_step(RETAIL, what, replace(NOTHING, **known))  # type: ignore[arg-type]
    assert step.outcome.zone == Zone(zone)
    assert (step.served.acts, step.served.person, step.served.level) == (acts, Person(person), Level(level))
    assert step.skill == skill


def test_an_intent_or_product_that_the_rules_do_not_know_is_refused() -> None:
    for what in (asked("nothing"), asked("order_status", "nothing"), asked("order_status", product="castle")):
        with pytest.raises(UnknownInput):
            next_step(RETAIL, what, NOTHING)


knowns = st.builds(
    Known,
    emotion=st.sampled_from(["calm", "unknown", "frustrated", "distressed"]),
    dial=st.none() | st.integers(0, 100).map(dial),
    restricted=st.booleans(),
    consent_denies=st.booleans(),
)


@given(st.sampled_from(sectors()), st.data(), knowns, st.integers(0, 4))
def test_whatever_the_sector_who_asks_for_a_person_gets_one_and_more_intents_lead_no_further_from_people(
    sector: str, data: st.DataObject, known: Known, attempts: int
) -> None:
    zones = ZONES[sector]
    intents = st.lists(st.sampled_from(sorted(zones.rules.topic_of)), min_size=1, max_size=3)
    one, more = data.draw(intents), data.draw(intents)

    def step(*wanted: str, text: str | None = None) -> Step:
        return next_step(zones, asked(*wanted, attempts=attempts, text=text), known)

    assert RANK[step(*one, *more).outcome.zone] >= RANK[step(*one).outcome.zone]
    for wish in (step(*one, intent_of(zones, A_PERSON)), step(*one, text="a real person, please")):
        assert wish.served.person in (Person.COMES, Person.UNASKED)
