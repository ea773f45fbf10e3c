"""Why records are one person's: in words and numbers, and with nothing of what may not be shown."""

from math import isclose

from sqlalchemy import Engine, insert, select, update

from consent.model import Role
from identity.matching.comparisons import COMPARISONS
from identity.stewarding.scoring import weights
from profile_api.stewardship.explain import joining
from profile_api.stewardship.queries.scored import scored
from profile_api.stewardship.wording import level_in_words
from read_model.model_in_force import model_in_force
from stores import schema
from tests.profile_api.stewardship.conftest import Ask

TAX = "184127645108946"


def test_an_explanation_names_every_record_and_the_evidence_field_by_field(
    ask: Ask, engine: Engine, owners: dict[str, str]
) -> None:
    found = ask("GET", f"/v1/profiles/{owners['crm:1']}/identity")["data"]
    assert [one["record_id"] for one in found["records"]] == ["crm:1", "crm:2", "crm:3"]
    assert len(found["joined_by"]) == 2 and found["alone"] == []
    strongest = found["joined_by"][0]["evidence"]
    assert strongest["rule"] == "person_model" and strongest["probability"] > 0.99
    birth = next(one for one in strongest["fields"] if one["field"] == "birth")
    assert birth["words"].startswith("same birth date: +") and "bits against strangers" in birth["words"]
    with engine.connect() as connection:
        stored = connection.execute(
            select(schema.edges.c.weight).where(schema.edges.c.left_id == "crm:1", schema.edges.c.right_id == "crm:2")
        ).scalar_one()
    assert isclose(strongest["weight"], stored, abs_tol=0.01)


def test_evidence_that_is_withheld_leaves_no_trace_neither_in_words_nor_in_weights(
    ask: Ask, engine: Engine, owners: dict[str, str]
) -> None:
    luc = owners["crm:4"]
    plain = ask("GET", f"/v1/profiles/{luc}/identity")["data"]
    compared = ask("POST", "/v1/identity/compare", {"left": "crm:4", "right": "crm:5"})
    with engine.begin() as connection:
        edge = (schema.edges.c.left_id == "crm:4") & (schema.edges.c.right_id == "crm:5")
        vector = connection.execute(select(schema.edges.c.evidence).where(edge)).scalar_one()
        secret = vector | {"gamma_national_id": 2, "gamma_device": 1}
        connection.execute(update(schema.edges).where(edge).values(evidence=secret, weight=40.0))
        shared = {"left_id": "crm:4", "right_id": "crm:5", "rule": "same_national_id", "tier": "deterministic"}
        connection.execute(insert(schema.edges).values(weight=12.0, evidence={"people": 2}, **shared))
        of = schema.records.c.record_id == "crm:4"
        document = connection.execute(select(schema.records.c.document).where(of)).scalar_one()
        document["identifiers"] += [{"kind": "national_id", "value": TAX}]
        connection.execute(update(schema.records).where(of).values(document=document))
    for role in (Role.STEWARD, Role.PRIVACY_OFFICER):
        told = ask("GET", f"/v1/profiles/{luc}/identity", role=role)["data"]
        assert told == plain
        again = ask("POST", "/v1/identity/compare", {"left": "crm:4", "right": "crm:5"}, role=role)
        assert again == compared
        assert TAX not in str(again) and "national" not in str(again) + str(told)


def test_a_record_whose_id_is_a_withheld_number_goes_by_another_name(
    ask: Ask, engine: Engine, owners: dict[str, str]
) -> None:
    with engine.begin() as connection:
        of = schema.records.c.record_id == "crm:5"
        connection.execute(update(schema.records).where(of).values(record_id=f"crm:{TAX}"))
    told = ask("GET", f"/v1/profiles/{owners['crm:4']}/identity")["data"]
    hidden = next(one for one in told["records"] if one["record_id"] is None)
    assert TAX not in str(told)
    unknown = ask("POST", "/v1/identity/compare", {"left": "crm:1", "right": "crm:unknown"}, 404)
    assert ask("POST", "/v1/identity/compare", {"left": "crm:1", "right": f"crm:{TAX}"}, 404) == unknown
    assert ask("POST", "/v1/identity/compare", {"left": "crm:1", "right": hidden["record"]})["right"] == hidden


def test_a_comparison_says_why_two_records_are_or_are_not_one_persons(
    ask: Ask, engine: Engine, owners: dict[str, str]
) -> None:
    same = ask("POST", "/v1/identity/compare", {"left": "crm:1", "right": "crm:2"})
    assert same["one_person"] and same["because"] == ["the evidence speaks for one person"]
    assert {"field": "birth_date", "left": "1980-03-02", "right": "1980-03-02"} in same["values"]
    family = ask("POST", "/v1/identity/compare", {"left": "crm:1", "right": "crm:4"})
    assert not family["one_person"] and family["compared_by_batch"]
    assert family["because"] == ["the evidence does not reach the threshold"]
    stranger = ask("POST", "/v1/identity/compare", {"left": "crm:1", "right": "crm:6"})
    assert not stranger["compared_by_batch"] and "no blocking rule" in stranger["because"][0]
    ask("POST", "/v1/identity/overrides", {"left": "crm:1", "right": "crm:3", "kind": "different", "reason": "sisters"})
    decided = ask("POST", "/v1/identity/compare", {"left": "crm:3", "right": "crm:1"})
    assert decided["because"] == ["demo-steward decided that they are two people's: sisters"]
    profiles = {"left": owners["crm:1"], "right": owners["crm:4"]}
    assert ask("POST", "/v1/identity/compare", profiles)["one_person"] is False


def test_the_rest_of_a_cluster_may_speak_against_a_pair(ask: Ask, engine: Engine, owners: dict[str, str]) -> None:
    with engine.begin() as connection:
        edge = {"left_id": "crm:3", "right_id": "crm:6", "rule": "person_model", "tier": "probabilistic"}
        vector = connection.execute(select(schema.edges.c.evidence).limit(1)).scalar_one()
        connection.execute(insert(schema.edges).values(weight=2.0, evidence=vector, **edge))
    told = ask("POST", "/v1/identity/compare", {"left": "crm:3", "right": "crm:6"})
    assert told["because"][-1] == "the other records of both profiles speak against it"


def test_the_way_between_records_is_the_strongest() -> None:
    said = {("a", "b"): (3.0, "ab"), ("b", "c"): (9.0, "bc"), ("a", "c"): (5.0, "ac"), ("d", "e"): (1.0, "de")}
    assert joining(said) == [(("b", "c"), "bc"), (("a", "c"), "ac"), (("d", "e"), "de")]


def test_every_level_of_every_comparison_has_words() -> None:
    words = [level_in_words(one.name, label) for one in COMPARISONS for label in one.labels]
    assert len(set(words)) == len(words) and all(words)


def test_weights_scored_here_are_those_of_the_batchs_own_scoring(engine: Engine, owners: dict[str, str]) -> None:
    with engine.connect() as connection:
        found = weights(model_in_force(connection).person, scored(connection, owners).vectors)
    assert found[("crm:1", "crm:2")] > 10 and found[("crm:1", "crm:4")] < -5
