"""Records -> weighted pairs: the probabilistic tier, with the vector of every pair kept as its evidence."""

from datetime import datetime

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.resolve.comparisons import COMPARISONS
from spark_jobs.resolve.lake_frames import (
    blocking_key_rows,
    candidate_pairs,
    comparison_columns,
    comparison_vectors,
    name_frequencies,
    register_similarity,
    weighted,
    with_sharing,
)
from spark_jobs.resolve.lake_model import current_model, train_model

VECTOR = [*(f"gamma_{comparison.name}" for comparison in COMPARISONS), "given_frequency", "family_frequency"]


def scored_pairs(spark: SparkSession, lake: str, records: DataFrame, run_at: datetime) -> DataFrame:
    """left_id, right_id, weight (bits), evidence (the vector as JSON) of every candidate pair.

    Under the lake's model; without one, trains it first, on the same comparison columns.
    """
    register_similarity(spark)
    model = current_model(spark, lake)
    names = model.names if model else name_frequencies(records)
    columns = with_sharing(comparison_columns(records, names)).persist(StorageLevel.DISK_ONLY)
    person = model.person if model else train_model(spark, lake, columns, names, run_at)
    pairs = candidate_pairs(blocking_key_rows(columns))
    vectors = comparison_vectors(pairs, columns).persist(StorageLevel.DISK_ONLY)
    evidence = F.to_json(F.struct(*VECTOR))
    scored = weighted(vectors, person)
    scored = scored.select("left_id", "right_id", "weight", evidence.alias("evidence"))
    scored = scored.persist(StorageLevel.DISK_ONLY)
    scored.count()
    vectors.unpersist()
    columns.unpersist()
    return scored
