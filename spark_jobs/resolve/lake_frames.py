"""The person model on Spark: records -> comparison columns -> blocking keys -> weighted pairs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType

from spark_jobs.resolve.blocking import CAPS
from spark_jobs.resolve.comparables import COLUMNS, comparables
from spark_jobs.resolve.comparisons import vectors_sql
from spark_jobs.resolve.frames import SHARED, pairs_sql, smoothed_frequencies
from spark_jobs.resolve.model import PersonModel, weights_sql
from spark_jobs.resolve.name_parts import NameFrequencies, name_parts
from spark_jobs.resolve.sharing import MOST_HOLDERS, people_behind, sharing_class
from spark_jobs.tables import arrow_schema

_SAID = """record_id given_name middle_name family_name gender birth_typed birth_year street unit city postcode
 identifiers""".split()
_COUNTS = "role string, name string, n long"
_DDL = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())


# Every step cuts its lineage (localCheckpoint): else Spark inlines it into the next one and computes a comparison again
# in each place that reads it, which a persisted frame behind a view did not prevent (84,000 pairs: 8 s, not 62).


def register_similarity(spark: SparkSession) -> None:
    """Makes the similarity function of Splink's jar callable by the name that comparisons.py uses.

    Its edit distance with transpositions is not used: per pair it takes longer than everything else together.
    """
    spark.udf.registerJavaFunction("jaro_winkler", "uk.gov.moj.dash.linkage.JaroWinklerSimilarity", DoubleType())


def name_frequencies(records: DataFrame) -> NameFrequencies:
    """How common the names of these records are in either role."""
    schema = arrow_schema(_COUNTS)

    def counted(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        counts: dict[str, Counter[str]] = {"given": Counter(), "family": Counter()}
        for batch in batches:
            for said in zip(*batch.to_pydict().values(), strict=True):
                name = name_parts(*said)
                counts["given"][name.given or ""] += 1
                counts["family"][name.family or ""] += 1
        rows = [
            {"role": role, "name": name, "n": n} for role, names in counts.items() for name, n in names.items() if name
        ]
        yield pa.RecordBatch.from_pylist(rows, schema=schema)

    names = records.select("given_name", "middle_name", "family_name")
    totals: dict[str, Counter[str]] = {"given": Counter(), "family": Counter()}
    for row in names.mapInArrow(counted, _COUNTS).toLocalIterator():
        totals[row.role][row.name] += row.n
    return NameFrequencies(smoothed_frequencies(totals["given"]), smoothed_frequencies(totals["family"]))


def comparison_columns(records: DataFrame, names: NameFrequencies) -> DataFrame:
    """The comparison columns and blocking keys of `silver/records` rows, without sharing classes."""
    shipped = records.sparkSession.sparkContext.broadcast(names)
    schema = arrow_schema(_DDL)

    def compared(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            found = [comparables(said, shipped.value) for said in batch.to_pylist()]
            columns = [pa.array([one[column.name] for one in found], column.type) for column in schema]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    return records.select(*_SAID).mapInArrow(compared, _DDL)


def plain_rows(batch: pd.DataFrame) -> list[dict[str, Any]]:
    """A batch's rows as mappings with None and lists, as the pure functions take them."""
    lists = {
        column: [None if v is None else list(v) for v in batch[column]]
        for column in batch
        if _holds_lists(batch[column])
    }
    plain = batch.drop(columns=list(lists)).astype(object)
    rows: list[dict[str, Any]] = plain.where(plain.notna(), None).assign(**lists).astype(object).to_dict("records")
    return rows


def _holds_lists(column: pd.Series) -> bool:
    return any(isinstance(value, list | np.ndarray) for value in column)


def with_sharing(columns: DataFrame) -> DataFrame:
    """The columns with the e-mails and phones split by how many people hold each: own, pair, shared."""
    class_of = F.udf(lambda holders: sharing_class(people_behind((one.given, one.birth) for one in holders)), "string")
    columns = columns.localCheckpoint()
    for column, kind in SHARED.items():
        held = columns.select("record_id", "given", "birth", F.explode(column).alias("value"))
        # A hot value's holders are cut to a bounded number before they are collected, whichever the order of the rows.
        bounded = held.groupBy("value").agg(
            F.slice(F.sort_array(F.collect_set(F.struct("given", "birth"))), 1, MOST_HOLDERS).alias("holders"),
            F.count("*").alias("n"),
        )
        classes = bounded.where("n > 1").select("value", class_of("holders").alias("class")).where("class <> 'own'")
        found = (
            held.select("record_id", "value")
            .join(classes, "value")
            .groupBy("record_id")
            .agg(
                *(
                    F.collect_list(F.when(F.col("class") == name, F.col("value"))).alias(f"_{name}")
                    for name in ("pair", "shared")
                )
            )
        )
        columns = columns.join(found, "record_id", "left")
        none = F.array().cast("array<string>")
        pair, shared = (F.coalesce(F.col(f"_{name}"), none) for name in ("pair", "shared"))
        columns = columns.withColumns(
            {
                f"{kind}_own": F.array_except(column, F.concat(pair, shared)),
                f"{kind}_pair": pair,
                f"{kind}_shared": shared,
            }
        ).drop("_pair", "_shared")
    return columns.localCheckpoint()


def blocking_key_rows(columns: DataFrame) -> DataFrame:
    """record_id, key, rule, cap: one row per record and blocking key."""
    keys = columns.select("record_id", F.explode("blocking_keys").alias("key"))
    wanted = columns.where("given is null and mailbox_letters is not null").select("mailbox_letters").distinct()
    none = F.array().cast("array<string>")
    names = F.concat(F.coalesce("whole_names", none), F.coalesce("initialled_names", none))
    spelt = columns.select("record_id", F.explode(names).alias("mailbox_letters")).join(wanted, "mailbox_letters")
    keys = keys.union(spelt.select("record_id", F.concat(F.lit("mailbox_name:"), "mailbox_letters")))
    caps = F.create_map(*(F.lit(part) for rule in CAPS.items() for part in rule))
    rule = F.substring_index("key", ":", 1)
    return keys.select("record_id", "key", rule.alias("rule"), caps[rule].alias("cap"))


def candidate_pairs(keyed: DataFrame) -> DataFrame:
    """left_id, right_id and `rules` of the pairs that share a blocking key within its cap."""
    return keyed.sparkSession.sql(
        pairs_sql("{keyed}", "collect_set(rule)"), keyed=keyed.localCheckpoint()
    ).localCheckpoint()


def comparison_vectors(pairs: DataFrame, columns: DataFrame) -> DataFrame:
    """left_id, right_id, gamma_<comparison> and term frequencies of the pairs."""
    vectors = pairs.sparkSession.sql(vectors_sql("{pairs}", "{columns}", "spark"), pairs=pairs, columns=columns)
    return vectors.localCheckpoint()


def weighted(vectors: DataFrame, model: PersonModel) -> DataFrame:
    """The vectors with what speaks against each other explanation, and the match weight in bits."""
    return vectors.sparkSession.sql(weights_sql(model, "select * from {vectors}"), vectors=vectors)
