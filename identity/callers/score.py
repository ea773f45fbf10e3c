"""How likely each candidate is the caller, under the batch's person model: pure.

A profile's records are what its person has said before. A group of fields weighs by the mean of its Bayes factors
over the records that tell of it, and over the readings of what was heard by their shares. The caller is one of the
people on file (KNOWN), a stranger, or an unrecorded housemate or namesake of somebody on file: the rivals of the
person model. So a household's shared surname, address and phone never add up to one confident match.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp2, log2
from typing import Any

from identity.callers.hypotheses import CallerHypotheses, Variant
from identity.callers.places import place_bits
from identity.matching.comparisons import BY_NAME
from identity.matching.levels import gamma
from identity.matching.model import FieldEvidence, PersonModel, explain
from identity.matching.name_parts import given_names_compatible
from identity.matching.sharing import by_class, sharing_class

KNOWN = 0.9
"""How many callers are on file."""

STATED = 0.95
"""How often a caller states a number without a mistake."""

AGREES = 1.0
"""Bits from which a group of fields counts as agreeing."""

HALF = 0.5 - 1e-9
SMALLEST_TOWN = 10_000
"""However few are on file, callers come from a town of this many: one name there is no proof."""

Columns = Mapping[str, Any]
Bits = tuple[float, float, float]
"""Against strangers, housemates and namesakes."""

NOTHING: Bits = (0.0, 0.0, 0.0)
_GROUPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # group: its comparisons, and the columns of a record that they read
    "name": (
        ("given_name", "middle_name", "family_name", "mailbox_and_name"),
        ("given", "middle", "middle_words", "family", "initial", "mailbox_letters"),
    ),
    "birth_date": (("birth",), ("birth", "birth_year", "year_hint")),
    "address": (("address",), ("street", "unit", "postcode", "city")),
    "email": (("email",), ("email", "emails")),
    "phone": (("phone",), ("phone", "phones")),
}
_SHARED = {"email": "emails", "phone": "phones"}


@dataclass(frozen=True)
class Candidate:
    """A profile that may be the caller's, with the comparison columns of its records."""

    profile_id: str
    records: Sequence[Columns]


@dataclass(frozen=True)
class ScoredCandidate:
    """A candidate with its probability; `agreeing` are the groups that speak for it, `exact` those heard exactly so."""

    candidate: Candidate
    probability: float
    agreeing: frozenset[str]
    exact: frozenset[str]


@dataclass(frozen=True)
class Ranking:
    """The candidates, likeliest first, and how likely the caller is none of them."""

    scored: Sequence[ScoredCandidate]
    none: float


class Scorer:
    """Scores callers under one model."""

    def __init__(self, model: PersonModel) -> None:
        self._model = model
        self._quiet = {f"gamma_{name}": -1 for name in model.comparisons} | {
            "given_frequency": None,
            "family_frequency": None,
            "birth_frequency": None,
        }
        self._evidence: Callable[..., Bits] = lru_cache(maxsize=100_000)(self._bits_of_level)

    def rank(self, heard: CallerHypotheses, candidates: Sequence[Candidate], profiles: int) -> Ranking:
        """Posterior probabilities over the candidates and none of them, among so many profiles."""
        profiles = max(profiles, SMALLEST_TOWN)
        prior, unknown = KNOWN / profiles, 1 - KNOWN
        classes = {name: _classes(heard, name, column, candidates) for name, column in _SHARED.items()}
        numbers = _holders(heard, candidates)
        memory: dict[Any, Bits | None] = {}
        weights: list[float] = []
        rest = unknown
        details = []
        for candidate in candidates:
            by_group = {
                name: self._group(name, found, candidate, classes.get(name, {}), memory)
                for name, found in heard.groups.items()
                if name != "number"
            }
            by_group["number"] = _number(heard, candidate, numbers, profiles)
            strangers, housemates, namesakes = (sum(bits[i] for bits in by_group.values()) for i in range(3))
            weights.append(prior * exp2(strangers))
            share = unknown / profiles / self._model.matches
            rest += share * self._model.housemates * exp2(strangers - housemates)
            rest += share * self._model.namesakes * exp2(strangers - namesakes)
            details.append(by_group)
        total = rest + sum(weights)
        scored = [
            ScoredCandidate(
                candidate,
                weight / total,
                frozenset(name for name, bits in by_group.items() if bits[0] >= AGREES)
                - _contradicted(heard, candidate),
                _exact(heard, candidate),
            )
            for candidate, weight, by_group in zip(candidates, weights, details, strict=True)
        ]
        return Ranking(sorted(scored, key=lambda one: (-one.probability, one.candidate.profile_id)), rest / total)

    def _group(
        self,
        name: str,
        variants: Sequence[Variant],
        candidate: Candidate,
        classes: Mapping[str, str],
        memory: dict[Any, Bits | None],
    ) -> Bits:
        columns = _GROUPS[name][1]
        told = []
        for record in _telling(name, candidate.records):
            key = (name, *(_hashable(record[column]) for column in columns))
            if key not in memory:
                memory[key] = self._reading(name, variants, _with_classes(name, record, classes), classes)
            if (bits := memory[key]) is not None:
                told.append(bits)
        if not told:
            return NOTHING
        strangers, housemates, namesakes = (log2(sum(map(exp2, bits)) / len(told)) for bits in zip(*told, strict=True))
        return strangers, housemates, namesakes

    def _reading(
        self, name: str, variants: Sequence[Variant], record: Columns, classes: Mapping[str, str]
    ) -> Bits | None:
        """What one record says of all readings; None where it tells nothing."""
        told = False
        factors = [0.0, 0.0, 0.0]
        for variant in variants:
            heard = _with_classes(name, variant.columns, classes)
            sums = [0.0, 0.0, 0.0]
            if name == "address" and not (heard["street"] and record["street"]):
                if (place := place_bits(self._model, heard, record)) is not None:
                    told, sums = True, [place[0], place[1], place[1]]
                comparisons: tuple[str, ...] = ()
            else:
                comparisons = _GROUPS[name][0]
            for comparison in comparisons:
                level = gamma(BY_NAME[comparison])(heard, record)
                if level < 0:
                    continue
                told = True
                columns = {"name": ("tf_given", "tf_family"), "birth_date": (None, None, "tf_birth")}.get(name, ())
                known = [column and _greatest(heard, record, column) for column in columns]
                for i, bits in enumerate(self._evidence(comparison, level, *known)):
                    sums[i] += bits
            for i in range(3):
                factors[i] += variant.weight * exp2(max(-60.0, min(60.0, sums[i])))
        if not told:
            return None
        silent = max(0.0, 1 - sum(variant.weight for variant in variants))  # heard wrong altogether: says nothing
        strangers, housemates, namesakes = (log2(factor + silent) for factor in factors)
        return strangers, housemates, namesakes

    def _bits_of_level(self, comparison: str, level: int, *frequencies: float | None) -> Bits:
        told = dict(zip(("given_frequency", "family_frequency", "birth_frequency"), frequencies, strict=False))
        vector = self._quiet | told | {f"gamma_{comparison}": level}
        found: FieldEvidence = explain(self._model, vector)[0]
        return found.against_strangers, found.against_housemates, found.against_namesakes


def _telling(group: str, records: Sequence[Columns]) -> Sequence[Columns]:
    """A record with a surname alone would hide what the profile's others say of the given name."""
    whole = [record for record in records if record["given"] and record["family"]] if group == "name" else []
    return whole or records


def _contradicted(heard: CallerHypotheses, candidate: Candidate) -> frozenset[str]:
    """The name, where the given name that was heard can be none of the profile's: a twin shares all the rest."""
    variants = [variant for variant in heard.groups.get("name", ()) if variant.columns["given"]]
    known = {record["given"] for record in candidate.records if record["given"]}
    compatible = sum(
        variant.weight
        for variant in variants
        if any(given_names_compatible(variant.columns["given"], given) for given in known)
    )
    said = sum(variant.weight for variant in variants)
    return frozenset({"name"}) if known and compatible < said / 2 else frozenset()


def _greatest(one: Columns, other: Columns, column: str) -> float | None:
    known = [value for value in (one[column], other[column]) if value is not None]
    return max(known) if known else None


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _classes(heard: CallerHypotheses, group: str, column: str, candidates: Sequence[Candidate]) -> dict[str, str]:
    """How widely each value that was heard is shared among those who hold it."""
    wanted = {value for variant in heard.groups.get(group, ()) for value in variant.columns[column] or ()}
    return {
        value: sharing_class(
            (record["given"], record["birth"])
            for candidate in candidates
            for record in candidate.records
            if value in (record[column] or ())
        )
        for value in wanted
    }


def _with_classes(group: str, columns: Columns, classes: Mapping[str, str]) -> Columns:
    if group not in _SHARED:
        return columns
    return {**columns, **by_class(group, columns[_SHARED[group]], classes)}


def _holders(heard: CallerHypotheses, candidates: Sequence[Candidate]) -> dict[str, int]:
    """How many candidates hold each number that was heard: whoever holds it is a candidate."""
    wanted = {one for variant in heard.groups.get("number", ()) for one in variant.columns["external_ids"] or ()}
    return {
        number: sum(any(number in (record["external_ids"] or ()) for record in one.records) for one in candidates)
        for number in wanted
    }


def _number(heard: CallerHypotheses, candidate: Candidate, holders: Mapping[str, int], profiles: int) -> Bits:
    """A stated number finds its holders; channels rarely share one, so the model's own levels say too little of it."""
    variants = heard.groups.get("number", ())
    if not variants:
        return NOTHING
    held = {number for record in candidate.records for number in record["external_ids"] or ()}
    kinds = {number.partition(":")[0] for number in held}
    against = [0.0, 0.0]
    for variant in variants:
        said = set(variant.columns["external_ids"] or ())
        shared = said & held
        if shared:
            fewest = min(holders[number] for number in shared)
            factors = (STATED * profiles / fewest, STATED / (1 - STATED))
        else:
            other = any(number.partition(":")[0] in kinds for number in said)
            factors = (1 - STATED, 1.0) if other else (1.0, 1.0)
        against = [sum_ + variant.weight * factor for sum_, factor in zip(against, factors, strict=True)]
    silent = max(0.0, 1 - sum(variant.weight for variant in variants))
    strangers, others = (log2(factor + silent) for factor in against)
    return strangers, others, others


def _exact(heard: CallerHypotheses, candidate: Candidate) -> frozenset[str]:
    """The groups of which half of the readings or more is, letter by letter, what a record has.

    Half: `12/03/1984` is two dates, and only one of them can be meant.
    """
    found = set()
    columns = {"birth_date": "birth", "email": "emails", "phone": "phones", "number": "external_ids"}
    for name, column in columns.items():
        held = {value for record in candidate.records for value in _listed(record[column])}
        same = sum(
            variant.weight
            for variant in heard.groups.get(name, ())
            if any(value in held for value in _listed(variant.columns[column]))
        )
        if same >= HALF:
            found.add(name)
    return frozenset(found)


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []
