from benchmarks.callers.calls import Caller
from benchmarks.generate.draws import Draws
from benchmarks.generate.households import Population
from benchmarks.identify import reliability
from contracts.spoken.dates import spoken_dates
from profile_api.identity.heard import FIELDS


def test_callers_say_of_every_field_something_that_can_be_read_or_nothing() -> None:
    draws = Draws(3)
    for person in [one for _ in range(40) for one in Population(draws).household(4)]:
        caller = Caller(draws, person, ["9250123456789"])
        assert caller.begins()
        for name in FIELDS:
            said = caller.says(name)
            assert said is None or all(said)
        birth = caller.says("birth_date")
        assert birth is not None and (spoken_dates(birth[0], 2021) or birth[0][0].isdigit())


def test_reliability_sets_what_was_told_against_what_came_true() -> None:
    rows = reliability([(0.9, True)] * 9 + [(0.9, False)] + [(0.0, False)] * 5)
    assert [(row["n"], row["told"], row["came_true"]) for row in rows] == [(5, 0.0, 0.0), (10, 0.9, 0.9)]
