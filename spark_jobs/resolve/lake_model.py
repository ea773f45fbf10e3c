"""The person model of a lake: trained once on a sample of its own records, without labels, then frozen.

Parameters and name frequencies change together or not at all: under one version, the same records always end in the
same clusters.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.resolve.frames import candidate_pairs, in_memory
from spark_jobs.resolve.lake_frames import plain_rows
from spark_jobs.resolve.model import PersonModel, as_json, from_json, load
from spark_jobs.resolve.name_parts import NameFrequencies
from spark_jobs.resolve.train import train
from spark_jobs.tables import MODELS, append, exists, read

SAMPLE = 100_000
"""Records that a model is trained on at most."""


@dataclass(frozen=True)
class LakeModel:
    """What scoring a lake's records needs."""

    person: PersonModel
    names: NameFrequencies


def current_model(spark: SparkSession, lake: str) -> LakeModel | None:
    """The newest model of the lake, None before the first training."""
    if not exists(spark, lake, MODELS):
        return None
    newest = read(spark, lake, MODELS).orderBy(F.desc("trained_at"), "version").first()
    if newest is None:
        return None
    names = json.loads(newest.names)
    return LakeModel(from_json(newest.parameters), NameFrequencies(names["given"], names["family"]))


def train_model(
    spark: SparkSession, lake: str, columns: DataFrame, names: NameFrequencies, trained_at: datetime
) -> PersonModel:
    """Trains on a sample of the records' comparison columns, from the shipped parameters, and keeps the outcome."""
    share = min(1.0, SAMPLE / max(1, columns.count()))
    # By a hash of the id: the same records are the same sample, whatever their order.
    chosen = columns.where(F.abs(F.xxhash64("record_id") % 1_000_000) < int(share * 1_000_000)).orderBy("record_id")
    frame = in_memory(plain_rows(chosen.toPandas()))
    person = train(frame, candidate_pairs(frame), load(), trained_at.isoformat())
    row = (person.version, trained_at, as_json(person), json.dumps(asdict(names)))
    append(spark, lake, MODELS, spark.createDataFrame([row], MODELS.struct))
    return person
