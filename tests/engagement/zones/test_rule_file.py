"""A wrong rule file is refused, and the message names file, line and rule."""

import json
from pathlib import Path

import jsonschema
import pytest

from contracts import yaml12
from engagement.zones.rule_file import SECTORS, BadRules, load_rules, sectors, shipped
from engagement.zones.schema import PUBLISHED, rules_schema

RULES = """sector: banking
products: [card]
topics:
  cards: [card_arrival]
  leaving: [terminate_account]
rules:
  - id: about_to_leave
    priority: 80
    zone: traditional
    when: {topic: [leaving]}
    because: {fr: Elle part., en: They leave.}
  - id: routine
    priority: 20
    zone: efficiency
    when: {topic: [cards]}
    because: {fr: Courant., en: Routine.}
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yml"
    path.write_text(RULES, encoding="utf-8")
    return path


def test_rules_of_a_sector_are_read_together_with_those_of_all_sectors(written: Path) -> None:
    ids = [rule.id for rule in load_rules(written).rules]
    assert "distressed" in ids and ids[-2:] == ["about_to_leave", "routine"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("zone: traditional", "zone: human", r":9: rules.0.zone: .*'traditional'"),
        ("priority: 80", "priority: 800", r":8: rules.0.priority: .*less than or equal to 100"),
        ("topic: [leaving]", "topic: [leafing]", r":7: about_to_leave: expected topics of this file, found leafing"),
        ("topic: [leaving]", "intent: [arrived]", r":7: about_to_leave: expected intents of this file, found arrived"),
        ("topic: [leaving]", "product: [boat]", r":7: about_to_leave: expected products of this file, found boat"),
        ("topic: [leaving]", "risk: [huge]", r":10: rules.0.when.risk.0: .*'low'"),
        ("topic: [leaving]", "value: {}", r":10: rules.0.when.value: expected at_least or at_most, found neither"),
        ("topic: [leaving]", "mood: [bad]", r":10: rules.0.when.mood: expected a key of the rule format"),
        ("topic: [leaving]", "dial: {at_least: 9, at_most: 2}", r":10: rules.0.when.dial: expected at_least to be at"),
        ("id: routine", "id: about_to_leave", r":12: about_to_leave: expected an id of its own, found another rule's"),
        ("id: routine", "id: distressed", r":12: distressed: expected an id of its own, found another rule's"),
        ("leaving: [terminate_account]", "leaving: [card_arrival]", r"expected each intent once, found twice: card_"),
        (
            "{fr: Elle part., en: They leave.}",
            "{en: They leave.}",
            r":11: rules.0.because.fr: expected this key, found",
        ),
        ("sector: banking", "- sector", r":\d: expected"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_rule(written: Path, old: str, new: str, said: str) -> None:
    assert old in RULES
    written.write_text(RULES.replace(old, new), encoding="utf-8")
    with pytest.raises(BadRules, match=said) as error:
        load_rules(written)
    assert str(error.value).startswith(str(written))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadRules, match=r"none.yml: expected a rule file, found none"):
        load_rules(tmp_path / "none.yml")


def test_rules_come_with_six_sectors_in_two_languages() -> None:
    assert sectors() == ["banking", "health_care", "hospitality", "retail", "telecom", "travel"]
    for sector in sectors():
        rules = shipped(sector)
        assert rules.sector == sector
        assert all(rule.because.fr != rule.because.en for rule in rules.rules)


def test_the_published_schema_is_that_of_the_code_and_takes_every_sector() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == rules_schema(), "run `python -m engagement.zones.schema`"
    schema = json.loads(rules_schema())
    for sector in sectors():
        jsonschema.validate(yaml12.load((SECTORS / f"{sector}.yml").read_text(encoding="utf-8")), schema)
    with pytest.raises(jsonschema.ValidationError, match="mood"):
        jsonschema.validate(yaml12.load(RULES.replace("topic: [leaving]", "mood: [bad]")), schema)
