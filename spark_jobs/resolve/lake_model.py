"""The person model of a lake: trained once on a sample of its own records, without labels, then frozen.

Parameters and name frequencies change together or not at all: under one version, the same records always end in the
same clusters.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

import duckdb
import pandas as pd
import pyarrow as pa
from pyspark.sql import SparkSession

from spark_jobs.local_tables import rows
from spark_jobs.resolve.candidates import active_among, held_sql
from spark_jobs.resolve.engine import Engine, in_words
from spark_jobs.resolve.frames import counted_frequencies
from spark_jobs.resolve.model import PersonModel, as_json, from_json, load
from spark_jobs.resolve.name_parts import NameFrequencies
from spark_jobs.resolve.rules import SHIPPED
from spark_jobs.resolve.state import RULE_BITS, RULES
from spark_jobs.resolve.train import train
from spark_jobs.tables import MODELS, arrow_schema

SAMPLE = 100_000
"""Records that a model is trained on at most."""


@dataclass(frozen=True)
class LakeModel:
    """What scoring a lake's records needs."""

    person: PersonModel
    names: NameFrequencies


def current_model(spark: SparkSession, lake: str) -> LakeModel | None:
    """The newest model of the lake, None before the first training."""
    trained = sorted(rows(spark, lake, MODELS), key=lambda model: model["version"])
    if not trained:
        return None
    newest = max(trained, key=lambda model: model["trained_at"])
    names = json.loads(newest["names"])
    return LakeModel(from_json(newest["parameters"]), NameFrequencies(names["given"], names["family"]))


def name_frequencies(engine: Engine) -> NameFrequencies:
    """How common the names of the `records` are in either role."""
    return counted_frequencies(
        engine.rows(
            "select given_name, middle_name, family_name, count(*) from records"
            " group by given_name, middle_name, family_name"
        )
    )


def train_model(lake: str, engine: Engine, names: NameFrequencies, trained_at: datetime) -> PersonModel:
    """Trains on a sample of the records' comparison columns, of a first run, from the shipped parameters; keeps the
    outcome."""
    ((count,),) = engine.rows("select count(*) from columns")
    # By the digest of its state: the same records are the same sample, whatever their order.
    least = f"{int(16**6 * SAMPLE / count):06x}" if count > SAMPLE else "g"
    sample = engine.arrow(
        "select c.*, s.keys, s.named_keys from columns c join described s on s.record_id = c.record_id"
        f" where s.digest < '{least}' order by c.record_id"
    )
    person = train(sample, sample_pairs(sample), load(), trained_at.isoformat())
    row = (person.version, trained_at, as_json(person), json.dumps(asdict(names)))
    engine.add(lake, MODELS, pa.table([[value] for value in row], arrow_schema(MODELS.schema)))
    return person


def sample_pairs(states: pa.Table) -> pd.DataFrame:
    """left_id, right_id and `rules` of the pairs of these records that share an active blocking key."""
    with duckdb.connect() as db:
        db.execute("set threads = 2")
        db.register("states", states)
        db.execute(in_words(f"create table held as {held_sql('states')}", "duckdb"))
        pairs: pd.DataFrame = db.execute(
            "with bounded as (select h.record_id, h.key from held h"
            f" join ({active_among('held', SHIPPED)}) a on a.key = h.key)"
            " select a.record_id as left_id, b.record_id as right_id,"
            f" list_sort(list(distinct list_extract({list(RULES)}, (a.key & {RULE_BITS}) + 1))) as rules from bounded a"
            " join bounded b on b.key = a.key and a.record_id < b.record_id"
            " group by all order by all"
        ).df()
    return pairs
