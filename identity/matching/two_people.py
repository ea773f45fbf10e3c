"""Whether two records, or two clusters of them, are certainly two people's: the conditions of `apart`, in Python."""

from collections.abc import Collection
from functools import cache

from identity.matching.apart import FAR_BIRTHS, ONE_BEARER, ONE_BIRTH, TWO_BIRTHS, TWO_GENERATIONS
from identity.matching.comparisons import Columns, Comparison, Gamma
from identity.matching.levels import gamma

_SAID = (
    ("one bearer", ONE_BEARER),
    ("two generations", TWO_GENERATIONS),
    ("far births", FAR_BIRTHS),
    ("two births", TWO_BIRTHS),
    ("one birth", ONE_BIRTH),
    ("nothing", "true"),
)
_LABELS = tuple(label for label, _ in _SAID[::-1])


@cache
def _relation() -> Gamma:
    return gamma(Comparison("apart", "false", _SAID))


def two_people(ours: Collection[Columns], theirs: Collection[Columns], bars: str = "dates") -> bool:
    """Whether the records of two clusters are certainly two people's, by what bars them under a model.

    What is known of one of a cluster's records holds of its person: who has two dates in records that hold one number,
    of which one is mistyped, is nobody else than whoever has either.
    """
    found: set[str] = set()
    for one in ours:
        for other in theirs:
            found.add(_LABELS[_relation()(one, other)])
            if "one bearer" in found:
                return False
    if "two generations" in found:
        return True
    barring = {"dates": {"far births", "two births"}, "generations": {"far births"}}.get(bars, set())
    return "one birth" not in found and not found.isdisjoint(barring)
