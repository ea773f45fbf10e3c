"""A wrong milestone file is refused, and the message names file, line and key."""

import json
from pathlib import Path

import jsonschema
import pytest

from contracts import yaml12
from engagement.milestones.rule_file import SHIPPED, BadMilestones, load_milestones, shipped_milestones
from engagement.milestones.schema import PUBLISHED, milestones_schema

TEXT = SHIPPED.read_text(encoding="utf-8")


def test_the_rules_that_come_with_the_product_are_those_of_the_request() -> None:
    rules = shipped_milestones()
    assert {1, 5, 10, 20} <= rules.years and rules.orders == {1, 100}
    assert (rules.leap_day, rules.zone.key) == ("february_28", "UTC")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("timezone: UTC", "timezone: Europe/Atlantis", r":4: timezone: expected a time zone such as Europe/Paris"),
        ("timezone: UTC", "timezone: ../UTC", r":4: timezone: expected a time zone"),
        ("years: [1, 5,", "years: [0, 5,", r"years.*greater than or equal to 1"),
        ("years: [1, 5,", "years: ['1', 5,", r"years.*valid integer"),
        ("orders: [1, 100]", "orders: [1, 50]", r"orders.*1 or 100"),
        ("silence_days: 180", "silence_days: 0", r"silence_days: .*greater than or equal to 1"),
        ("silence_days: 180", "silence_days: 29", r"expected told_for_days to be at most silence_days, found more"),
        ("bots_after_days: 7", "bots_after_days: 31", r"expected bots_after_days to be at most told_for_days, found"),
        ("leap_day: february_28", "leap_day: february_30", r"leap_day: .*'february_28'"),
        ("leap_day: february_28\n", "", r"leap_day: expected this key, found none"),
        ("orders: [1, 100]", "order: [1, 100]", r"order: expected a key of the milestone format"),
        ("timezone: UTC", "- UTC", r":\d: expected"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TEXT
    written = tmp_path / "milestones.yml"
    written.write_text(TEXT.replace(old, new), encoding="utf-8")
    with pytest.raises(BadMilestones, match=said) as error:
        load_milestones(written)
    assert str(error.value).startswith(str(written))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadMilestones, match=r"none.yml: expected a milestone file, found none"):
        load_milestones(tmp_path / "none.yml")


def test_the_published_schema_is_that_of_the_code_and_takes_the_file() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == milestones_schema(), "run `python -m engagement.milestones.schema`"
    schema = json.loads(milestones_schema())
    jsonschema.validate(yaml12.load(TEXT), schema)
    with pytest.raises(jsonschema.ValidationError, match="50"):
        jsonschema.validate(yaml12.load(TEXT.replace("orders: [1, 100]", "orders: [50]")), schema)
