from sqlalchemy import Engine

from benchmarks.callers.__main__ import reliability
from benchmarks.callers.calls import Caller
from benchmarks.callers.people import NOW, put_on_file
from benchmarks.generate.draws import Draws
from benchmarks.generate.households import Population
from contracts.spoken.dates import spoken_dates
from identity.callers.hypotheses import FIELDS
from profile_api.callers.queries.ranking import rank_callers
from profile_api.callers.views import IdentifyRequest


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


def test_who_was_put_on_file_is_the_first_candidate_when_name_birth_date_and_postcode_are_said(engine: Engine) -> None:
    on_file = put_on_file(engine, 40, 1)
    person, cards = on_file.known[0]
    caller = Caller(Draws(1), person, cards)
    said = {
        name: heard for name in ("given_name", "family_name", "birth_date", "postcode") if (heard := caller.says(name))
    }
    request = IdentifyRequest.model_validate({"call": "call-00000001", "heard": said, "region": "FR"})
    with engine.connect() as connection:
        _, ranking = rank_callers(connection, request.heard.hypotheses(), request.region, NOW.year, frozenset)
    assert ranking.scored[0].candidate.profile_id == f"p_{person.key}"


def test_reliability_sets_what_was_told_against_what_came_true() -> None:
    rows = reliability([(0.9, True)] * 9 + [(0.9, False)] + [(0.0, False)] * 5)
    assert [(row["n"], row["told"], row["came_true"]) for row in rows] == [(5, 0.0, 0.0), (10, 0.9, 0.9)]
