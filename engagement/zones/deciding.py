"""Puts interactions into zones: the rules as a decision table of GoRules' zen engine, in collect mode."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import zen

from engagement.zones.rule_file import Between, Rule, Rules
from engagement.zones.situation import RANK, Situation, Zone

INPUTS = ("topic", "intent", "product", "risk", "value", "emotion", "attempts", "vulnerability", "milestone", "dial")


class UnknownInput(ValueError):
    """An intent or product that the sector's rules do not know."""


@dataclass(frozen=True)
class Outcome:
    """The zone of an interaction, the rule that decided, and all rules that matched, by priority."""

    zone: Zone
    rule: str
    matched: tuple[str, ...]
    reason: Mapping[str, str]
    """By language."""


class Zones:
    """The rules of a sector, ready to decide."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._by_id = {rule.id: rule for rule in rules.rules}
        self._table = zen.ZenEngine().create_decision(json.dumps(decision_table(rules.rules)))
        self._decided = lru_cache(maxsize=4_096)(self._decide)

    def decide(self, situations: Iterable[Situation]) -> Outcome:
        """The most human outcome of a message's intents; of two alike, the one of the higher priority."""
        outcomes = [self._decided(situation) for situation in situations]
        if not outcomes:
            raise UnknownInput("expected at least one intent, found none")
        return max(outcomes, key=lambda one: (RANK[one.zone], self._by_id[one.rule].priority))

    def _decide(self, situation: Situation) -> Outcome:
        topic = self.rules.topic_of.get(situation.intent)
        if topic is None:
            raise UnknownInput(f"intent: expected one of the {self.rules.sector} rules, found another")
        if situation.product is not None and situation.product not in self.rules.products:
            expected = ", ".join(self.rules.products) or "null"
            raise UnknownInput(f"product: expected one of {expected}, or null, found another")
        found = self._table.evaluate(situation.model_dump() | {"topic": topic})["result"]
        matched = sorted((self._by_id[one["rule"]] for one in found), key=lambda rule: (-rule.priority, rule.id))
        if not matched:
            raise LookupError(f"{self.rules.sector}: expected a rule for every situation, found none; check the file")
        first = matched[0]
        return Outcome(first.zone, first.id, tuple(rule.id for rule in matched), first.because.model_dump())


def decision_table(rules: Iterable[Rule]) -> dict[str, Any]:
    """The rules in GoRules' JSON decision model: a graph of one table."""
    table = {
        "hitPolicy": "collect",
        "inputs": [{"id": name, "name": name, "field": name} for name in INPUTS],
        "outputs": [{"id": "rule", "name": "rule", "field": "rule"}],
        "rules": [
            {"_id": rule.id, **{name: cell(getattr(rule.when, name)) for name in INPUTS}, "rule": json.dumps(rule.id)}
            for rule in rules
        ],
    }
    at = {"position": {"x": 0, "y": 0}}
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode", **at},
        {"id": "table", "name": "table", "type": "decisionTableNode", "content": table, **at},
        {"id": "out", "name": "out", "type": "outputNode", **at},
    ]
    edges = [
        {"id": f"{one}-{other}", "type": "edge", "sourceId": one, "targetId": other}
        for one, other in (("in", "table"), ("table", "out"))
    ]
    return {"nodes": nodes, "edges": edges}


def cell(asked: Between | list[Any] | None) -> str:
    """What a rule asks of one input, as the engine's unary test; an empty one takes everything."""
    if asked is None:
        return ""
    if isinstance(asked, list):
        return ", ".join(json.dumps(one) for one in asked)
    ends = [("$ >= ", asked.at_least), ("$ <= ", asked.at_most)]
    return " and ".join(["$ != null", *(f"{sign}{end}" for sign, end in ends if end is not None)])
