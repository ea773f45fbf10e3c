"""The person model of a lake: trained once on a sample of its own records, without labels, then frozen.

Parameters and name frequencies change together or not at all: under one version, the same records always end in the
same clusters.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

import duckdb
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.resolve.engine import Engine, in_words
from spark_jobs.resolve.frames import smoothed_frequencies
from spark_jobs.resolve.model import PersonModel, as_json, from_json, load
from spark_jobs.resolve.name_parts import NameFrequencies, name_parts
from spark_jobs.resolve.reopen import active_sql, held_sql
from spark_jobs.resolve.rules import SHIPPED
from spark_jobs.resolve.state import RULE_BITS, RULES
from spark_jobs.resolve.train import train
from spark_jobs.tables import MODELS, append, arrow_schema, exists, read

SAMPLE = 100_000
"""Records that a model is trained on at most."""
_COUNTS = "role string, name string, n long"


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


def train_model(
    spark: SparkSession, lake: str, engine: Engine, names: NameFrequencies, trained_at: datetime
) -> PersonModel:
    """Trains on a sample of the records' states and sharing classes (`columns`), from the shipped parameters; keeps
    the outcome."""
    ((count,),) = engine.rows("select count(*) from columns")
    # By the digest of its state: the same records are the same sample, whatever their order.
    least = f"{int(16**6 * SAMPLE / count):06x}" if count > SAMPLE else "g"
    sample = engine.arrow(f"select * from columns where digest < '{least}' order by record_id")
    person = train(sample, sample_pairs(sample), load(), trained_at.isoformat())
    row = (person.version, trained_at, as_json(person), json.dumps(asdict(names)))
    append(spark, lake, MODELS, spark.createDataFrame([row], MODELS.struct))
    return person


def sample_pairs(states: pa.Table) -> pd.DataFrame:
    """left_id, right_id and `rules` of the pairs of these records that share an active blocking key."""
    with duckdb.connect() as db:
        db.execute("set threads = 2")
        db.register("states", states)
        db.execute(in_words(f"create table held as {held_sql('states')}", "duckdb"))
        active = f"select key from held group by key having {active_sql('count(*)', 'bool_or(asks)', SHIPPED)}"
        pairs = db.execute(
            f"with bounded as (select h.record_id, h.key from held h join ({active}) a on a.key = h.key)"
            " select a.record_id as left_id, b.record_id as right_id,"
            f" list(distinct a.key & {RULE_BITS}) as rules from bounded a"
            " join bounded b on b.key = a.key and a.record_id < b.record_id"
            " group by all order by all"
        ).df()
    name_of = list(RULES)
    pairs["rules"] = [sorted(name_of[number] for number in numbers) for numbers in pairs["rules"]]
    return pairs
