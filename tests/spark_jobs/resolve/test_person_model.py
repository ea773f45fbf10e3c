import json
from pathlib import Path

import pytest

from benchmarks.labelled import NOW, names_of, resolved
from identity.clustering.cluster import MERGE_AT
from identity.matching.comparisons import COMPARISONS
from identity.matching.model import SHIPPED, explain, load, prior_bits, probability, weights_sql
from identity.matching.model import weight as weight_of
from identity.matching.name_parts import NameFrequencies
from spark_jobs.resolve.lake_model import fitted
from tests.spark_jobs.resolve.lake_in_memory import LakeInMemory
from tests.spark_jobs.resolve.people import person

# What a town's names look like, so that the names of these tests are as common as they would be.
TOWN = NameFrequencies(
    {"jean": 0.01, "marie": 0.01, "lea": 0.008, "lucas": 0.01, "robert": 0.01, "bob": 0.001, "emma": 0.01},
    {"morel": 0.002, "diallo": 0.001, "smith": 0.008},
)
HOME = {"street": "12 rue des Lilas", "postcode": "75011", "city": "Paris"}


def lake(records: list[dict], names: NameFrequencies = TOWN) -> LakeInMemory:
    found = LakeInMemory()
    found.run(records, names=names)
    return found


def scored(one: dict, other: dict) -> dict:
    """The pair's vector and weights; empty where it is not proposed."""
    found = lake([one, other]).engine.arrow(weights_sql(load(), "select * from vectors")).to_pylist()
    return found[0] if found else {}


def weight(one: dict, other: dict) -> float:
    return scored(one, other).get("weight", -99.0)


def test_same_name_and_address_is_one_person():
    one = person("a", given_name="Jean", family_name="Morel", **HOME)
    assert weight(one, person("b", given_name="Jean", family_name="Morel", **HOME)) > 2


def test_short_form_and_exchanged_names_are_one_person():
    one = person("a", given_name="Robert", family_name="Smith", birth_typed="1960-02-03", **HOME)
    other = person("b", given_name="Smith", family_name="Bob", birth_typed="1960-02-03", **HOME)
    assert weight(one, other) > 2


def test_a_household_that_shares_everything_but_given_name_is_not_a_person():
    shared = {"family_name": "Morel", "email": ["famille.morel@post.example"], "phone": ["+33140000001"], **HOME}
    one = person("a", given_name="Marie", birth_typed="1975-05-06", **shared)
    assert weight(one, person("b", given_name="Lucas", birth_typed="2008-07-09", **shared)) < -2


def test_twins_are_two_people():
    shared = {"family_name": "Morel", "birth_typed": "2008-07-09", "phone": ["+33140000001"], **HOME}
    assert weight(person("a", given_name="Lucas", **shared), person("b", given_name="Emma", **shared)) < MERGE_AT


def test_father_and_son_of_one_name_are_two_people():
    shared = {"given_name": "Jean", "family_name": "Morel", "phone": ["+33140000001"], **HOME}
    father, son = person("a", birth_typed="1951-03-14", **shared), person("b", birth_typed="1984-11-27", **shared)
    assert weight(father, son) < 0


def test_one_mailbox_and_one_name_is_one_person_wherever_they_live():
    one = person("a", given_name="Léa", family_name="Diallo", email=["lea.diallo77@post.example"], **HOME)
    other = person(
        "b", given_name="Lea", family_name="Diallo", email=["lea.diallo77@post.example"], street="3 quai Sud"
    )
    assert weight(one, other) > 5


def test_a_name_as_mailbox_at_two_hosts_says_no_more_than_the_name():
    named = {"given_name": "Jean", "family_name": "Smith"}
    alone = weight(person("a", **named), person("b", **named))
    mailed = (
        person("a", email=["jean.smith@post.example"], **named),
        person("b", email=["jean.smith@mail.example"], **named),
    )
    assert weight(*mailed) <= alone + 1


def test_identical_empty_records_are_never_compared():
    assert not lake([person(f"r{i}") for i in range(20)]).engine.rows("select * from proposed")


def test_a_hot_value_brings_nobody_together():
    called = [person(f"r{i:03d}", phone=["+33140000001"]) for i in range(300)]
    assert not lake(called).engine.rows("select * from proposed")


def test_the_explanation_adds_up_to_the_weight():
    shared = {"family_name": "Morel", "email": ["lea58@post.example"], **HOME}
    vector = scored(
        person("a", given_name="Lea", **shared), person("b", given_name="Léa", birth_typed="1958-01-02", **shared)
    )
    evidence = explain(load(), vector)
    assert sum(one.against_strangers for one in evidence) == pytest.approx(vector["against_strangers"])
    assert sum(one.against_housemates for one in evidence) == pytest.approx(vector["against_housemates"])
    assert sum(one.against_namesakes for one in evidence) == pytest.approx(vector["against_namesakes"])
    assert weight_of(load(), evidence) == pytest.approx(vector["weight"])
    rivals = prior_bits(load())
    odds = sum(2 ** -(vector[f"against_{rival}"] + bits) for rival, bits in rivals.items())
    assert probability(vector["weight"]) == pytest.approx(1 / (1 + odds))


def test_every_level_of_the_shipped_model_is_a_distribution():
    for comparison in COMPARISONS:
        levels = load().comparisons[comparison.name]
        for kind in ("m", "u", "household"):
            shares = [getattr(level, kind) for level in levels]
            assert min(shares) > 0
            assert sum(shares) == pytest.approx(1, abs=1e-4)


def test_a_model_of_other_levels_is_refused(tmp_path: Path):
    other = json.loads(SHIPPED.read_text())
    other["comparisons"]["gender"].pop()
    (tmp_path / "m.json").write_text(json.dumps(other))
    with pytest.raises(ValueError, match="gender"):
        load(tmp_path / "m.json")


def test_training_on_almost_nothing_keeps_the_shipped_parameters():
    records = [person("a", given_name="Jean", **HOME), person("b", given_name="Jean", **HOME)]
    trained = fitted(lake(records, names_of(records)).engine, NOW)
    for name, levels in load().comparisons.items():
        for before, after in zip(levels, trained.comparisons[name], strict=True):
            assert after.m == pytest.approx(before.m, abs=0.01)


def test_training_learns_what_a_lake_is_like_without_labels():
    given_names = [
        f"{a}{b}{c}" for a in ("ka", "lo", "mi", "tu") for b in ("re", "si", "da", "no") for c in ("na", "l", "x", "vo")
    ]
    records = []
    for i in range(1200):
        told = {
            "given_name": given_names[i * 7 % 64],
            "family_name": given_names[i * 11 % 61] + given_names[i * 5 % 59],
            "birth_typed": f"{1940 + i % 60}-{1 + i % 12:02d}-{1 + i % 28:02d}",
        }
        records += [person(f"a{i:04d}", **told), person(f"b{i:04d}", **told)]
    model = fitted(lake(records, names_of(records)).engine, NOW)
    assert model.comparisons["birth"][0].m > 0.95
    again = resolved(records)
    assert again.model == model
    assert again.partition.clusters == [[f"a{i:04d}", f"b{i:04d}"] for i in range(1200)]
