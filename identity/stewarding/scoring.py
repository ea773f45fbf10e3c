"""The batch's scoring for a few pairs."""

from collections.abc import Mapping
from dataclasses import dataclass

from identity.matching.comparisons import Columns
from identity.matching.levels import Vector
from identity.matching.model import PersonModel, explain, weight
from identity.stewarding.reassignment import Pair


@dataclass(frozen=True)
class ScoredPair:
    """Records as they are compared, with the vectors of the pairs that a batch would look at."""

    columns: Mapping[str, Columns]
    vectors: Mapping[Pair, Vector]


def weights(model: PersonModel, vectors: Mapping[Pair, Vector]) -> dict[Pair, float]:
    """The match weight of each pair."""
    return {of: weight(model, explain(model, said)) for of, said in vectors.items()}
