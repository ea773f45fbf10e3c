"""The rules of every sector have no gap and no contradiction, and what gets graver never leads away from a person."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.zones.checking import problems
from engagement.zones.deciding import Zones
from engagement.zones.rule_file import Rule, Rules, sectors, shipped
from engagement.zones.situation import RANK, SCALES, Milestone, Situation

ZONES = {sector: Zones(shipped(sector)) for sector in sectors()}


def rule(id_: str, priority: int, zone: str, **when: object) -> Rule:
    words = {"fr": "Parce que.", "en": "Because."}
    return Rule.model_validate({"id": id_, "priority": priority, "zone": zone, "when": when, "because": words})


def of(*rules: Rule) -> Rules:
    topics = {"card_arrival": "cards", "mortgage": "advice"}
    return Rules(sector="banking", products=("card",), topic_of=topics, rules=rules)


@pytest.mark.parametrize("sector", sectors())
def test_nothing_is_wrong_with_the_rules_of(sector: str) -> None:
    assert problems(shipped(sector)) == []


def test_a_gap_is_told_with_a_situation_that_no_rule_takes() -> None:
    (said,) = problems(of(rule("routine", 10, "efficiency", topic=["cards"])))
    assert said.startswith("expected a rule for every situation, found none for intent mortgage, product None")


def test_two_rules_of_one_priority_and_two_zones_are_told_where_both_match() -> None:
    one, other = rule("one", 10, "efficiency"), rule("other", 10, "basic", topic=["cards"])
    (said,) = problems(of(one, other))
    assert said.startswith("one, other: expected one zone of two rules of priority 10, found two: intent card_arrival")
    assert problems(of(one, rule("other", 10, "efficiency", topic=["cards"]))) == []
    assert problems(of(rule("one", 10, "efficiency", topic=["advice"]), other)) == []


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"risk": ["medium", "high"]}, "risk medium .* than risk low"),
        ({"value": {"at_least": 100}}, "value 100 .* than value 0"),
        ({"emotion": ["distressed"]}, "emotion distressed .* than emotion calm"),
        ({"attempts": {"at_least": 2}}, "attempts 2 .* than attempts 0"),
        ({"vulnerability": ["known"]}, "vulnerability known .* than vulnerability none"),
        ({"dial": {"at_most": 30}}, "dial 30 .* than dial 31"),
    ],
)
def test_a_rule_that_leads_away_from_a_person_when_it_gets_graver_is_told(when: dict[str, object], said: str) -> None:
    base = rule("people", 10, "traditional")
    found = problems(of(base, rule("machine", 20, "efficiency", **when)))
    assert len(found) == 1 and found[0].startswith("people, machine: expected")
    assert re.search(said, found[0])
    assert problems(of(rule("routine", 10, "efficiency"), rule("people", 20, "traditional", **when))) == []


numbers = st.integers(0, 20_000).map(float)
situations = st.fixed_dictionaries(
    {
        "value": st.none() | numbers,
        "attempts": st.integers(0, 5),
        "milestone": st.none() | st.sampled_from(Milestone.__args__),
        "dial": st.none() | st.integers(0, 100),
        **{name: st.sampled_from(words) for name, words in SCALES.items()},
    }
)


@given(st.data(), st.sampled_from(sectors()), situations)
def test_whatever_the_situation_there_is_a_zone_and_a_graver_one_is_no_further_from_a_person(
    data: st.DataObject, sector: str, said: dict[str, object]
) -> None:
    zones = ZONES[sector]
    said |= {"intent": data.draw(st.sampled_from(sorted(zones.rules.topic_of)))}
    said |= {"product": data.draw(st.none() | st.sampled_from(zones.rules.products))}
    zone = zones.decide([Situation.model_validate(said)]).zone
    graver: list[dict[str, object]] = [{"attempts": said["attempts"] + 1}]  # type: ignore[operator]
    graver += [
        {name: after} for name, words in SCALES.items() for before, after in pairwise(words) if said[name] == before
    ]
    graver += [{"value": said["value"] + data.draw(numbers)}] if said["value"] is not None else []  # type: ignore[operator]
    graver += [{"dial": said["dial"] - 1}] if said["dial"] else []  # type: ignore[operator]
    for change in graver:
        assert RANK[zones.decide([Situation.model_validate(said | change)]).zone] >= RANK[zone], change
