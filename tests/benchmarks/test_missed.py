"""Whatever the records: one of each person merges nobody, copies are joined each to its own, a stranger to nobody."""

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from benchmarks.febrl import write_set
from benchmarks.generate.run import generate
from benchmarks.identity import read_truth
from benchmarks.labelled import Record, copied, read_records, resolved
from benchmarks.missed import NEAR, calibration, missed, once, run, true_pairs, weighed
from contracts.loading import load_channels
from contracts.names import fold
from tests.spark_jobs.resolve.lake_in_memory import LakeInMemory
from tests.spark_jobs.silver import person_channel, record

PEOPLE = 400
SAMPLE = Path(__file__).parents[2] / "examples/sample"


@pytest.fixture(scope="module", params=[5, 8])
def people(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """One record of each person of a generated set, of those that say enough of somebody to tell them from others: not
    of a father and a son of one name, without a date, at one address."""
    folder = tmp_path_factory.mktemp("people")
    generate(PEOPLE, request.param, folder)
    records = read_records(folder, load_channels(SAMPLE))
    kept = once(records, read_truth(folder / "truth.csv"))
    told = {
        frozenset(fold(f"{one['given_name']} {one['family_name']}").split()): one
        for one in kept
        if one["given_name"] and one["family_name"] and one["identifiers"]
    }
    return list(told.values())


def test_one_record_of_each_person_merges_nobody_and_the_model_says_that_it_learned_nothing(
    people: list[Record],
) -> None:
    found = resolved(people)
    assert len(people) > PEOPLE / 2
    assert [part for part in found.partition.clusters if len(part) > 1] == []
    assert not found.model.learned


def test_copies_of_all_records_are_joined_each_to_its_own(people: list[Record]) -> None:
    found = resolved(list(copied(people)))
    assert found.partition.clusters == sorted([one["record_id"], f"{one['record_id']}-copy"] for one in people)
    assert found.model.learned


def test_a_stranger_changes_nobody(people: list[Record]) -> None:
    lake = LakeInMemory()
    lake.run(people)
    before, edges = lake.clusters, dict(lake.edges)
    stranger = {"id": "1", "given": "Xzqy", "family": "Wvutsch", "born": "1931-02-27", "mail": "x.w@far.example"}
    lake.run([record(stranger, person_channel("stranger"))])
    assert lake.clusters == before | {frozenset({"stranger:1"})}
    assert lake.edges == edges


def test_what_is_missed_is_told_by_reason() -> None:
    rows = [
        {"id": "1", "given": "Anna", "family": "Roux", "born": "1980-03-02"},
        {"id": "2", "given": "Anna", "family": "Roux", "born": "1995-11-28"},
        {"id": "3", "given": "Zoe", "family": "Petit"},
        {"id": "4", "mail": "nobody@mail.example"},
    ]
    found = resolved([record(row, person_channel()) for row in rows])
    told = missed(found, dict.fromkeys((f"crm:{row['id']}" for row in rows), "she"))
    assert sum(told["missed"].values()) == len(true_pairs(dict.fromkeys("abcd", "she")))
    assert (told["missed"]["not blocked"], told["missed"]["barred"]) == (5, 1)


def test_pairs_near_the_threshold_are_counted_by_whose_they_are(people: list[Record]) -> None:
    found = resolved(list(copied(people)))
    near = {
        pair: weight for pair, (weight, apart, _) in weighed(found).items() if not apart and -NEAR <= weight < NEAR + 1
    }
    one = calibration(found, dict.fromkeys(found.cluster_of, "she"))
    assert sum(row["pairs"] for row in one) == len(near) > 0
    assert {row["came_true"] for row in one} == {1.0}
    assert {row["came_true"] for row in calibration(found, {record: record for record in found.cluster_of})} == {0.0}
    assert [row["said"] for row in one] == sorted(row["said"] for row in one)


def test_two_people_s_dates_cost_a_public_set_with_many_typing_errors_nothing(tmp_path: Path) -> None:
    write_set(1, tmp_path)
    records = read_records(tmp_path, load_channels(SAMPLE.parent / "febrl"))
    found = run(records, read_truth(tmp_path / "truth.csv"), None)
    assert found["records"] == 1000
    assert found["bars"] == "dates"
    assert found["clusters_of_several_people"] == 0
    assert found["f1"] >= 0.998


@pytest.mark.parametrize(("years", "bars"), [(10, "generations"), (60, "words")])
def test_where_nobody_shares_a_home_and_dates_are_seldom_right_they_bar_less(
    tmp_path: Path, years: int, bars: str
) -> None:
    write_set(1, tmp_path)
    records = read_records(tmp_path, load_channels(SAMPLE.parent / "febrl"))
    chance = Random(1)
    for one in records:
        if one["birth_date"] and "dup" in one["record_id"] and chance.random() < 0.6:
            wrong = one["birth_date"] + timedelta(days=chance.choice([-365, 365]) * years + chance.randint(-30, 30))
            one |= {"birth_date": wrong, "birth_year": wrong.year, "birth_typed": wrong.isoformat()}
    assert resolved(records).model.bars == bars
