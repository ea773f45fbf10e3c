"""Two people are never made one by what they share: each case is a pair that agrees in all else."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.labelled import names_of, resolved
from identity.matching.comparison_columns import comparison_columns
from identity.matching.name_parts import NameFrequencies
from identity.matching.two_people import two_people
from tests.spark_jobs.resolve.crowd import different_people
from tests.spark_jobs.resolve.lake_in_memory import LakeInMemory
from tests.spark_jobs.resolve.people import person
from tests.spark_jobs.silver import person_channel, record

CRM = person_channel()
JEAN = {"given": "Jean", "family": "Morel", "street": "12 rue des Lilas", "phone": "0199000123"}


def lake(*rows: dict[str, str], names: NameFrequencies | None = None) -> LakeInMemory:
    found = LakeInMemory()
    records = [record({"id": str(number), **row}, CRM) for number, row in enumerate(rows, 1)]
    found.run(records, names=names_of(records) if names is None else names)
    return found


def waits(of: LakeInMemory) -> bool:
    """Whether the pair of the first two records is kept for a review."""
    return of.edges.get(("crm:1", "crm:2", "person_model"), -99.0) >= of.rules.review_from


def test_father_and_son_of_one_name_address_phone_and_mailbox_wait_for_a_review() -> None:
    both = {**JEAN, "mail": "morel@mail.example"}
    found = lake({**both, "born": "1958-04-12"}, {**both, "born": "1986-09-30"})
    assert len(found.clusters) == 2
    assert waits(found)


@pytest.mark.parametrize(
    "born", ["1958-04-12", "1958-04-13", "1985-04-12", "1958-12-04", "1958-04-21", "1953-04-18"], ids=lambda born: born
)
def test_a_birth_date_with_a_digit_or_two_wrong_or_day_and_month_exchanged_is_one(born: str) -> None:
    assert len(lake({**JEAN, "born": "1958-04-12"}, {**JEAN, "born": born}).clusters) == 1


def test_a_record_without_a_date_joins_one_of_two_people_and_never_both() -> None:
    found = lake({**JEAN, "born": "1958-04-12"}, {**JEAN, "born": "1986-09-30"}, JEAN)
    assert len(found.clusters) == 2
    assert not any({"crm:1", "crm:2"} <= part for part in found.clusters)


def test_whoever_holds_one_number_in_records_of_two_dates_is_whoever_has_either() -> None:
    numbered = {**JEAN, "tax": "158041234567890", "mail": "jean.morel1958@mail.example"}
    typed = {**numbered, "born": "1958-04-12"}, {**numbered, "born": "1986-09-30"}
    other = {**JEAN, "mail": "jean.morel1958@mail.example", "born": "1958-04-12"}
    assert len(lake(*typed, other).clusters) == 1
    assert len(lake(typed[1], other).clusters) == 2
    assert frozenset({"crm:3"}) in lake(*typed, other | {"born": "1971-12-25"}).clusters


def test_a_number_of_one_person_in_common_outvotes_two_birth_dates() -> None:
    both = {**JEAN, "tax": "158041234567890", "mail": "jean.morel1958@mail.example"}
    assert len(lake({**both, "born": "1958-04-12"}, {**both, "born": "1986-09-30"}).clusters) == 1


def test_the_first_of_january_is_a_year_and_no_birthday() -> None:
    year, day, other = (
        comparison_columns(person("r", birth_typed=born)) for born in ("1958-01-01", "1958-04-12", "1986-09-30")
    )
    assert not two_people([year], [day]) and not two_people([year], [other]) and two_people([day], [other])


def test_junior_and_senior_are_father_and_son() -> None:
    senior, junior = ({**JEAN, "family": f"Morel {title}"} for title in ("Sr.", "Jr."))
    found = lake(senior, junior)
    assert len(found.clusters) == 2
    assert waits(found)
    assert len(lake(senior, senior).clusters) == len(lake(senior, JEAN).clusters) == 1


@pytest.mark.parametrize("holder", [{"given": "Jean et Marie"}, {"given": "", "family": "Morel SARL"}], ids=str)
def test_two_holders_and_a_firm_are_none_of_the_people_who_share_their_numbers(holder: dict[str, str]) -> None:
    both = {**JEAN, "mail": "jean.morel@mail.example"}
    assert len(lake(both, {**both, "given": "Marie"}, {**both, **holder}).clusters) == 3
    assert len(lake({**JEAN, **holder}, {**JEAN, **holder}).clusters) == 1


CROWD = [
    {"given": given, "family": family, "born": "1970-01-01"}
    for given, family in zip(
        "Ana Bo Cy Dee Eve Flo Gus Hal Ida Jo Kim Lou Moe Ned Ole Pat Rex Sue Tom Una".split(),
        "Abel Berg Coste Diaz Eder Fabre Gros Hahn Iser Jung Klein Lenz Maes Noir Olsen Pol Rot Salz Toth Ulm".split(),
        strict=True,
    )
]


def test_a_date_that_many_people_have_is_nobodys_birthday() -> None:
    namesakes = [
        {"given": "Jean", "family": "Martin", "born": "1970-01-01", "street": street}
        for street in ("3 rue de Lyon", "90 quai de Marseille")
    ]
    found = lake(*namesakes, *CROWD)
    assert max(map(len, found.clusters)) == 1
    names = names_of([record({"id": str(n), **row}, CRM) for n, row in enumerate(CROWD)])
    default, real = (comparison_columns(person("r", birth_typed=born), names) for born in ("1970-01-01", "1986-09-30"))
    assert default["whole_birth"] is None and not two_people([default], [real])


def test_a_date_that_one_person_has_in_many_records_is_a_birthday() -> None:
    records = [person(f"r{n}", given_name="Jean", family_name="Morel", birth_typed="1958-04-12") for n in range(30)]
    assert names_of(records).birth == {}


@pytest.mark.parametrize(("one", "other"), [("Marie", "Marine"), ("Paul", "Paula"), ("Léo", "Léa"), ("Lina", "Nina")])
def test_twins_of_names_that_are_alike_wait_for_a_review(one: str, other: str) -> None:
    home = {**JEAN, "born": "2008-07-09", "mail": "famille.morel@mail.example"}
    found = lake({**home, "given": one}, {**home, "given": other})
    assert len(found.clusters) == 2
    assert waits(found)


@pytest.mark.parametrize(("one", "other"), [("Sara", "Sarah"), ("Matthieu", "Mathieu"), ("Mariane", "Marianne")])
def test_two_spellings_of_one_name_are_one(one: str, other: str) -> None:
    home = {**JEAN, "born": "2008-07-09"}
    assert len(lake({**home, "given": one}, {**home, "given": other}).clusters) == 1


def test_a_name_and_a_small_number_as_mailbox_at_several_hosts_are_several_people() -> None:
    marias = [
        {"given": "Maria", "family": family, "mail": f"maria.p.2@{host}.example"}
        for family, host in (("Pinto", "a"), ("Prado", "b"), ("Peres", "c"), ("Paz", "d"))
    ]
    assert len(lake(*marias).clusters) == 4


columns: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "whole_birth": st.sampled_from([None, "1958-04-12", "1958-12-04", "1986-09-30", "1986-09-31"]),
        "generation": st.sampled_from([None, "jr", "sr"]),
        "external_ids": st.sampled_from([None, ["card:1"], ["card:2"], ["card:1", "card:2"]]),
        "national_id": st.sampled_from([None, "1", "2"]),
    }
)


some = st.lists(columns, min_size=1, max_size=4)


@given(some, some)
@settings(deadline=None)
def test_who_is_two_people_is_so_from_either_side_and_nobody_is_two(
    one: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    assert two_people(one, other) == two_people(other, one)
    assert not two_people(one[:1], one[:1])
    assert not two_people(one, []) and not two_people([], other)


def test_of_a_thousand_different_people_whose_names_and_mailboxes_are_alike_none_are_joined() -> None:
    found = resolved(list(different_people(1_000, seed=1)))
    assert [part for part in found.partition.clusters if len(part) > 1] == []
    assert not found.model.learned
