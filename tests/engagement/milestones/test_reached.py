"""Which milestones a history has: on the right day in the customer's zone, and what never makes one."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagement.milestones.days import begins, zone_named
from engagement.milestones.history import History, Interaction, Start, starts_of, zone_of
from engagement.milestones.reached import Reached, reached
from engagement.milestones.rule_file import shipped_milestones
from tests.engagement.milestones.test_days import changes

RULES = shipped_milestones()
PARIS, TOKYO = ZoneInfo("Europe/Paris"), ZoneInfo("Asia/Tokyo")
NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
LATER = datetime(2200, 1, 1, tzinfo=UTC)
A_DAY = timedelta(days=1)
ZONES = sorted(available_timezones())


def since(*days: date, zone: ZoneInfo | None = None) -> History:
    starts = tuple(Start(day, f"crm:{number}") for number, day in enumerate(days))
    return History(zone, starts, ())


def did(*events: tuple[str, datetime] | tuple[str, datetime, str], **more: Any) -> History:
    happened = tuple(Interaction(*one) for one in events)
    return History(**{"zone": None, "starts": (), "interactions": happened} | more)


def orders(many: int, **more: Any) -> History:
    return did(*[(f"o:{at}", NOW - timedelta(hours=many - at), f"o:{at}") for at in range(many)], **more)


def told(history: History, as_of: datetime = NOW) -> list[tuple[str, int | None, date]]:
    return [(one.milestone, one.years, one.on) for one in reached(history, RULES, as_of)]


def test_the_years_of_the_rules_are_reached_on_their_days() -> None:
    assert told(since(date(2003, 5, 1))) == [
        ("anniversary", years, date(2003 + years, 5, 1)) for years in (1, 5, 10, 20)
    ]
    assert told(since(date(2004, 5, 2)))[-1][1] == 10, "not a day early"
    assert told(since(date(2024, 5, 1))) == [] == told(since())


def test_of_several_sources_the_earliest_counts_and_all_that_say_so_are_the_evidence() -> None:
    days = (date(2020, 1, 1), date(2019, 5, 1), date(2019, 5, 1), date(2031, 1, 1))
    first, fifth = reached(since(*days), RULES, NOW)
    assert (first.on, fifth.on) == (date(2020, 5, 1), date(2024, 5, 1))
    assert fifth.records == ("crm:1", "crm:2") and fifth.events == ()


@pytest.mark.parametrize("day", [date(1, 1, 1), date(9999, 12, 31)])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_the_ends_of_the_calendar_are_no_error_and_make_nothing_to_tell(day: date, zone: str) -> None:
    assert not [one for one in reached(since(day, zone=ZoneInfo(zone)), RULES, NOW) if one.is_told(NOW)]


def test_it_is_on_the_customers_day_else_on_the_installations_and_says_which() -> None:
    before = datetime(2024, 4, 30, 15, tzinfo=UTC)  # midnight in Tokyo, and late in the afternoon in Paris
    (own,) = reached(since(date(2023, 5, 1), zone=TOKYO), RULES, before)
    assert (own.zone, own.zone_of, own.begins) == ("Asia/Tokyo", "customer", before)
    assert told(since(date(2023, 5, 1), zone=TOKYO), before - timedelta(seconds=1)) == []
    in_paris = RULES.model_copy(update={"timezone": "Europe/Paris"})
    assert reached(since(date(2023, 5, 1)), in_paris, before) == []
    (other,) = reached(since(date(2023, 5, 1)), in_paris, before + timedelta(hours=7))
    assert (other.zone, other.zone_of) == ("Europe/Paris", "installation")


def test_the_first_and_the_hundredth_order_are_reached_as_they_happen() -> None:
    assert [one.milestone for one in reached(orders(99), RULES, NOW)] == ["first_order"]
    first, hundredth = reached(orders(120), RULES, NOW)
    assert (first.events, hundredth.events) == (("o:0",), ("o:99",))
    assert hundredth.begins == NOW - timedelta(hours=21)
    assert reached(orders(120, orders_known=False), RULES, NOW) == [], "nobody knows how many came before"


def test_an_order_that_is_told_twice_is_one_order_from_when_it_was_told_first() -> None:
    twice = did(("e:1", NOW - A_DAY, "o-1"), ("e:2", NOW, "o-1"), ("e:3", NOW, "o-2"))
    (first,) = reached(twice, RULES, NOW)
    assert (first.events, first.begins) == (("e:1",), NOW - A_DAY)


def test_an_order_is_on_the_day_of_its_customers_zone() -> None:
    late = datetime(2024, 4, 30, 16, tzinfo=UTC)
    (one,) = reached(did(("o:1", late, "o:1"), zone=TOKYO), RULES, NOW)
    assert (one.on, one.begins) == (date(2024, 5, 1), late)


@pytest.mark.parametrize(("silent", "returns"), [(179, 0), (180, 1), (2_000, 1)])
def test_an_interaction_after_a_long_silence_is_a_return_with_both_as_its_evidence(silent: int, returns: int) -> None:
    events = [("e:1", NOW - silent * A_DAY), ("e:2", NOW), ("e:3", NOW + A_DAY)]
    found = reached(did(*events), RULES, LATER)
    assert [(one.milestone, one.on, one.events) for one in found] == [
        ("return", NOW.date(), ("e:2", "e:1")) for _ in range(returns)
    ]
    assert reached(did(*events, silences_known=False), RULES, LATER) == [], "something may have been said in it"
    assert reached(did(("e:2", NOW)), RULES, LATER) == [], "whoever comes first does not return"


def test_what_is_dated_later_does_not_count() -> None:
    assert told(did(("o:1", NOW + timedelta(seconds=1), "o:1"))) == []
    assert told(did(("e:1", NOW - 400 * A_DAY), ("e:2", NOW + A_DAY))) == []


def test_a_milestone_is_told_for_the_days_of_the_rules_and_to_bots_later() -> None:
    (one,) = reached(since(date(2023, 5, 1), zone=PARIS), RULES, NOW)
    assert one.bots_from == datetime(2024, 5, 7, 22, tzinfo=UTC)
    assert one.ends == datetime(2024, 5, 30, 22, tzinfo=UTC)
    assert one.is_told(one.begins) and one.is_told(one.ends - timedelta(seconds=1))
    assert not one.is_told(one.ends) and not one.is_told(one.begins - timedelta(seconds=1))


def test_starts_and_zones_are_read_from_what_sources_know_and_not_from_what_is_claimed() -> None:
    def field(name: str, value: Any, assurance: str = "source", losing: Any = ()) -> dict[str, Any]:
        lost = [{"value": one, "record_id": "web:1"} for one in losing]
        return {"field": name, "value": value, "record_id": "crm:1", "assurance": assurance, "losing": lost}

    fields = [
        field("customer_since", "2019-03", losing=["2018-01-01T10:00:00", "not a day", None]),
        field("customer_since", "2001-01-01", "claimed"),
        field("timezone", "Asia/Tokyo", "claimed"),
        field("timezone", "Atlantis"),
        field("timezone", "Europe/Paris"),
        field("birth_date", "1984-12-01"),
    ]
    assert starts_of(fields) == [Start(date(2018, 1, 1), "web:1"), Start(date(2019, 3, 1), "crm:1")]
    assert zone_of(fields) == PARIS and zone_of(fields[:4]) is None


@settings(max_examples=300)
@given(st.sampled_from(ZONES), st.dates(date(2022, 12, 25), date(2024, 12, 31)), st.integers(0, 59))
def test_seen_by_the_hour_an_anniversary_comes_once_on_its_local_day_in_every_zone(
    name: str, day: date, minute: int
) -> None:
    zone = zone_named(name)
    assert zone
    history = since(day, zone=zone)
    try:
        expected = day.replace(year=day.year + 1)
    except ValueError:
        expected = date(day.year + 1, 2, 28)
    hours = [
        datetime(expected.year, expected.month, expected.day, 0, minute, tzinfo=UTC) + timedelta(hours=hour)
        for hour in range(-30, 48)
    ]
    turns: list[tuple[datetime, Reached]] = []
    for hour in hours:
        found = reached(history, RULES, hour)
        assert len(found) == (1 if turns or found else 0), "what was reached stays reached"
        if found and not turns:
            turns.append((hour, found[0]))
    ((hour, one),) = turns
    assert one.on == expected == hour.astimezone(zone).date()
    assert (hour - timedelta(hours=1)).astimezone(zone).date() < expected


def test_on_each_day_of_a_clock_change_in_every_zone_an_anniversary_comes_as_the_day_begins() -> None:
    changed = 0
    for name in ZONES:
        zone = ZoneInfo(name)
        for day in changes(zone, 2024):
            history, at = since(day.replace(year=2004), zone=zone), begins(day, zone)
            twentieth = [one for one in reached(history, RULES, at) if one.years == 20]
            assert [(one.on, one.begins) for one in twentieth] == [(day, at)] and day == at.astimezone(zone).date(), (
                name
            )
            earlier = reached(history, RULES, at - timedelta(seconds=1))
            assert [one.years for one in earlier] == [1, 5, 10], name
            changed += 1
    assert changed > 300, "clocks are put forward in spring and back in autumn"


@given(st.sampled_from(ZONES), st.lists(st.integers(0, 900), min_size=1, max_size=30))
def test_events_have_their_milestones_on_their_local_days_in_every_zone(name: str, days: list[int]) -> None:
    zone = ZoneInfo(name)
    start = datetime(2022, 1, 1, 3, 30, tzinfo=UTC)
    events = [(f"e:{number}", start + day * A_DAY, f"e:{number}") for number, day in enumerate(days)]
    found = reached(did(*events, zone=zone), RULES, LATER)
    at = {event_id: moment for event_id, moment, _ in events}
    for one in found:
        assert one.begins == at[one.events[0]]
        assert one.on == one.begins.astimezone(zone).date() and one.begins < one.ends
    returns = [one.on for one in found if one.milestone == "return"]
    gaps = [(later - earlier).days for earlier, later in pairwise(returns)]
    assert all(gap >= RULES.silence_days for gap in gaps), "two returns are a silence apart"
