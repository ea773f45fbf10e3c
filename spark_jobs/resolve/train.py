"""Estimates the person model without labels, on a sample, in DuckDB: u by random pairs, m and household by EM."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from identity.matching.comparisons import COMPARISONS, Comparison
from identity.matching.model import Level, PersonModel, weights_sql
from identity.matching.vectors import vectors_sql
from spark_jobs.resolve.what_bars import what_bars

Floats = NDArray[np.float64]

RANDOM_PAIRS = 1_000_000
MOST_TRAINING_PAIRS = 400_000
# Shipped parameters count as this many pairs, so that a level that this lake's records rarely reach keeps a sane value.
PRIOR_PAIRS = 30.0
PRIOR_RANDOM_PAIRS = 1_000.0
# The share of housemates who are twins, and of those who bear one name (children named after their parents).
TWINS = 0.015
NAMESAKES = 0.02
FEWEST_PAIRS_OF_A_BLOCKING = 50
FEWEST_MATCHES = 0.02
"""For each record, from which on a lake's own matches tell what matches are like."""
SMALLEST_POPULATION = 1_000
# Housemates for each match at least, even where no household shows.
FEWEST_HOUSEMATES = 0.02

# EM blockings: rule -> the comparisons that the rule itself decides, and that it therefore can't estimate.
BLOCKINGS: dict[str, tuple[str, ...]] = {
    "email": ("email", "mailbox_and_name"),
    "phone": ("phone",),
    "national_id": ("national_id",),
    "name_sound": ("given_name", "family_name", "mailbox_and_name"),
    "street_family": ("address", "family_name"),
    "street_initial": ("address", "given_name"),
    "birth_family": ("birth", "family_name"),
    "birth_given": ("birth", "given_name"),
    "mailbox": ("email", "mailbox_and_name"),
}


@dataclass(frozen=True)
class _Patterns:
    """The comparison vectors of one blocking, each with how many pairs have it."""

    vectors: NDArray[np.int64]
    counts: Floats
    used: list[int]


def train(records: pa.Table, pairs: pd.DataFrame, shipped: PersonModel, trained_at: str, seed: int = 1) -> PersonModel:
    """A model for the lake that `records` are a sample of.

    `records` hold comparison columns, sharing classes and term frequencies; `pairs` are left_id, right_id and `rules`
    (list of blocking rules) within the sample. Small or empty sets get the shipped parameters back, nearly unchanged.
    """
    share = min(1.0, MOST_TRAINING_PAIRS / max(1, len(pairs)))
    if share < 1:
        pairs = pairs.sample(MOST_TRAINING_PAIRS, random_state=seed).sort_index()
    with duckdb.connect() as db:
        db.execute("set threads = 2")
        # All cores walk through the pairs; left alone, one would walk through the records, which are fewer and wider.
        db.execute("set disabled_optimizers = 'build_side_probe_side'")
        db.register("records", records)
        db.register("chosen", _random_pairs(records["record_id"].to_numpy(zero_copy_only=False), seed))
        db.register("pairs", pairs[["left_id", "right_id"]])
        by_chance = db.execute(vectors_sql("chosen", "records", "duckdb")).df()
        vectors = db.execute(vectors_sql("pairs", "records", "duckdb")).df()
        patterns = _patterns(pairs[["left_id", "right_id", "rules"]].merge(vectors, on=["left_id", "right_id"]))
        db.register("by_chance", by_chance)
        db.register("vectors", vectors)
        # Where there are next to no matches, the mixture takes the likest strangers for them.
        unlearned = _fit(db, by_chance, [], share, len(records), shipped, trained_at)
        if unlearned.matches * _possible(len(records)) < FEWEST_MATCHES * len(records):
            return replace(unlearned, learned=False)
        first = _fit(db, by_chance, patterns, share, len(records), shipped, trained_at)
        # In a small set some of the random pairs are one person's, and the first model knows them.
        weighed = db.execute(weights_sql(first, "select * from by_chance")).df()
        strangers = weighed[weighed["weight"] < 0]
        fitted = _fit(db, strangers, patterns, share, len(records), shipped, trained_at)
        return replace(fitted, bars=what_bars(db, fitted))


def _fit(
    db: duckdb.DuckDBPyConnection,
    strangers: pd.DataFrame,
    patterns: list[_Patterns],
    share: float,
    records: int,
    shipped: PersonModel,
    trained_at: str,
) -> PersonModel:
    # 1. u: how often strangers agree, by random pairs.
    u = {c.name: _u(strangers[f"gamma_{c.name}"].to_numpy(), shipped.comparisons[c.name]) for c in COMPARISONS}
    # 2. m and household: EM over several blockings at once.
    m, household = _expectation_maximisation(patterns, u, shipped)
    comparisons = {
        c.name: tuple(
            Level(label, float(m[c.name][g]), float(u[c.name][g]), float(household[c.name][g]))
            for label, g in zip(c.labels, range(len(c.levels) - 1, -1, -1), strict=True)
        )
        for c in COMPARISONS
    }
    version = f"{trained_at[:10]}.{records}"
    fitted = replace(shipped, version=version, trained_at=trained_at, records=records, comparisons=comparisons)
    # 3. The prior: how many of all possible pairs are matches and housemates, by the pairs' own posteriors.
    weights = db.execute(weights_sql(fitted, "select * from vectors")).df()
    matches, housemates = _priors(weights, share, records, shipped)
    return replace(fitted, pairs=len(weights), matches=matches, housemates=housemates, namesakes=NAMESAKES * housemates)


def _random_pairs(ids: NDArray[np.object_], seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    wanted = min(RANDOM_PAIRS, len(ids) * max(0, len(ids) - 1))
    left, right = rng.integers(0, max(1, len(ids)), (2, wanted))
    kept = left < right
    return pd.DataFrame({"left_id": ids[left[kept]], "right_id": ids[right[kept]]}).drop_duplicates()


def _u(gammas: NDArray[np.int64], shipped: tuple[Level, ...]) -> Floats:
    prior = np.array([level.u for level in reversed(shipped)])
    counts = np.bincount(gammas[gammas >= 0], minlength=len(prior)) + PRIOR_RANDOM_PAIRS * prior / prior.sum() + 0.5
    return np.asarray(counts / counts.sum())


def _patterns(vectors: pd.DataFrame) -> list[_Patterns]:
    columns = [f"gamma_{c.name}" for c in COMPARISONS]
    exploded = vectors[["rules", *columns]].explode("rules")
    found = []
    for rule, decided in BLOCKINGS.items():
        block = exploded[exploded["rules"] == rule]
        if len(block) < FEWEST_PAIRS_OF_A_BLOCKING:
            continue
        counted = block.groupby(columns, sort=True).size()
        used = [i for i, c in enumerate(COMPARISONS) if c.name not in decided]
        keys = counted.index.to_frame(index=False).to_numpy(dtype=np.int64)
        found.append(_Patterns(keys, counted.to_numpy(dtype=np.float64), used))
    return found


def _expectation_maximisation(
    blockings: list[_Patterns], u: Mapping[str, Floats], shipped: PersonModel
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """m and household probabilities (index: comparison vector value), estimated jointly over the blockings.

    Each blocking has its own mixture of the three classes and leaves out what its rule decides; u stays fixed. What
    is of the person alone agrees between housemates as between strangers but for namesakes and twins: without that
    constraint the household class could take over the worse half of the matches.
    """
    prior = {
        name: (
            np.array([level.m for level in reversed(levels)]),
            np.array([level.household for level in reversed(levels)]),
        )
        for name, levels in shipped.comparisons.items()
    }
    m = {name: before[0] / before[0].sum() for name, before in prior.items()}
    household = {c.name: prior[c.name][1] / prior[c.name][1].sum() for c in COMPARISONS}
    mixtures = [np.array([0.4, 0.3, 0.3]) for _ in blockings]
    for _ in range(40):
        for c in COMPARISONS:
            if c.of_person:
                household[c.name] = _unrelated(c, u[c.name], m[c.name])
        m_counts = {name: PRIOR_PAIRS * before[0] / before[0].sum() for name, before in prior.items()}
        household_counts = {name: PRIOR_PAIRS * before[1] / before[1].sum() for name, before in prior.items()}
        for b, block in enumerate(blockings):
            # E step: the class of each comparison vector.
            logs = np.tile(np.log(mixtures[b] + 1e-12), (len(block.counts), 1))
            for i in block.used:
                name, gamma = COMPARISONS[i].name, block.vectors[:, i]
                table = np.log(np.vstack([np.append(p[name], 1.0) for p in (m, household, u)]))
                logs += table[:, gamma].T  # -1, nothing to tell, reads the appended 1
            classes = np.exp(logs - logs.max(axis=1, keepdims=True))
            classes *= (block.counts / classes.sum(axis=1))[:, None]
            # M step: what the classes show.
            mixtures[b] = classes.sum(axis=0) / block.counts.sum()
            for i in block.used:
                name, gamma = COMPARISONS[i].name, block.vectors[:, i]
                told = gamma >= 0
                size = len(m[name])
                m_counts[name] += np.bincount(gamma[told], classes[told, 0], size)
                household_counts[name] += np.bincount(gamma[told], classes[told, 1], size)
        m_before = m
        m = {name: counts / counts.sum() for name, counts in m_counts.items()}
        for c in COMPARISONS:
            if not c.of_person:
                household[c.name] = household_counts[c.name] / household_counts[c.name].sum()
        if max(float(np.abs(m[name] - m_before[name]).max()) for name in m) < 1e-4:
            break
    return m, household


def _unrelated(comparison: Comparison, u: Floats, m: Floats) -> Floats:
    """How often housemates agree in what is of the person: as strangers, but for twins and what the family shares."""
    twins = TWINS if comparison.name == "birth" else 0.0
    found = (1 - twins) * u + twins * m
    for label, share in comparison.of_family:
        gamma = len(m) - 1 - comparison.labels.index(label)
        found[gamma] = max(float(u[gamma]), share * float(m[gamma]))
    found[0] = max(1e-6, 1 - found[1:].sum())
    return np.asarray(found / found.sum())


def _possible(records: int) -> float:
    population = max(records, SMALLEST_POPULATION)
    return population * (population - 1) / 2


def _priors(weights: pd.DataFrame, share: float, records: int, shipped: PersonModel) -> tuple[float, float]:
    """The share of all possible pairs that are matches and that are housemates' (fixed point of the posteriors).

    `weights` are of a `share` of the candidate pairs of this many records.
    """
    possible = share * _possible(records)
    bits = {rival: weights[f"against_{rival}"].to_numpy() for rival in ("strangers", "housemates", "namesakes")}
    matches, sharing = shipped.matches, shipped.housemates
    for _ in range(50 if len(weights) else 0):
        priors = {"strangers": 1 - matches, "housemates": sharing, "namesakes": NAMESAKES * sharing}
        odds = {
            rival: np.exp2(-np.clip(bits[rival] + np.log2(matches / prior), -60, 60)) for rival, prior in priors.items()
        }
        matched = 1 / (1 + sum(odds.values()))
        matches = min(0.05, max(float(matched.sum()), 1.0) / possible)
        # As many housemates for each match as the shipped model has, until there are pairs enough to tell.
        found = float((matched * (odds["housemates"] + odds["namesakes"])).sum())
        ratio = (found + PRIOR_PAIRS * shipped.housemates / shipped.matches) / (float(matched.sum()) + PRIOR_PAIRS)
        sharing = max(ratio, FEWEST_HOUSEMATES) * matches
    return matches, sharing
