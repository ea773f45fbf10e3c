from typing import Any

import pytest

from identity.callers.hypotheses import CallerHypotheses, Hypothesis, hear
from identity.callers.question import first_field, next_field
from identity.callers.score import Candidate, Ranking, Scorer
from identity.matching.comparison_columns import comparison_columns
from identity.matching.model import load
from identity.matching.name_parts import NameFrequencies
from tests.spark_jobs.resolve.people import person

TOWN = NameFrequencies(
    {"jean": 0.01, "marie": 0.01, "lea": 0.008, "lucas": 0.01, "anna": 0.004, "hanna": 0.001},
    {"morel": 0.002, "diallo": 0.001, "durand": 0.003},
)
HOME = {"street": "12 rue des Lilas", "postcode": "75011", "city": "Paris"}
PROFILES = 100_000
SCORER = Scorer(load())


def heard(**said: Any) -> CallerHypotheses:
    given = {
        name: [
            one if isinstance(one, Hypothesis) else Hypothesis(one)
            for one in (texts if isinstance(texts, list) else [texts])
        ]
        for name, texts in said.items()
    }
    return hear(given, TOWN, 2026, "FR")


def on_file(profile_id: str, *records: dict[str, Any]) -> Candidate:
    made = [comparison_columns(person(f"{profile_id}:{i}", **said), TOWN) for i, said in enumerate(records)]
    return Candidate(profile_id, made)


def rank(caller: CallerHypotheses, *candidates: Candidate) -> Ranking:
    return SCORER.rank(caller, candidates, PROFILES)


def probabilities(ranking: Ranking) -> dict[str, float]:
    return {one.candidate.profile_id: one.probability for one in ranking.scored}


JEAN = on_file(
    "jean",
    {"given_name": "Jean", "family_name": "Morel", "birth_typed": "1951-03-14", "phone": ["+33140000001"], **HOME},
)
MARIE = on_file(
    "marie",
    {"given_name": "Marie", "family_name": "Morel", "birth_typed": "1953-07-02", "phone": ["+33140000001"], **HOME},
)
SON = on_file(
    "son",
    {"given_name": "Jean", "family_name": "Morel", "birth_typed": "1984-11-27", "phone": ["+33140000001"], **HOME},
)


def test_probabilities_and_none_of_them_add_up_to_one() -> None:
    ranking = rank(heard(family_name="Morel", postcode="75011"), JEAN, MARIE, SON)
    assert sum(probabilities(ranking).values()) + ranking.none == pytest.approx(1)


def test_name_birth_date_and_postcode_find_the_caller() -> None:
    ranking = rank(
        heard(given_name="Marie", family_name="Morel", birth_date="2 juillet 1953", postcode="75011"), JEAN, MARIE
    )
    first = ranking.scored[0]
    assert first.candidate is MARIE and first.probability > 0.99
    assert first.agreeing == {"name", "birth_date", "address"}
    assert first.exact == {"birth_date"}


def test_a_household_is_several_candidates_and_never_one_confident_match() -> None:
    ranking = rank(heard(family_name="Morel", street="12 rue des Lilas", phone="01 40 00 00 01"), JEAN, MARIE, SON)
    found = probabilities(ranking)
    assert max(found.values()) < 0.5
    assert min(found.values()) > 0.1


def test_the_separating_field_of_a_couple_is_the_given_name_and_of_namesakes_the_birth_date() -> None:
    home = {"family_name": "Morel", "street": "12 rue des Lilas", "phone": "01 40 00 00 01"}
    assert next_field(rank(heard(**home), JEAN, MARIE), set(home), []) == "given_name"
    named = {"given_name": "Jean", **home}
    assert next_field(rank(heard(**named), JEAN, SON), set(named), []) == "birth_date"


def test_a_father_and_a_son_of_one_name_stay_apart_until_the_birth_date_is_told() -> None:
    ranking = rank(heard(given_name="Jean", family_name="Morel", postcode="75011"), JEAN, SON)
    assert max(probabilities(ranking).values()) < 0.6
    ranking = rank(heard(given_name="Jean", family_name="Morel", postcode="75011", birth_date="1984"), JEAN, SON)
    assert probabilities(ranking)["son"] > 0.9


def test_a_twin_who_is_not_on_file_is_not_the_one_who_is_even_where_a_record_has_no_given_name() -> None:
    lucas = on_file(
        "lucas",
        {"family_name": "Morel", "birth_typed": "1979-12-02", **HOME},
        {"given_name": "Lucas", "family_name": "Morel", "phone": ["+33600000002"]},
    )
    twin = heard(given_name="Lea", family_name="Morel", birth_date="02/12/1979", postcode="75011")
    first = rank(twin, lucas).scored[0]
    assert "name" not in first.agreeing and first.probability < 0.9
    himself = heard(given_name="Lucas", family_name="Morel", birth_date="02/12/1979", postcode="75011")
    assert rank(himself, lucas).scored[0].agreeing == {"name", "birth_date", "address"}


def test_a_stranger_of_one_name_is_none_of_them() -> None:
    ranking = rank(heard(given_name="Jean", family_name="Morel", birth_date="01/02/1990", postcode="13001"), JEAN, SON)
    assert ranking.none > 0.9


def test_several_hypotheses_weigh_by_their_confidence() -> None:
    anna = on_file("anna", {"given_name": "Anna", "family_name": "Diallo", "birth_typed": "1980-01-02"})
    hanna = on_file("hanna", {"given_name": "Lea", "family_name": "Diallo", "birth_typed": "1980-01-02"})
    unsure = [Hypothesis("Anna", 0.7), Hypothesis("Lea", 0.3)]
    found = probabilities(rank(heard(given_name=unsure, family_name="Diallo", birth_date="1980-01-02"), anna, hanna))
    assert 0.3 > found["hanna"] > 0.02 and found["anna"] > 0.5


def test_names_that_were_spelt_and_partial_dates_are_understood() -> None:
    caller = heard(given_name="M as in Marie, A, R, I, E", family_name="M O R E L", birth_date="juillet 1953")
    ranking = rank(caller, JEAN, MARIE)
    assert ranking.scored[0].candidate is MARIE and ranking.scored[0].probability > 0.9
    assert not caller.whole_birth and "birth_date" not in ranking.scored[0].exact


def test_what_moved_with_the_person_is_weighed_by_their_records() -> None:
    moved = on_file(
        "moved",
        *[{"given_name": "Lea", "family_name": "Diallo", **HOME}] * 3,
        {"given_name": "Lea", "family_name": "Diallo", "street": "3 quai Sud", "postcode": "69001", "city": "Lyon"},
    )
    stayed = on_file("stayed", *[{"given_name": "Lea", "family_name": "Diallo", **HOME}] * 4)
    found = probabilities(
        rank(heard(given_name="Lea", family_name="Diallo", postcode="69001", street="3 quai Sud"), moved, stayed)
    )
    assert found["moved"] > 0.9 > 0.01 > found["stayed"]


def test_a_stated_number_finds_its_holder_among_a_hundred_thousand() -> None:
    holder = on_file("holder", {"given_name": "Lea", "family_name": "Diallo", "loyalty_card": ["l-204816"]})
    ranking = rank(heard(number="L, two zero four eight one six", family_name="Diallo"), holder, MARIE)
    assert ranking.scored[0].candidate is holder and ranking.scored[0].probability > 0.95
    assert ranking.scored[0].exact == {"number"}


def test_five_guesses_of_a_birth_date_are_no_birth_date() -> None:
    guesses = [f"1953-07-0{day}" for day in range(1, 6)]
    ranking = rank(heard(given_name="Marie", family_name="Morel", postcode="75011", birth_date=guesses), MARIE)
    assert ranking.scored[0].exact == frozenset()


def test_what_cannot_be_read_is_named_and_weighs_nothing() -> None:
    caller = heard(family_name="Morel", birth_date="tomorrow", email="nobody", phone="12")
    assert caller.unread == ("birth_date", "email", "phone")
    assert set(caller.groups) == {"name"}


def test_the_first_question_depends_on_what_was_heard_alone() -> None:
    assert first_field({"family_name"}) == "birth_date"
    assert first_field({"family_name", "birth_date", "postcode"}) == "given_name"
