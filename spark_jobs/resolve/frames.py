"""Comparison columns and candidate pairs of a whole set in pandas and DuckDB: for training samples and live lookups."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from spark_jobs.resolve.blocking import CAPS, named_mailbox_keys, rule_of
from spark_jobs.resolve.comparables import COLUMNS, comparables
from spark_jobs.resolve.model import PersonModel, weights_sql
from spark_jobs.resolve.name_parts import NameFrequencies, name_parts
from spark_jobs.resolve.sharing import people_behind, sharing_class
from spark_jobs.resolve.vectors import vectors_sql

SMOOTHING = 200
SHARED = {"emails": "email", "phones": "phone"}
CLASSES = ("own", "pair", "shared")


def name_frequencies(records: Iterable[Mapping[str, Any]]) -> NameFrequencies:
    """How common the names of these records are; in a small set a name seen twice is not yet common."""
    return counted_frequencies((one["given_name"], one["middle_name"], one["family_name"], 1) for one in records)


def counted_frequencies(names: Iterable[tuple[Any, ...]]) -> NameFrequencies:
    """The same, of given, middle and family names with how many records hold them."""
    counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for given, middle, family, number in names:
        name = name_parts(given, middle, family)
        for role, word in zip(counts, (name.given, name.family), strict=True):
            if word:
                role[word] += number
    return NameFrequencies(*map(smoothed_frequencies, counts))


def smoothed_frequencies(counts: Mapping[str, int]) -> dict[str, float]:
    """Frequencies of counted names as if SMOOTHING more records held names of average frequency."""
    total = sum(counts.values())
    average = min(0.01, sum((count / total) ** 2 for count in counts.values())) if total else 0.0
    return {name: (count + SMOOTHING * average) / (total + SMOOTHING) for name, count in sorted(counts.items())}


def comparison_frame(records: Iterable[Mapping[str, Any]], names: NameFrequencies) -> pd.DataFrame:
    """Comparison columns of records in their lake form, with sharing classes; one row per record."""
    frame = pd.DataFrame([comparables(record, names) for record in records], columns=list(COLUMNS))
    for column, kind in SHARED.items():
        held = frame[[column, "given", "birth"]].explode(column).dropna(subset=[column])
        several = held[held.duplicated(column, keep=False)]
        classes = {
            value: sharing_class(people_behind(_holders(holders)))
            for value, holders in several.groupby(column, sort=False)
        }
        for name, wanted in ((name, name) for name in CLASSES):
            frame[f"{kind}_{name}"] = frame[column].map(_of_class(classes, wanted))
    return in_memory(frame.to_dict("records"))


def in_memory(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Comparison columns as DuckDB compares them: nothing is None, never NaN or an empty list."""
    plain = [{name: value if _says(value) else None for name, value in row.items()} for row in rows]
    frame = pd.DataFrame(plain, columns=[*COLUMNS, *(f"{kind}_{c}" for kind in SHARED.values() for c in CLASSES)])
    frequencies = {column: frame[column].astype(float) for column in ("tf_given", "tf_family")}
    return frame.astype(object).where(frame.notna(), None).assign(**frequencies)


def typed(frame: pd.DataFrame) -> pa.Table:
    """The frame with each column's type stated: a column that nobody filled has no type that DuckDB could guess."""
    kinds = {
        "string": pa.string(),
        "array<string>": pa.list_(pa.string()),
        "double": pa.float64(),
        "boolean": pa.bool_(),
    }
    return pa.table(
        {name: pa.array(frame[name], kinds[COLUMNS.get(name, "array<string>")], from_pandas=True) for name in frame}
    )


def _says(value: Any) -> bool:
    return value is not None and value != [] and value == value


def _holders(held: pd.DataFrame) -> list[tuple[str | None, str | None]]:
    return [(given or None, birth or None) for given, birth in zip(held["given"], held["birth"], strict=True)]


def _of_class(classes: Mapping[str, str], wanted: str) -> Callable[[list[str] | None], list[str] | None]:
    def kept(values: list[str] | None) -> list[str] | None:
        return [value for value in values if classes.get(value, "own") == wanted] or None if values else None

    return kept


def candidate_pairs(frame: pd.DataFrame) -> pd.DataFrame:
    """left_id, right_id and `rules` of the pairs that share a blocking key within its cap."""
    keys = list(
        frame[["record_id", "blocking_keys"]].explode("blocking_keys").dropna().itertuples(index=False, name=None)
    )
    wanted = {key for _, key in keys if rule_of(key) == "mailbox_name"}
    for row in frame[frame["given"].notna()].to_dict("records") if wanted else ():
        keys += [(row["record_id"], key) for key in named_mailbox_keys(row) if key in wanted]
    keyed = pd.DataFrame(keys, columns=["record_id", "key"])
    keyed["rule"] = keyed["key"].map(rule_of)
    keyed["cap"] = keyed["rule"].map(CAPS)
    with duckdb.connect() as db:
        db.execute("set threads = 2")
        db.register("keyed", keyed)
        return db.execute(pairs_sql("keyed", "list(distinct rule order by rule)")).df()


def pairs_sql(keyed: str, rules: str) -> str:
    """SELECT of left_id, right_id and `rules` from a table of (record_id, key, rule, cap); DuckDB and Spark."""
    # Hot keys leave before the join: joined first, one of them would make the run quadratic.
    return (
        f"with kept as (select key from {keyed} group by key having count(*) > 1 and count(*) <= min(cap)),"
        f" bounded as (select k.record_id, k.key, k.rule from {keyed} k join kept on kept.key = k.key),"
        " proposed as (select l.record_id as left_id, r.record_id as right_id, l.rule"
        " from bounded l join bounded r on l.key = r.key and l.record_id < r.record_id)"
        f" select left_id, right_id, {rules} as rules from proposed group by left_id, right_id"
    )


def scored_pairs(model: PersonModel, frame: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs with their comparison vectors, weights against strangers and housemates, and the match weight."""
    with duckdb.connect() as db:
        db.execute("set threads = 2")
        db.register("records", typed(frame))
        db.register("pairs", pairs[["left_id", "right_id"]])
        return db.execute(weights_sql(model, vectors_sql("pairs", "records", "duckdb"))).df()
