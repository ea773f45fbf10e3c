"""Plain Splink with a textbook setting, as its documentation would have one set it up, and its best threshold."""

import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.splink_dataframe import SplinkDataFrame

from benchmarks.scores import scores

THRESHOLDS = np.concatenate([np.linspace(0.05, 0.95, 19), [0.98, 0.99, 0.995, 0.999, 0.9999, 0.99999]])


# What it is told of a record; its times may lie beyond what pandas can hold.
COLUMNS = "record_id given_name family_name birth_date street city postcode identifiers".split()


def flat(records: pd.DataFrame) -> pd.DataFrame:
    """Standardised records with one e-mail, phone and national id a record, as plain Splink takes them."""

    def first(kind: str) -> list[str | None]:
        return [next((one["value"] for one in held if one["kind"] == kind), None) for held in records["identifiers"]]

    names = {"given_name": "first_name", "family_name": "surname"}
    frame = records[["record_id", *names, "birth_date", "street", "city", "postcode"]].rename(columns=names)
    frame["dob"] = [None if pd.isna(born) else str(born)[:10] for born in frame.pop("birth_date")]
    for column in ("first_name", "surname", "street", "city", "postcode"):
        frame[column] = frame[column].str.lower()
    held = {kind: first(kind) for kind in ("email", "phone", "national_id")}
    return frame.assign(**held).astype(object).where(lambda one: one.notna(), None)


BLOCKINGS = (
    ("email",),
    ("phone",),
    ("national_id",),
    ("first_name", "surname"),
    ("dob", "surname"),
    ("dob", "first_name"),
    ("street", "surname"),
    ("street", "first_name"),
    ("surname", "city"),
    ("first_name", "city"),
    ("dob",),
)
# Of a million records, a surname and a city are too many people's to compare each with each.
NARROW_BLOCKINGS = BLOCKINGS[:8]


# Of these a set is asked only for the columns that it has.
EXACT = ("phone", "national_id", "city", "postcode")
CERTAIN = (("email", "first_name"), ("national_id", "first_name"), ("first_name", "surname", "dob"))
TRAINED_ON = (("first_name", "surname"), ("dob",), ("email",), ("national_id",))
ADVISED_PAIRS = 1e8
"""Random pairs for u: of fewer, Splink warns, and advises this or ten times as many."""


def predicted_pairs(
    frame: pd.DataFrame,
    blockings: Sequence[tuple[str, ...]],
    seconds: dict[str, float],
    random_pairs: float = ADVISED_PAIRS,
) -> tuple[Linker, SplinkDataFrame]:
    """Trains and predicts on DuckDB; adds the seconds of both."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    start = time.perf_counter()
    comparisons = {
        "first_name": cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
        "surname": cl.NameComparison("surname").configure(term_frequency_adjustments=True),
        "dob": cl.DateOfBirthComparison("dob", input_is_string=True),
        "email": cl.EmailComparison("email"),
        "street": cl.JaroWinklerAtThresholds("street", [0.9, 0.8]),
        **{name: cl.ExactMatch(name).configure(term_frequency_adjustments=True) for name in EXACT},
    }

    def rules(of: Sequence[tuple[str, ...]]) -> list[Any]:
        return [block_on(*columns) for columns in of if _bring_together(frame, columns)]

    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[comparison for name, comparison in comparisons.items() if frame[name].nunique() > 1],
        blocking_rules_to_generate_predictions=rules(blockings),
    )
    api = DuckDBAPI()
    linker = Linker(api.register(frame), settings)
    if certain := rules(CERTAIN):
        linker.training.estimate_probability_two_random_records_match(certain, recall=0.6)
    linker.training.estimate_u_using_random_sampling(max_pairs=random_pairs, seed=1)
    for rule in rules(TRAINED_ON):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    seconds["train"] = round(time.perf_counter() - start, 2)
    start = time.perf_counter()
    predicted = linker.inference.predict(threshold_match_probability=0.01)
    seconds["predict"] = round(time.perf_counter() - start, 2)
    return linker, predicted


def _bring_together(frame: pd.DataFrame, columns: tuple[str, ...]) -> bool:
    return bool(frame[list(columns)].dropna().duplicated().any())


def plain_splink(records: pd.DataFrame, person_of: Mapping[str, str]) -> dict[str, Any]:
    """Scores at the best of several thresholds, which is picked with the truth in hand."""
    seconds: dict[str, float] = {}
    linker, predicted = predicted_pairs(flat(records), BLOCKINGS, seconds)
    best: dict[str, Any] = {}
    start = time.perf_counter()
    for threshold in THRESHOLDS:
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, float(threshold))
        found = _rows(clusters)
        cluster_of = dict(zip(found["record_id"], found["cluster_id"].astype(str), strict=True))
        scored = scores(cluster_of, person_of)
        if scored["f1"] > best.get("f1", -1.0):
            largest = max(Counter(cluster_of.values()).values())
            counts = {"records": len(cluster_of), "clusters": len(set(cluster_of.values())), "largest_cluster": largest}
            best = {"threshold": float(threshold), **counts, **scored}
    seconds["cluster"] = round((time.perf_counter() - start) / len(THRESHOLDS), 2)
    return {**best, "seconds": seconds | {"total": round(sum(seconds.values()), 2)}}


def plain_splink_seconds(records: pd.DataFrame, random_pairs: float) -> dict[str, float]:
    """How long training, prediction and clustering at one threshold take."""
    seconds: dict[str, float] = {}
    linker, predicted = predicted_pairs(flat(records), NARROW_BLOCKINGS, seconds, random_pairs)
    start = time.perf_counter()
    _rows(linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, 0.95))
    seconds["cluster"] = round(time.perf_counter() - start, 2)
    return seconds | {"total": round(sum(seconds.values()), 2)}


def _rows(found: SplinkDataFrame) -> pd.DataFrame:
    rows: pd.DataFrame = found.as_pandas_dataframe()  # type: ignore[no-untyped-call]  # Splink does not type it
    return rows
