"""Safety and law, then consent, then a request for a person, then the dial, then the rules: line by line."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.dial.precedence import A_PERSON, DANGER, Acts, Law, Level, Moment, Person, Served, precedence
from engagement.zones.deciding import Zones
from engagement.zones.rule_file import sectors, shipped
from engagement.zones.situation import RANK, Emotion, Situation, Zone, routine

BASIC, ROUTINE, HELP, FIRST = Zone
MACHINE, PERSON, NOBODY = Acts.MACHINE, Acts.PERSON, Acts.NOBODY
NOT, OFFERED, COMES, UNASKED = Person
SAFE, CONSENT, REQUEST, DIAL, RULE = Level
CALM = Moment(
    zone=ROUTINE,
    danger=False,
    law=Law.PERMITS,
    consent_denies=False,
    asks_for_a_person=False,
    dial=None,
    attempts=0,
    emotion="calm",
)

TABLE: list[tuple[dict[str, object], Acts, Person, Level]] = [
    # what is known beside a calm, routine matter                      who acts  a person   because of
    # The rules, where the customer never said how they want to be served
    ({"zone": BASIC}, MACHINE, NOT, RULE),
    ({"zone": ROUTINE}, MACHINE, NOT, RULE),
    ({"zone": HELP}, MACHINE, OFFERED, RULE),
    ({"zone": FIRST}, PERSON, COMES, RULE),
    ({"attempts": 1}, MACHINE, NOT, RULE),
    ({"attempts": 2}, MACHINE, OFFERED, RULE),
    ({"emotion": "frustrated"}, MACHINE, NOT, RULE),
    # The dial before the rules: by themselves
    ({"dial": 100, "zone": BASIC}, MACHINE, NOT, DIAL),
    ({"dial": 100, "zone": ROUTINE}, MACHINE, NOT, DIAL),
    ({"dial": 100, "zone": HELP}, MACHINE, NOT, DIAL),
    ({"dial": 100, "zone": FIRST}, MACHINE, OFFERED, DIAL),
    ({"dial": 80, "zone": FIRST}, MACHINE, OFFERED, DIAL),
    ({"dial": 100, "attempts": 1}, MACHINE, NOT, DIAL),
    ({"dial": 100, "attempts": 2}, MACHINE, OFFERED, DIAL),
    ({"dial": 100, "attempts": 9, "zone": FIRST, "emotion": "frustrated"}, MACHINE, OFFERED, DIAL),
    # in between the rules decide
    ({"dial": 79, "zone": ROUTINE}, MACHINE, NOT, RULE),
    ({"dial": 79, "zone": HELP}, MACHINE, OFFERED, RULE),
    ({"dial": 51, "zone": FIRST}, PERSON, COMES, RULE),
    ({"dial": 51, "attempts": 2}, MACHINE, OFFERED, RULE),
    # with help at hand
    ({"dial": 50, "zone": BASIC}, MACHINE, OFFERED, DIAL),
    ({"dial": 21, "zone": HELP}, MACHINE, OFFERED, DIAL),
    ({"dial": 21, "zone": FIRST}, PERSON, COMES, RULE),
    # by people
    ({"dial": 20, "zone": BASIC}, PERSON, COMES, DIAL),
    ({"dial": 0, "zone": ROUTINE}, PERSON, COMES, DIAL),
    ({"dial": 0, "zone": FIRST}, PERSON, COMES, DIAL),
    # A request for a person before the dial
    ({"asks_for_a_person": True}, PERSON, COMES, REQUEST),
    ({"asks_for_a_person": True, "dial": 100}, PERSON, COMES, REQUEST),
    ({"asks_for_a_person": True, "dial": 0, "zone": FIRST}, PERSON, COMES, REQUEST),
    # Consent before the request: nobody does what is denied, and who wants a person gets one, who can explain
    ({"consent_denies": True}, NOBODY, NOT, CONSENT),
    ({"consent_denies": True, "zone": HELP}, NOBODY, OFFERED, CONSENT),
    ({"consent_denies": True, "asks_for_a_person": True}, NOBODY, COMES, CONSENT),
    ({"consent_denies": True, "dial": 0}, NOBODY, COMES, CONSENT),
    ({"consent_denies": True, "dial": 100, "attempts": 2}, NOBODY, OFFERED, CONSENT),
    # The law before consent
    ({"law": Law.FORBIDS}, NOBODY, NOT, SAFE),
    ({"law": Law.FORBIDS, "consent_denies": True}, NOBODY, NOT, SAFE),
    ({"law": Law.FORBIDS, "asks_for_a_person": True}, NOBODY, COMES, SAFE),
    ({"law": Law.PEOPLE_ALONE}, PERSON, OFFERED, SAFE),
    ({"law": Law.PEOPLE_ALONE, "dial": 100}, PERSON, OFFERED, SAFE),
    ({"law": Law.PEOPLE_ALONE, "dial": 0}, PERSON, COMES, SAFE),
    ({"law": Law.PEOPLE_ALONE, "asks_for_a_person": True}, PERSON, COMES, SAFE),
    ({"law": Law.PEOPLE_ALONE, "consent_denies": True}, NOBODY, NOT, CONSENT),
    # Distress and danger before everything: a person comes unasked
    ({"emotion": "distressed"}, PERSON, UNASKED, SAFE),
    ({"emotion": "distressed", "dial": 100}, PERSON, UNASKED, SAFE),
    ({"danger": True}, PERSON, UNASKED, SAFE),
    ({"danger": True, "dial": 100, "zone": BASIC}, PERSON, UNASKED, SAFE),
    ({"danger": True, "consent_denies": True}, PERSON, UNASKED, SAFE),
    ({"danger": True, "law": Law.FORBIDS}, PERSON, UNASKED, SAFE),
    ({"danger": True, "asks_for_a_person": True}, PERSON, UNASKED, SAFE),
]


@pytest.mark.parametrize(("known", "acts", "person", "level"), TABLE, ids=[str(line[0]) for line in TABLE])
def test_the_first_level_that_has_something_to_say_decides(
    known: dict[str, object], acts: Acts, person: Person, level: Level
) -> None:
    assert precedence(replace(CALM, **known)) == Served(acts, person, level)  # type: ignore[arg-type]


moments = st.builds(
    Moment,
    zone=st.sampled_from(Zone),
    danger=st.booleans(),
    law=st.sampled_from(Law),
    consent_denies=st.booleans(),
    asks_for_a_person=st.booleans(),
    dial=st.none() | st.integers(0, 100),
    attempts=st.integers(0, 4),
    emotion=st.sampled_from(get_args(Emotion)),
)
HUMAN = (NOBODY, MACHINE, PERSON)


def humanity(served: Served) -> tuple[int, int]:
    return list(Person).index(served.person), HUMAN.index(served.acts)


@given(moments, st.integers(0, 100))
def test_a_more_human_dial_never_leads_to_a_less_human_outcome(moment: Moment, other: int) -> None:
    more, less = sorted((moment.dial if moment.dial is not None else 100, other))
    assert humanity(precedence(replace(moment, dial=more))) >= humanity(precedence(replace(moment, dial=less)))


@given(moments)
def test_a_graver_moment_leads_no_further_from_people(moment: Moment) -> None:
    graver = [replace(moment, attempts=moment.attempts + 1), replace(moment, asks_for_a_person=True)]
    graver += [replace(moment, danger=True), replace(moment, emotion="distressed")]
    graver += [replace(moment, zone=zone) for zone in Zone if RANK[zone] > RANK[moment.zone]]
    for one in graver:
        assert humanity(precedence(one)) >= humanity(precedence(moment)), one


@given(moments)
def test_only_distress_and_danger_bring_a_person_unasked(moment: Moment) -> None:
    served = precedence(moment)
    assert (served.person is UNASKED) == (moment.danger or moment.emotion == "distressed")
    self_service = replace(moment, danger=False, emotion="frustrated", dial=100, asks_for_a_person=False)
    assert precedence(self_service).person in (NOT, OFFERED)


@given(moments)
def test_what_law_or_consent_denies_is_done_by_nobody_but_in_distress_and_danger(moment: Moment) -> None:
    served = precedence(moment)
    denied = moment.law is Law.FORBIDS or moment.consent_denies
    assert (served.acts is NOBODY) == (denied and served.person is not UNASKED)
    if moment.law is Law.PEOPLE_ALONE:
        assert served.acts is not MACHINE


@given(st.sampled_from(sectors()), st.data(), st.integers(0, 100), st.integers(0, 100), st.integers(0, 3))
def test_so_it_is_with_the_zones_that_the_rules_find_for_each_position(
    sector: str, data: st.DataObject, one: int, other: int, attempts: int
) -> None:
    intent = data.draw(st.sampled_from(sorted(ZONES[sector].rules.topic_of)))
    more, less = sorted((one, other))

    def served(dial: int) -> Served:
        known = routine(intent).model_dump() | {"dial": dial, "attempts": attempts}
        zone = ZONES[sector].decide([Situation.model_validate(known)]).zone
        return precedence(replace(CALM, zone=zone, dial=dial, attempts=attempts))

    assert humanity(served(more)) >= humanity(served(less))


ZONES = {sector: Zones(shipped(sector)) for sector in sectors()}


@pytest.mark.parametrize("sector", sectors())
def test_every_sector_has_intents_of_danger_and_for_a_person(sector: str) -> None:
    assert {DANGER, A_PERSON} <= set(ZONES[sector].rules.topic_of.values())
