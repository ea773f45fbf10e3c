"""Records -> weighted pairs: the probabilistic tier, with the vector of every pair kept as its evidence."""

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.resolve.comparisons import COMPARISONS
from spark_jobs.resolve.lake_frames import (
    blocking_key_rows,
    candidate_pairs,
    comparison_columns,
    comparison_vectors,
    register_similarity,
    weighted,
    with_sharing,
)
from spark_jobs.resolve.lake_model import LakeModel

VECTOR = [*(f"gamma_{comparison.name}" for comparison in COMPARISONS), "given_frequency", "family_frequency"]


def scored_pairs(records: DataFrame, model: LakeModel) -> DataFrame:
    """left_id, right_id, weight (bits) and evidence (the comparison vector as JSON) of every candidate pair."""
    register_similarity(records.sparkSession)
    columns = with_sharing(comparison_columns(records, model.names)).persist(StorageLevel.DISK_ONLY)
    pairs = candidate_pairs(blocking_key_rows(columns))
    vectors = comparison_vectors(pairs, columns).persist(StorageLevel.DISK_ONLY)
    evidence = F.to_json(F.struct(*VECTOR))
    scored = weighted(vectors, model.person).select("left_id", "right_id", "weight", evidence.alias("evidence"))
    scored = scored.persist(StorageLevel.DISK_ONLY)
    scored.count()
    vectors.unpersist()
    columns.unpersist()
    return scored
