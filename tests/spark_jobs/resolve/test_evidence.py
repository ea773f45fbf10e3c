"""What is said of a pair: by the model, by rules, and what of it is kept."""

import json

from identity.matching.sharing import CLASSES
from spark_jobs.resolve.evidence import evidence_rows
from tests.spark_jobs.resolve.lake_in_memory import MODEL, LakeInMemory
from tests.spark_jobs.silver import person_channel, record

JEAN = {"given": "Jean", "family": "Morel", "street": "12 rue des Lilas", "phone": "0199000123"}


def lake(*rows: dict[str, str]) -> LakeInMemory:
    found = LakeInMemory()
    found.run(record({"id": str(number), **row}, person_channel()) for number, row in enumerate(rows, 1))
    return found


def said(of: LakeInMemory) -> dict[tuple[str, str, str], str | None]:
    """The evidence by the records' last digits and the rule."""
    found = of.engine.rows("select left_id, right_id, rule, evidence from evidence_rows")
    return {(left[-1], right[-1], rule): evidence for left, right, rule, evidence in found}


def test_evidence_keeps_the_levels_that_say_something_and_nothing_of_the_values() -> None:
    kept = json.loads(said(lake(JEAN, JEAN))["1", "2", MODEL] or "")
    assert {"gamma_given_name", "gamma_family_name", "gamma_address", "gamma_phone"} <= kept.keys()
    assert not {"gamma_email", "gamma_birth", "gamma_national_id", "apart"} & kept.keys()
    assert all(isinstance(level, int | float) and level >= 0 for level in kept.values())


def test_two_people_by_their_birth_dates_are_marked_apart() -> None:
    found = said(lake({**JEAN, "born": "1958-04-12"}, {**JEAN, "born": "1986-09-30"}))
    assert json.loads(found["1", "2", MODEL] or "")["apart"] == 1


def test_of_a_pair_too_unlikely_for_a_review_no_evidence_is_kept() -> None:
    other = {"given": "Zoe", "family": "Petit", "street": "12 rue des Lilas", "born": "2001-07-08"}
    found = lake({**JEAN, "born": "1958-04-12"}, other)
    assert found.edges["crm:1", "crm:2", MODEL] < found.rules.review_from
    assert said(found)["1", "2", MODEL] is None


def test_the_model_and_every_rule_have_a_row_of_their_own_and_the_pair_has_one_weight() -> None:
    found = lake({**JEAN, "mail": "jean@mail.example"}, {**JEAN, "mail": "jean@mail.example"})
    assert said(found).keys() == {("1", "2", MODEL), ("1", "2", "same_email"), ("1", "2", "same_phone")}
    tiers = dict(found.engine.rows(f"select rule, tier from ({evidence_rows()}) t"))
    assert tiers == {MODEL: "probabilistic", "same_email": "deterministic", "same_phone": "deterministic"}
    weights = found.engine.rows("select weight from within")
    assert weights == [(found.edges["crm:1", "crm:2", MODEL],)], "the model has seen what they share"


def test_emails_and_phones_are_compared_by_how_many_people_hold_them() -> None:
    family = {"phone": "0199000123", "mail": "famille@mail.example"}
    found = lake(
        {"given": "Jean", **family, "born": "1958-04-12"},
        {"given": "Lea", "phone": "0199000123", "born": "1990-02-03"},
        {"given": "Zoe", "phone": "0199000123", "born": "2001-07-08"},
        {"given": "Marie", "mail": "famille@mail.example", "born": "1960-05-06"},
        {"given": "Marie", "mail": "marie@mail.example", "born": "1960-05-06"},
    )
    classes = [
        tuple(next((name for name, held in zip(CLASSES, row[at : at + 3], strict=True) if held), None) for at in (0, 3))
        for row in found.engine.rows(
            "select email_own, email_pair, email_shared, phone_own, phone_pair, phone_shared from columns"
            " order by record_id"
        )
    ]
    assert classes == [("pair", "shared"), (None, "shared"), (None, "shared"), ("pair", None), ("own", None)]


def test_a_day_weighs_pairs_with_an_end_among_the_changed_as_a_first_run_weighs_them() -> None:
    rows = [{**JEAN, "mail": f"jean{number}@mail.example"} for number in range(4)]
    day, whole = lake(*rows[:3]), lake(*rows)
    day.run([record({"id": "4", **rows[3]}, person_channel())])
    told_now = {
        (left, right) for left, right, _ in day.engine.rows("select left_id, right_id, rule from evidence_rows")
    }
    assert all("crm:4" in pair for pair in told_now)
    assert day.edges == whole.edges
