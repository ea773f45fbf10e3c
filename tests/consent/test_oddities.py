"""What is odd about reading is counted in different people, by reader, in the hours and days of the local clock."""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from consent.oddities import Night, OddityRules, Read, Rule, odd, words_of

PARIS = ZoneInfo("Europe/Paris")
SAID: dict[str, Any] = {
    "time_zone": "Europe/Paris",
    "many": 3,
    "night": {"from": 22, "until": 6, "people": 2},
    "neighbours": 2,
    "namesakes": 1,
    "case": 2,
}
RULES = OddityRules.model_validate(SAID)
NOON, MAY_1 = datetime(2024, 5, 1, 12, tzinfo=PARIS), date(2024, 5, 1)

minutes = st.integers(0, 3 * 24 * 60).map(lambda n: datetime(2024, 3, 29, tzinfo=PARIS) + timedelta(minutes=n))
reads = st.lists(
    st.builds(
        Read,
        at=minutes,
        actor=st.sampled_from(["claire.roux", "marc"]),
        role=st.sampled_from(["advisor", "steward"]),
        profile_id=st.sampled_from("abcde"),
        reference=st.sampled_from([None, "case-1"]),
        place=st.sampled_from([None, "rue des lilas", "quai nord"]),
        family_name=st.sampled_from([None, "Roux"]),
    ),
    max_size=20,
)


def read(person: str, minute: int = 0, at: datetime = NOON, actor: str = "claire", **of: str) -> Read:
    return Read(at + timedelta(minutes=minute), actor, "advisor", person, **of)


def found(*some: Read, rule: Rule) -> list[tuple[date, int]]:
    return [(one.day, one.people) for one in odd(some, RULES) if one.rule is rule]


@given(reads, st.randoms())
def test_the_order_of_reads_makes_no_difference(some: list[Read], random: Random) -> None:
    shuffled = some.copy()
    random.shuffle(shuffled)
    assert sorted(odd(shuffled, RULES), key=repr) == sorted(odd(some, RULES), key=repr)


@given(reads)
def test_what_is_odd_is_so_once_a_rule_reader_and_day_and_is_of_reads_that_were_made(some: list[Read]) -> None:
    least = {Rule.MANY: 3, Rule.NIGHT: 2, Rule.NEIGHBOURS: 2, Rule.NAMESAKES: 1, Rule.CASE: 2}
    alerts = odd(some, RULES)
    assert len(alerts) == len({(one.rule, one.actor, one.role, one.day) for one in alerts})
    for one in alerts:
        own = [read for read in some if (read.actor, read.role) == (one.actor, one.role)]
        assert {one.first_at, one.last_at} <= {read.at for read in own} and one.first_at <= one.last_at
        within = {read.profile_id for read in own if one.first_at <= read.at <= one.last_at}
        assert least[one.rule] <= one.people <= len(within)


@given(reads, reads)
def test_more_reading_never_makes_less_of_it_odd(some: list[Read], more: list[Read]) -> None:
    before = {(one.rule, one.actor, one.role, one.day): one.people for one in odd(some, RULES)}
    after = {(one.rule, one.actor, one.role, one.day): one.people for one in odd([*some, *more], RULES)}
    assert all(after.get(key, 0) >= people for key, people in before.items())


def test_many_are_those_of_the_busiest_hour_which_ends_after_sixty_minutes() -> None:
    some = [read("a"), read("b", 30), read("c", 60), read("d", 61), read("e", 62)]
    (one,) = [one for one in odd(some, RULES) if one.rule is Rule.MANY]
    assert (one.people, one.first_at, one.last_at) == (4, some[1].at, some[4].at)
    assert found(read("a"), read("b", 30), read("c", 60), rule=Rule.MANY) == [(MAY_1, 3)]
    assert found(read("a"), read("b", 30), read("c", 61), rule=Rule.MANY) == []


@pytest.mark.parametrize(
    ("hours", "night"), [((22, 6), {22, 23, 0, 5}), ((0, 6), {0, 5}), ((1, 3), {1, 2}), ((22, 0), {22, 23})]
)
def test_a_night_holds_its_first_hour_and_not_its_last_also_over_midnight(
    hours: tuple[int, int], night: set[int]
) -> None:
    held = Night.model_validate({"from": hours[0], "until": hours[1], "people": 1})
    assert night <= {hour for hour in range(24) if held.holds(hour)}
    assert not any(held.holds(hour) for hour in (hours[1], 12, hours[0] - 1))


@pytest.mark.parametrize("day", [date(2024, 3, 30), MAY_1, date(2024, 10, 26)])  # two of them when clocks are changed
def test_a_night_over_midnight_counts_to_the_day_on_which_it_began(day: date) -> None:
    evening = datetime(day.year, day.month, day.day, 23, 59, tzinfo=PARIS)
    morning = datetime.combine(day + timedelta(days=1), evening.time(), PARIS).replace(hour=5)
    assert found(read("a", at=evening), read("b", at=morning), rule=Rule.NIGHT) == [(day, 2)]
    assert found(read("a", at=evening), read("b", at=morning.replace(hour=6)), rule=Rule.NIGHT) == []


def test_days_are_those_of_the_local_clock_whatever_zone_a_time_is_in() -> None:
    at = datetime(2024, 5, 1, 0, 30, tzinfo=PARIS).astimezone(ZoneInfo("UTC"))  # the day before, in UTC
    assert found(read("a", at=at, place="x"), read("b", place="x"), rule=Rule.NEIGHBOURS) == [(MAY_1, 2)]


def test_neighbours_and_those_of_one_case_are_the_largest_group_of_one_day() -> None:
    some = [read("a", place="x", reference="1"), read("b", place="y", reference="2"), read("c", place="y")]
    assert found(*some, rule=Rule.NEIGHBOURS) == [(MAY_1, 2)]
    assert found(*some, rule=Rule.CASE) == []
    assert found(read("a", reference="1"), read("b", 24 * 60, reference="1"), rule=Rule.CASE) == [], "two days"
    assert found(read("a"), read("b"), rule=Rule.NEIGHBOURS) == [], "people without a place are nobody's neighbours"


def test_namesakes_bear_a_word_of_the_readers_name_in_any_spelling() -> None:
    assert words_of("claire.Dupré_7@desk-2") == {"claire", "dupre", "desk"} and words_of("li-42") == set()
    alike = [read("a", actor="zoe.LEFÈVRE", family_name="Lefevre"), read("b", actor="zoe.LEFÈVRE", family_name="Fevre")]
    assert found(*alike, rule=Rule.NAMESAKES) == [(MAY_1, 1)]


def test_nobody_reading_is_nothing_odd() -> None:
    assert odd([], RULES) == []


@pytest.mark.parametrize(
    "wrong",
    [{"many": 0}, {"neighbours": 1}, {"case": 1}, {"more": 1}, {"night": {"from": 24, "until": 6, "people": 1}}],
)
def test_rules_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OddityRules.model_validate(SAID | wrong)


def test_an_hour_may_begin_before_midnight_and_is_told_once_of_the_day_on_which_it_began() -> None:
    late = datetime(2024, 5, 1, 23, 45, tzinfo=PARIS)
    some = [read(person, minute, at=late) for person, minute in (("a", 0), ("b", 10), ("c", 20), ("d", 30))]
    assert found(*some, rule=Rule.MANY) == [(MAY_1, 4)]


def test_a_night_that_begins_after_midnight_counts_to_the_day_on_which_it_began() -> None:
    rules = OddityRules.model_validate(SAID | {"night": {"from": 0, "until": 6, "people": 2}})
    some = [read(person, at=datetime(2024, 5, 2, 1, tzinfo=PARIS)) for person in "ab"]
    assert [one.day for one in odd(some, rules) if one.rule is Rule.NIGHT] == [date(2024, 5, 2)]


@pytest.mark.parametrize(
    ("actor", "family_name", "kin"),
    [
        ("claire.dupont-martin@desk", "Dupont-Martin", True),
        ("claire.dupont.martin", "Martin Dupont", True),
        ("claire.leroux", "Le Roux", True),
        ("claire.oneil", "O'Neil", True),
        ("claire.martin", "Dupont-Martin", False),
        ("claire.roux", "Le Roux", False),
    ],
)
def test_a_name_of_several_words_is_a_namesakes_if_the_readers_has_them_all(
    actor: str, family_name: str, kin: bool
) -> None:
    alerts = found(read("a", actor=actor, family_name=family_name), rule=Rule.NAMESAKES)
    assert alerts == ([(MAY_1, 1)] if kin else [])
