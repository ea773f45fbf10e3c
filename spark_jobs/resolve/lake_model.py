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

from identity.matching.comparables import RULE_BITS, RULES
from identity.matching.frequencies import counted_frequencies
from identity.matching.model import PersonModel, as_json, from_json, load
from identity.matching.name_parts import NameFrequencies
from identity.matching.rules import SHIPPED
from lake.local_tables import rows
from lake.sql_engine import Engine, in_words
from lake.tables import MODELS, arrow_schema
from spark_jobs.resolve.candidates import active_among, held_keys_sql
from spark_jobs.resolve.train import train

SAMPLE = 100_000
"""Records that a model is trained on at most."""


@dataclass(frozen=True)
class LakeModel:
    """What scoring a lake's records needs."""

    person: PersonModel
    names: NameFrequencies


def current_model(spark: SparkSession, lake: str) -> LakeModel | None:
    """The newest model of the lake, None before the first training, and where it compares by other levels than this
    code: then one has to be trained anew."""
    trained = sorted(rows(spark, lake, MODELS), key=lambda model: model["version"])
    if not trained:
        return None
    newest = max(trained, key=lambda model: model["trained_at"])
    names = json.loads(newest["names"])
    try:
        return LakeModel(from_json(newest["parameters"]), NameFrequencies(**names))
    except ValueError:
        return None


def name_frequencies(engine: Engine) -> NameFrequencies:
    """How common the names of the `records` are in either role, and birth dates that too many have."""
    matched = "not exists (select 1 from unmatched u where u.record_id = r.record_id)"
    names = engine.rows(
        f"select given_name, middle_name, family_name, count(*) from records r where {matched}"
        " group by given_name, middle_name, family_name"
    )
    initials = "lower(concat(left(coalesce(given_name, ''), 1), left(coalesce(family_name, ''), 1)))"
    births = engine.rows(
        f"select birth_typed, count(*), count(distinct {initials}) from records r where birth_typed is not null"
        f" and {matched} group by birth_typed"
    )
    return counted_frequencies(names, births)


def train_model(lake: str, engine: Engine, names: NameFrequencies, trained_at: datetime) -> PersonModel:
    """Trains on the records of a first run, and keeps the outcome."""
    person = fitted(engine, trained_at)
    row = (person.version, trained_at, as_json(person), json.dumps(asdict(names)))
    engine.add(lake, MODELS, pa.table([[value] for value in row], arrow_schema(MODELS.schema)))
    return person


def fitted(engine: Engine, trained_at: datetime) -> PersonModel:
    """A model trained on a sample of the comparison columns of a first run, from the shipped parameters. Unmatched
    records, which have no keys, teach it nothing."""
    ((count,),) = engine.rows("select count(*) from columns")
    # By the digest of its comparables: the same records are the same sample, whatever their order.
    least = f"{int(16**6 * SAMPLE / count):06x}" if count > SAMPLE else "g"
    sample = engine.arrow(
        "select c.*, s.keys, s.named_keys from columns c join described s on s.record_id = c.record_id"
        f" where s.digest < '{least}' and s.keys is not null order by c.record_id"
    )
    return train(sample, sample_pairs(sample), load(), trained_at.isoformat())


def sample_pairs(comparables: pa.Table) -> pd.DataFrame:
    """left_id, right_id and `rules` of the pairs of these records that share an active blocking key."""
    with duckdb.connect() as db:
        db.execute("set threads = 2")
        db.register("comparables", comparables)
        db.execute(in_words(f"create table held as {held_keys_sql('comparables')}", "duckdb"))
        pairs: pd.DataFrame = db.execute(
            "with bounded as (select h.record_id, h.key from held h"
            f" join ({active_among('held', SHIPPED)}) a on a.key = h.key)"
            " select a.record_id as left_id, b.record_id as right_id,"
            f" list_sort(list(distinct list_extract({list(RULES)}, (a.key & {RULE_BITS}) + 1))) as rules from bounded a"
            " join bounded b on b.key = a.key and a.record_id < b.record_id"
            " group by all order by all"
        ).df()
    return pairs
