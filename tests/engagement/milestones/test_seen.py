"""The advisor sees a milestone first, and once: through reruns, merges, unmerges, corrections and late events."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engagement.milestones.history import History, Interaction, Start
from engagement.milestones.reached import Reached, reached
from engagement.milestones.rule_file import shipped_milestones
from engagement.milestones.seen import Seen, first_seen, is_for, marks_of

RULES = shipped_milestones()
NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
A_DAY = timedelta(days=1)
ZONES = sorted(available_timezones())


def anniversary(of: date = date(2019, 5, 1)) -> Reached:
    history = History(None, (Start(of, "crm:1"), Start(of, "web:1")), ())
    return reached(history, RULES, datetime(2100, 1, 1, tzinfo=UTC))[1]


def a_return(at: datetime = NOW, event_id: str = "e:2") -> Reached:
    history = History(None, (), (Interaction("e:1", at - 200 * A_DAY), Interaction(event_id, at)))
    (one,) = reached(history, RULES, at)
    return one


def test_a_mark_is_kept_under_each_record_that_says_so_or_the_event_that_it_was() -> None:
    assert [(one.record_id, one.event_id) for one in marks_of(anniversary(), NOW)] == [("crm:1", None), ("web:1", None)]
    assert [(one.record_id, one.event_id) for one in marks_of(a_return(), NOW)] == [(None, "e:2")]


def test_a_milestone_that_was_seen_stays_seen_whatever_its_day_is_by_now() -> None:
    marks = marks_of(anniversary(), NOW)
    corrected = anniversary(date(2021, 8, 9))
    assert first_seen(corrected, marks, RULES.silence_days) == NOW
    assert first_seen(replace(corrected, years=10), marks, RULES.silence_days) is None
    assert first_seen(a_return(), marks, RULES.silence_days) is None
    twice = [*marks, *marks_of(anniversary(), NOW - A_DAY)]
    assert first_seen(corrected, twice, RULES.silence_days) == NOW - A_DAY


def test_a_return_is_the_same_one_within_a_silence_and_another_after_it() -> None:
    marks = marks_of(a_return(), NOW)
    for days, seen in ((0, NOW), (-3, NOW), (179, NOW), (180, None), (-180, None)):
        other = a_return(NOW + days * A_DAY, "e:9")
        assert first_seen(other, marks, RULES.silence_days) == seen, days


def test_the_advisor_sees_it_first_and_others_once_it_was_seen_or_after_the_days_of_the_rules() -> None:
    one = anniversary()
    assert is_for(True, one, None, one.begins) and not is_for(False, one, None, one.begins)
    assert is_for(False, one, one.begins, one.begins)
    assert is_for(False, one, None, one.bots_from) and not is_for(False, one, None, one.bots_from - A_DAY)
    for advisor in (True, False):
        assert not is_for(advisor, one, one.begins, one.ends) and not is_for(advisor, one, one.begins, NOW - 9 * A_DAY)


@settings(max_examples=60)
@given(
    st.sampled_from(ZONES),
    st.dates(date(2018, 1, 1), date(2020, 12, 31)),
    st.lists(st.integers(0, 1_100), max_size=12),
    st.lists(st.integers(1, 20), min_size=1),
    st.booleans(),
)
def test_over_daily_runs_each_milestone_is_told_once_on_the_first_run_of_its_days(
    name: str, start: date, days: list[int], pauses: list[int], rerun: bool
) -> None:
    zone, first = ZoneInfo(name), datetime(2021, 1, 1, 9, tzinfo=UTC)
    events = tuple(Interaction(f"e:{at}", first + day * A_DAY, f"e:{at}") for at, day in enumerate(days))
    history = History(zone, (Start(start, "crm:1"),), events)
    marks: list[Seen] = []
    told: list[Reached] = []
    runs = [first]
    while runs[-1] < first + 1_200 * A_DAY:
        runs.append(runs[-1] + pauses[len(runs) % len(pauses)] * A_DAY)
    for run in [one for one in runs for _ in range(2 if rerun else 1)]:
        for one in reached(history, RULES, run):
            if is_for(True, one, None, run) and first_seen(one, marks, RULES.silence_days) is None:
                assert run == min(at for at in runs if at >= one.begins), "on the first run of its days"
                told.append(one)
                marks += marks_of(one, run)
    due = [one for one in reached(history, RULES, runs[-1]) if one.ends > runs[0] and one.begins <= runs[-1]]
    due = [one for one in due if any(one.is_told(run) for run in runs)]
    assert [(one.milestone, one.years, one.on) for one in told] == [(one.milestone, one.years, one.on) for one in due]


class Relations(RuleBasedStateMachine):
    """A few records, joined to people and parted again, and an advisor who sees all that is told while they work.

    People are sets of records; events go with the record that they came with.
    """

    works = True

    @initialize(starts=st.lists(st.dates(date(2014, 1, 1), date(2019, 12, 31)), min_size=3, max_size=4))
    def begin(self, starts: list[date]) -> None:
        self.now = datetime(2020, 1, 1, 9, tzinfo=UTC)
        self.start = {f"crm:{at}": day for at, day in enumerate(starts)}
        self.person = {record: at for at, record in enumerate(self.start)}
        self.events: dict[str, list[Interaction]] = {record: [] for record in self.start}
        self.marks: list[Seen] = []
        self.told: set[tuple[Any, ...]] = set()
        self.counter = len(starts)

    def history(self, person: int) -> History:
        records = [record for record, whose in self.person.items() if whose == person]
        events = tuple(event for record in records for event in self.events[record])
        return History(None, tuple(Start(self.start[one], one) for one in records), events)

    def marks_of_person(self, history: History) -> list[Seen]:
        records = {one.record_id for one in history.starts}
        events = {one.event_id for one in history.interactions}
        return [one for one in self.marks if one.record_id in records or one.event_id in events]

    def untold(self, person: int) -> list[Reached]:
        history = self.history(person)
        marks = self.marks_of_person(history)
        return [
            one
            for one in reached(history, RULES, self.now)
            if is_for(True, one, None, self.now) and first_seen(one, marks, RULES.silence_days) is None
        ]

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
        self.now += days * A_DAY

    @rule(years=st.integers(1, 2))
    def wait_for_years(self, years: int) -> None:
        self.now += years * 365 * A_DAY

    @rule()
    def advisor_comes_or_goes(self) -> None:
        self.works = not self.works

    @invariant()
    def an_advisor_who_works_sees_everything_and_nothing_twice(self) -> None:
        if not self.works:
            return
        for person in set(self.person.values()):
            for one in self.untold(person):
                for key in (*one.records, *one.events[:1]):
                    of_this = (key, one.milestone, one.years)
                    assert of_this not in self.told, "no record or event is told of twice"
                    self.told.add(of_this)
                self.marks += marks_of(one, self.now)
            assert self.untold(person) == [], "a rerun tells nothing"

    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        one, other = (data.draw(st.sampled_from(sorted(set(self.person.values())))) for _ in range(2))
        before = {*self.seen(one), *self.seen(other)}
        self.person = {record: one if whose == other else whose for record, whose in self.person.items()}
        assert self.seen(one) >= before, "what was seen of either was seen of both"

    @rule(data=st.data())
    def unmerge(self, data: st.DataObject) -> None:
        record = data.draw(st.sampled_from(sorted(self.person)))
        self.counter += 1
        self.person[record] = self.counter

    @rule(data=st.data(), years=st.sampled_from([1, 5]), days=st.integers(-35, 10))
    def correct(self, data: st.DataObject, years: int, days: int) -> None:
        """To a start whose anniversary is near: one that was told, it may be."""
        near = self.now.date() + days * A_DAY
        self.start[data.draw(st.sampled_from(sorted(self.start)))] = near.replace(
            year=near.year - years, day=min(near.day, 28)
        )

    @rule(data=st.data(), late=st.integers(0, 400), order=st.booleans())
    def happens(self, data: st.DataObject, late: int, order: bool) -> None:
        record = data.draw(st.sampled_from(sorted(self.start)))
        event_id = f"e:{sum(map(len, self.events.values()))}"
        self.events[record].append(Interaction(event_id, self.now - late * A_DAY, event_id if order else None))

    def seen(self, person: int) -> set[tuple[Any, ...]]:
        marks = self.marks_of_person(self.history(person))
        return {(one.milestone, one.years, one.on) for one in marks}

    @invariant()
    def every_reader_but_an_advisor_is_told_what_was_seen_or_has_waited(self) -> None:
        for person in set(getattr(self, "person", {}).values()):
            history = self.history(person)
            for one in reached(history, RULES, self.now):
                at = first_seen(one, self.marks_of_person(history), RULES.silence_days)
                if is_for(False, one, at, self.now):
                    assert is_for(True, one, at, self.now) and (at is not None or self.now >= one.bots_from)


TestRelations = Relations.TestCase
TestRelations.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
