"""Suggestions and bans follow from facts, and change their identity with their evidence alone."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.categories import Category
from contracts.yaml_files import UnreadableFile
from engagement.dial.precedence import Acts, Level, Person
from engagement.next_step.suggesting import bans, suggestions
from engagement.next_step.words import PUBLISHED, load_words, published_words
from engagement.zones.situation import SCALES, Zone
from feature_repo.catalogue import CATEGORIES

WORDS = published_words()
ROUTINE: dict[str, Any] = {
    "actor": "advisor",
    "acts": "machine",
    "person": "not",
    "level": "rule",
    "zone": "efficiency",
    "topic": "orders",
    "emotion": "unknown",
    "attempts": 0,
    "failed": False,
    "withheld": (),
    "restricted": False,
    "offers": "permitted",
    "expired": (),
    "expired_events": (),
    "day": "2024-05-01",
}


def ids(**facts: Any) -> tuple[list[str], list[str]]:
    known = ROUTINE | facts
    return [one.rule.id for one in suggestions(WORDS, known)], [one.id for one in bans(WORDS, known)]


@pytest.mark.parametrize(
    ("facts", "suggested", "banned"),
    [
        ({}, [], []),
        ({"actor": "bot"}, [], ["pass_for_a_person"]),
        ({"person": "unasked"}, ["distress_or_danger"], []),
        ({"open_complaint": True}, ["complaint_first"], ["offers_during_a_complaint"]),
        ({"open_complaint": None}, [], []),
        ({"open_complaint": 1}, [], []),
        ({"repeated_failures": True}, ["failing_again_and_again"], []),
        ({"attempts": 1, "failed": True}, ["start_where_it_stopped"], []),
        ({"person": "offered"}, ["offer_a_person"], []),
        ({"expired": ("personalisation",)}, ["ask_for_consent_again"], []),
        ({"expired": ("personalisation",), "actor": "bot"}, [], ["pass_for_a_person"]),
        ({"offers": "refused"}, [], ["offers_refused"]),
        ({"offers": "not_permitted"}, [], ["offers_not_permitted"]),
        ({"emotion": "frustrated"}, [], ["offers_in_distress"]),
        ({"withheld": ("contact", "sensitive")}, [], ["sensitive_matters"]),
        ({"withheld": ("communication",)}, [], ["earlier_conversations"]),
        ({"restricted": True}, [], ["restricted_data"]),
        # Human only: nothing is suggested to a machine where a person has to act, and nothing to the served
        ({"actor": "bot", "acts": "person", "open_complaint": True}, [],
            ["pass_for_a_person", "offers_during_a_complaint"]),
        ({"actor": "advisor", "acts": "person", "open_complaint": True}, ["complaint_first"],
            ["offers_during_a_complaint"]),
        ({"actor": "customer", "open_complaint": True}, [], ["offers_during_a_complaint"]),
    ],
)  # fmt: skip
def test_what_is_suggested_and_banned(facts: dict[str, Any], suggested: list[str], banned: list[str]) -> None:
    assert ids(**facts) == (suggested, banned)


def test_a_suggestion_is_another_when_its_evidence_changes_and_the_same_otherwise() -> None:
    def evidence(**facts: Any) -> tuple[str, ...]:
        (one,) = suggestions(WORDS, ROUTINE | {"open_complaint": True} | facts)
        return one.evidence

    first = evidence(open_complaint_since="2024-04-01")
    assert first == evidence(open_complaint_since="2024-04-01", topic="cards", day="2024-06-01", orders_30d=3)
    assert first != evidence(open_complaint_since="2024-05-01")


@pytest.mark.parametrize("facts", [{"failed": True}, {"person": "offered"}, {"person": "unasked"}])
def test_what_is_of_the_moment_is_another_suggestion_on_another_day(facts: dict[str, Any]) -> None:
    today, tomorrow = (suggestions(WORDS, ROUTINE | facts | {"day": day}) for day in ("2024-05-01", "2024-05-02"))
    assert [one.rule for one in today] == [one.rule for one in tomorrow] != []
    assert not {one.evidence for one in today} & {one.evidence for one in tomorrow}


@given(st.permutations(["c-1", "c-2", "c-3"]))
def test_the_order_of_what_a_fact_holds_makes_no_other_suggestion(events: list[str]) -> None:
    found = suggestions(WORDS, ROUTINE | {"expired": ("personalisation",), "expired_events": tuple(events)})
    assert [one.evidence for one in found] == [("ask_for_consent_again", "expired_events=c-1,c-2,c-3")]


def test_the_reasons_of_a_suggestion_are_facts_that_were_given_and_no_others() -> None:
    (one,) = suggestions(WORDS, ROUTINE | {"open_complaint": True, "amount_365d": 12})
    assert one.reasons == {"open_complaint": True}


def test_the_rules_name_facts_and_values_that_there_are() -> None:
    values: dict[str, set[Any]] = {
        "actor": {"bot", "advisor", "customer"},
        "acts": set(Acts),
        "person": set(Person),
        "level": set(Level),
        "zone": set(Zone),
        "emotion": set(SCALES["emotion"]),
        "withheld": set(Category),
        "offers": {"permitted", "refused", "not_permitted"},
        "failed": {True, False},
        "restricted": {True, False},
    }
    rules = [*WORDS.bans, *WORDS.suggestions]
    assert len({rule.id for rule in rules}) == len(rules)
    for rule in rules:
        named = {*rule.when, *getattr(rule, "evidence", ())}
        assert named <= ROUTINE.keys() | CATEGORIES.keys(), rule.id
        for fact, asked in rule.when.items():
            assert set(asked) <= values.get(fact, set(asked)), (rule.id, fact)
    assert not ROUTINE.keys() & CATEGORIES.keys(), "a feature would be taken for a fact of the request"


def test_a_file_with_anything_wrong_is_refused_by_its_line(tmp_path: Path) -> None:
    text = PUBLISHED.read_text(encoding="utf-8")
    changed = tmp_path / "changed.yml"
    for right, wrong in (("indicator: warning", "indicator: loud"), ("evidence: [expired_events]", "evidence: []")):
        changed.write_text(text.replace(right, wrong, 1), encoding="utf-8")
        line = text.partition(right)[0].count("\n") + 1
        with pytest.raises(UnreadableFile, match=f"changed.yml:{line}: "):
            load_words(changed)
    changed.write_text(text.replace("Une réclamation est ouverte, parlez-en d’abord.", "x" * 141), encoding="utf-8")
    with pytest.raises(UnreadableFile, match="140"):
        load_words(changed)
