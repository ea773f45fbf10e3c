"""Which field to ask for next: the one whose answer would tell most about who is calling."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from math import log2
from typing import Any

from identity.callers.score import Ranking, ScoredCandidate

# Field -> the comparison column that its answer would be compared in, and how many callers know the answer.
_ASKED: dict[str, tuple[str, float]] = {
    "given_name": ("given", 0.99),
    "family_name": ("family", 0.99),
    "birth_date": ("birth", 0.97),
    "postcode": ("postcode", 0.95),
    "city": ("city", 0.95),
    "street": ("street_name", 0.9),
    "phone": ("phones", 0.85),
    "email": ("emails", 0.75),
    "number": ("external_ids", 0.4),
}
ORDER = ("family_name", "birth_date", "postcode", "given_name", "phone", "email", "street", "number")
"""What is asked while there is nobody to tell apart: it must not depend on who is on file."""

TELLS = 0.02
"""Bits below which an answer would tell nothing."""


def next_field(ranking: Ranking, heard: Collection[str], lacking: Sequence[str]) -> str | None:
    """The field with the greatest expected information gain that was not heard; else one of `lacking`, by their order.

    `lacking` are fields that verification still needs.
    """
    gains = {
        name: known * information_gain(ranking, column) for name, (column, known) in _ASKED.items() if name not in heard
    }
    best = max(gains, key=lambda name: gains[name], default=None)
    if best is not None and gains[best] >= TELLS:
        return best
    return next((name for name in lacking if name not in heard), None)


def first_field(heard: Collection[str]) -> str | None:
    """What to ask where nobody is in question, by what was heard alone."""
    return next((name for name in ORDER if name not in heard), None)


def information_gain(ranking: Ranking, column: str) -> float:
    """Expected bits about who is calling, of the answer to a question about this column.

    A candidate would answer any of their values, as often as their records have it; one without a value, and a caller
    who is none of them, may answer anything: such answers tell nothing.
    """
    answers = [(one.probability, _answers(one, column)) for one in ranking.scored]
    silent = sum(probability for probability, values in answers if not values) + ranking.none
    telling = [(probability, values) for probability, values in answers if values]
    mass = sum(probability for probability, _ in telling)
    if mass <= 0:
        return 0.0
    joint: dict[Any, list[float]] = defaultdict(list)
    for probability, values in telling:
        for value, share in values.items():
            joint[value].append(probability / mass * share)
    before = _entropy([probability / mass for probability, _ in telling])
    after = sum(sum(cell) * _entropy([part / sum(cell) for part in cell]) for cell in joint.values())
    return (1 - silent) * max(0.0, before - after)


def _answers(one: ScoredCandidate, column: str) -> Mapping[str, float]:
    counts: Counter[str] = Counter()
    for record in one.candidate.records:
        value = record[column]
        for held in value if isinstance(value, list) else [value] if value else []:
            counts[held] += 1
    total = counts.total()
    return {value: count / total for value, count in counts.items()}


def _entropy(shares: Sequence[float]) -> float:
    return -sum(share * log2(share) for share in shares if share > 0)
