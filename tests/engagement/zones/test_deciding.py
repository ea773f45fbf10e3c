"""Every rule that matches is reported, the highest priority decides; of several intents the most human zone wins."""

import json
from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError

from engagement.zones.deciding import UnknownInput, Zones
from engagement.zones.rule_file import shipped
from engagement.zones.situation import RANK, Situation, Zone, routine

DATA = Path(__file__).parents[4] / "shared/data"
BANK = Zones(shipped("banking"))


def situation(intent: str = "card_arrival", **said: object) -> Situation:
    return Situation.model_validate(routine(intent).model_dump() | said)


def test_what_is_routine_is_automated_and_the_reason_is_told_in_two_languages() -> None:
    found = BANK.decide([situation()])
    assert (found.zone, found.rule, found.matched) == (Zone.EFFICIENCY, "routine", ("routine",))
    assert found.reason == {"fr": "C’est une démarche courante.", "en": "This is routine."}


def test_all_rules_that_match_are_reported_by_priority_and_the_first_decides() -> None:
    found = BANK.decide([situation(attempts=3, emotion="frustrated", risk="medium", vulnerability="known")])
    assert found.zone is Zone.TRADITIONAL and found.rule == found.matched[0] == "vulnerable_and_at_risk"
    assert found.matched[1:] == (
        "tried_three_times", "frustrated_after_a_failure", "known_to_be_vulnerable", "tried_twice", "frustrated",
        "some_risk", "routine",
    )  # fmt: skip


def test_the_most_human_of_several_intents_counts_whatever_their_order() -> None:
    several = [situation("card_arrival"), situation("lost_or_stolen_card"), situation("atm_support")]
    assert {BANK.decide(order).rule for order in (several, several[::-1])} == {"money_in_danger"}


@pytest.mark.parametrize("dial", [100, 50, 20, 0])
def test_where_the_dial_stands_is_honoured(dial: int) -> None:
    expected = {100: Zone.EFFICIENCY, 50: Zone.ENHANCEMENT, 20: Zone.TRADITIONAL, 0: Zone.TRADITIONAL}
    assert BANK.decide([situation(dial=dial)]).zone is expected[dial]


def test_an_intent_or_product_that_nobody_knows_is_refused_and_not_repeated() -> None:
    with pytest.raises(UnknownInput, match="intent: expected one of the banking rules, found another"):
        BANK.decide([situation("zoe@inbox.example")])
    with pytest.raises(UnknownInput, match=r"product: expected one of card, account, .*, or null, found another"):
        BANK.decide([situation(product="boat")])
    with pytest.raises(UnknownInput, match="expected at least one intent"):
        BANK.decide([])


@pytest.mark.parametrize("name", sorted(Situation.model_fields))
def test_an_input_that_is_missing_is_refused_and_null_is_no_word(name: str) -> None:
    said = routine("card_arrival").model_dump()
    with pytest.raises(ValidationError, match=f"{name}\n  Field required"):
        Situation.model_validate({key: value for key, value in said.items() if key != name})
    if name in ("product", "value", "milestone", "dial"):
        BANK.decide([Situation.model_validate(said | {name: None})])
    else:
        with pytest.raises(ValidationError):
            Situation.model_validate(said | {name: None})


def test_all_intents_of_a_banks_bot_have_a_rule() -> None:
    intents = Counter(json.loads(line)["intent"] for line in (DATA / "anytown/chat.jsonl").open(encoding="utf-8"))
    assert len(intents) == 77
    zones = {intent: BANK.decide([routine(intent)]).zone for intent in intents}
    assert set(zones.values()) == set(Zone)


@pytest.mark.parametrize(("file", "sector"), [("banking", "banking"), ("hotels", "hospitality")])
def test_messages_of_several_intents_go_where_the_most_human_of_them_goes(file: str, sector: str) -> None:
    zones, several = Zones(shipped(sector)), 0
    for line in (DATA / f"nlupp/{file}.jsonl").open(encoding="utf-8"):
        situations = [routine(intent) for intent in json.loads(line)["intents"]]
        if situations:
            several += len(situations) > 1
            alone = [zones.decide([one]).zone for one in situations]
            assert zones.decide(situations).zone is max(alone, key=RANK.__getitem__)
    assert several > 500
