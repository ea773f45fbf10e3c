"""Which suggestions and bans follow from the facts that may be used."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engagement.dial.precedence import Acts
from engagement.next_step.words import Ban, NextStepWords, SuggestionRule

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Suggestion:
    """A rule that holds, the facts it rests on, and the facts that make it another suggestion when they change."""

    rule: SuggestionRule
    reasons: Facts
    evidence: tuple[str, ...]


def suggestions(words: NextStepWords, facts: Facts) -> list[Suggestion]:
    """What to suggest to whoever serves: nothing to the served, and nothing to a machine where a person has to act."""
    if facts["actor"] == "customer" or (facts["actor"] == "bot" and facts["acts"] != Acts.MACHINE):
        return []
    return [
        Suggestion(
            rule,
            {name: facts[name] for name in {**rule.when, **dict.fromkeys(rule.evidence)} if name in facts},
            (rule.id, *(f"{name}={_told(facts.get(name))}" for name in rule.evidence)),
        )
        for rule in words.suggestions
        if rule.holds(facts)
    ]


def bans(words: NextStepWords, facts: Facts) -> list[Ban]:
    """What must not be said or offered."""
    return [ban for ban in words.bans if ban.holds(facts)]


def _told(value: Any) -> str:
    """A fact as text, in one way whatever order it came in."""
    return ",".join(sorted(map(str, value))) if isinstance(value, tuple | frozenset) else str(value)
