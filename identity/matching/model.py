"""The person model: m, u and household probabilities per level, as versioned JSON, and the weights they give a pair.

A pair of records is one person's, two housemates' or two strangers' (the three-class mixture of Larsen and Rubin 2001,
"Iterative automated record linkage using mixture models"). Against strangers a pair's weight is Fellegi and Sunter's;
against housemates only what a household does not share counts; against namesakes in a household (a father and son of
one name) only birth dates and what is each one's own. A match must beat all three.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from math import log2
from pathlib import Path

from identity.matching.comparisons import BY_NAME, COMPARISONS, INITIAL_FREQUENCY

SHIPPED = Path(__file__).parent / "models" / "person.json"

# The levels whose u is a value's own frequency: comparison -> level -> a factor, and the columns of frequencies.
_FREQUENCY_LEVELS: dict[str, dict[str, tuple[float, tuple[str, ...]]]] = {
    "given_name": {"exact": (1.0, ("given_frequency",))},
    "family_name": {"exact": (1.0, ("family_frequency",))},
    "birth": {"exact": (1.0, ("birth_frequency",))},
    "mailbox_and_name": {
        "whole name": (1.0, ("given_frequency", "family_frequency")),
        "initial and name": (INITIAL_FREQUENCY, ("family_frequency",)),
        "given name": (1.0, ("given_frequency",)),
        "initial": (INITIAL_FREQUENCY, ()),
        "family name": (1.0, ("family_frequency",)),
    },
}
_LEAST_FREQUENCY = 1e-7


@dataclass(frozen=True)
class Level:
    """Probabilities of a level among pairs of one person (m), of strangers (u) and of two housemates."""

    label: str
    m: float
    u: float
    household: float


@dataclass(frozen=True)
class PersonModel:
    """Everything that scoring needs, frozen; `matches`, `housemates` and `namesakes` are shares of all pairs."""

    version: str
    trained_at: str
    records: int
    pairs: int
    matches: float
    housemates: float
    namesakes: float
    comparisons: dict[str, tuple[Level, ...]]
    learned: bool = True
    """Whether m is of the lake's own matches; else it is the shipped model's, since there were too few of them."""

    bars: str = "dates"
    """What of `APART` keeps two records apart."""

    def save(self, path: Path) -> None:
        """Writes the model as a JSON file."""
        path.write_text(as_json(self), encoding="utf-8")


def as_json(model: PersonModel) -> str:
    """The model as JSON."""
    return json.dumps(asdict(model), indent=1, ensure_ascii=False) + "\n"


def load(path: Path = SHIPPED) -> PersonModel:
    """The model of a JSON file."""
    return from_json(path.read_text(encoding="utf-8"))


def from_json(text: str) -> PersonModel:
    """The model that was written as JSON; ValueError where its levels are not the ones that this code compares."""
    found = json.loads(text)
    found["comparisons"] = {
        name: tuple(Level(**level) for level in levels) for name, levels in found["comparisons"].items()
    }
    model = PersonModel(**found)
    expected = {comparison.name: comparison.labels for comparison in COMPARISONS}
    levels = {name: [level.label for level in levels] for name, levels in model.comparisons.items()}
    if levels != expected:
        differing = sorted(name for name in expected | levels if expected.get(name) != levels.get(name))
        raise ValueError(
            f"model {model.version}: expected the levels of comparisons.py, found others in {differing}; train it again"
        )
    return model


def weights_sql(model: PersonModel, vectors: str, dialect: str = "duckdb") -> str:
    """SELECT of `vectors` with `against_strangers`, `_housemates`, `_namesakes` (bits without priors) and `weight`.

    `weight` is the log2 odds that the pair is one person; runs on DuckDB and Spark.
    """
    sums: dict[str, list[str]] = {"strangers": [], "housemates": [], "namesakes": []}
    for comparison in COMPARISONS:
        gamma = f"gamma_{comparison.name}"
        weakest_first = model.comparisons[comparison.name][::-1]
        bits = [_bits(comparison.name, level) for level in weakest_first]
        for rival, terms in sums.items():
            if any(found[rival] for found in bits):
                terms.append(_lookup_sql(f"{gamma} + 2", [0.0, *(found[rival] for found in bits)], dialect))
            adjusted = [
                f"when {number} then {adjustment}"
                for number, level in enumerate(weakest_first)
                if rival in _adjusted(comparison.name, level)
                and (adjustment := _adjustment_sql(comparison.name, level))
            ]
            if adjusted:
                terms.append(f"case {gamma} {' '.join(adjusted)} else 0 end")
    columns = ", ".join(f"cast({' + '.join(lines)} as double) as against_{rival}" for rival, lines in sums.items())
    odds = " + ".join(
        f"pow(2, -greatest(-60, least(60, against_{rival} + {bits!r})))" for rival, bits in prior_bits(model).items()
    )
    return f"select *, -log2({odds}) as weight from (select *, {columns} from ({vectors}) v) w"


def prior_bits(model: PersonModel) -> dict[str, float]:
    """log2 of how much more pairs are matches than each rival explanation."""
    return {
        "strangers": log2(model.matches / (1 - model.matches)),
        "housemates": log2(model.matches / model.housemates),
        "namesakes": log2(model.matches / model.namesakes),
    }


def _bits(comparison: str, level: Level) -> dict[str, float]:
    stranger, housemate = log2(level.m / level.u), log2(level.m / level.household)
    said_of_name = BY_NAME[comparison].of_person and comparison != "national_id"
    namesake = stranger if comparison == "birth" else 0.0 if said_of_name else housemate
    return {"strangers": stranger, "housemates": housemate, "namesakes": namesake}


def _adjusted(comparison: str, level: Level) -> tuple[str, ...]:
    """The explanations under which the level's term frequency counts.

    Housemates' surnames agree because they are housemates, not because the surname is common.
    """
    if comparison == "birth":
        return ("strangers", "housemates", "namesakes")
    with_housemates = BY_NAME[comparison].of_person and level.label not in dict(BY_NAME[comparison].of_family)
    return ("strangers", "housemates") if with_housemates else ("strangers",)


def _lookup_sql(place: str, values: list[float], dialect: str) -> str:
    """The value at a place, from 1; a CASE of as many lines takes six times as long."""
    listed = ", ".join(f"cast({value!r} as double)" for value in values)
    return f"element_at(array({listed}), {place})" if dialect == "spark" else f"list_extract([{listed}], {place})"


def _adjustment_sql(comparison: str, level: Level) -> str:
    """Term-frequency adjustment: the level's average u replaced by the frequency of the very value."""
    if level.label not in _FREQUENCY_LEVELS.get(comparison, {}):
        return ""
    factor, columns = _FREQUENCY_LEVELS[comparison][level.label]
    frequency = " * ".join([repr(factor), *columns])
    return f"{log2(level.u)!r} - log2(greatest({_LEAST_FREQUENCY}, coalesce({frequency}, {level.u!r})))"


@dataclass(frozen=True)
class FieldEvidence:
    """What one comparison says of a pair: its level in words, and its bits against each other explanation."""

    field: str
    level: str
    against_strangers: float
    against_housemates: float
    against_namesakes: float


def explain(model: PersonModel, vector: Mapping[str, float | int | None]) -> list[FieldEvidence]:
    """The evidence of a row of `weights_sql`'s input, field by field, strongest first; the sums are its weights.

    What is missing from the row says nothing.
    """
    found = []
    for name, levels in model.comparisons.items():
        gamma = int(vector.get(f"gamma_{name}", -1) or 0)
        if gamma < 0:
            continue
        level = levels[len(levels) - 1 - gamma]
        adjustment, adjusted = _adjustment(name, level, vector), _adjusted(name, level)
        bits = {
            rival: alone + (adjustment if rival in adjusted else 0.0) for rival, alone in _bits(name, level).items()
        }
        found.append(FieldEvidence(name, level.label, bits["strangers"], bits["housemates"], bits["namesakes"]))
    return sorted(found, key=lambda one: (-abs(one.against_strangers), one.field))


def _adjustment(comparison: str, level: Level, vector: Mapping[str, float | int | None]) -> float:
    if level.label not in _FREQUENCY_LEVELS.get(comparison, {}):
        return 0.0
    frequency, columns = _FREQUENCY_LEVELS[comparison][level.label]
    for column in columns:
        value = vector.get(column)
        if value is None:
            return 0.0
        frequency *= float(value)
    return log2(level.u) - log2(max(_LEAST_FREQUENCY, frequency))


def weight(model: PersonModel, evidence: Iterable[FieldEvidence]) -> float:
    """The match weight, in bits, of what these fields say together, as `weights_sql` gives it of all of them."""
    said = list(evidence)
    sums = {
        "strangers": sum(one.against_strangers for one in said),
        "housemates": sum(one.against_housemates for one in said),
        "namesakes": sum(one.against_namesakes for one in said),
    }
    rivals = prior_bits(model)
    return -log2(sum(2.0 ** -max(-60.0, min(60.0, sums[rival] + bits)) for rival, bits in rivals.items()))


def probability(weight: float) -> float:
    """The match probability of a weight in bits."""
    return 1 / (1 + 2 ** -max(-60.0, min(60.0, weight)))
