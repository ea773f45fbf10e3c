"""The deterministic tier: records that share a strong identifier and do not contradict each other.

Every value joins its records in a star around the first one, so a value that thousands share costs thousands of
edges and not millions. How many people share a value is counted before it may join any of them.
"""

from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from contracts.identifiers import KINDS, OTHER_EXTERNAL_ID, Identifier, is_blocklisted
from contracts.names import fold
from spark_jobs.tables import arrow_schema

# A device is a household's as often as a person's, and a national id is copied from a relative's form: both weigh in
# the person model, and neither joins two records by itself.
NOT_ALONE = frozenset({"device_id", "national_id"})
HOLDING = "record_id string, kind string, value string, given string, born string"


def holdings(records: DataFrame) -> DataFrame:
    """One row per record and identifier that may join people, with the holder's first given name and birth date."""

    schema = arrow_schema(HOLDING)

    def explode(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = []
            for record in batch.to_pylist():
                given = fold(record["given_name"] or "").partition(" ")[0] or None
                born = record["birth_date"].isoformat() if record["birth_date"] else None
                for found in record["identifiers"]:
                    if found["kind"] not in NOT_ALONE and not is_blocklisted(Identifier(found["kind"], found["value"])):
                        rows.append({"record_id": record["record_id"], **found, "given": given, "born": born})
            yield pa.RecordBatch.from_pylist(rows, schema=schema)

    return records.select("record_id", "given_name", "birth_date", "identifiers").mapInArrow(explode, HOLDING)


def identifier_edges(held: DataFrame) -> DataFrame:
    """Edges by shared identifier, per value: within its cap of people, between holders of one given name.

    Holders without a given name join only where the value has one person; two birth dates are two people.
    """
    value = ["kind", "value"]
    person = F.struct(F.coalesce("given", F.lit("")), F.coalesce("born", F.lit("")))
    whole = Window.partitionBy(*value)
    counted = held.withColumns(
        {
            "names": F.size(F.collect_set("given").over(whole)),
            "people": F.size(F.collect_set(person).over(whole)),
            "holders": F.count("*").over(whole),
        }
    ).where("holders > 1")
    caps = F.create_map(*[F.lit(part) for kind, rules in KINDS.items() for part in (kind, rules.cap)])
    within = counted.where(
        F.greatest("names", F.lit(1)) <= F.coalesce(caps[F.col("kind")], F.lit(OTHER_EXTERNAL_ID.cap))
    )
    # One given name in all: nameless holders are that person's; several: they are nobody's.
    one = F.when(F.col("names") <= 1, F.lit("")).otherwise(F.col("given"))
    # One birth date in all (or in the name's group): undated holders are that person's.
    grouped = within.withColumn("person", one).where("person is not null")
    group = Window.partitionBy(*value, "person")
    grouped = grouped.withColumn("group_births", F.size(F.collect_set("born").over(group)))
    grouped = grouped.withColumn("birth", F.when(F.col("group_births") <= 1, F.lit("")).otherwise(F.col("born")))
    grouped = grouped.where("birth is not null")
    star = Window.partitionBy(*value, "person", "birth").orderBy("record_id")
    starred = grouped.withColumn("hub", F.first("record_id").over(star)).where("hub <> record_id")
    evidence = F.to_json(F.struct("kind", "holders", "people"))
    return starred.select(
        F.col("hub").alias("left_id"),
        F.col("record_id").alias("right_id"),
        F.lit("deterministic").alias("tier"),
        F.concat(F.lit("same_"), F.col("kind")).alias("rule"),
        # Evidence that fewer people share weighs more; in bits, as match weights do.
        (F.lit(12.0) - 2 * F.log2(F.col("people").cast("double"))).alias("weight"),
        evidence.alias("evidence"),
    )
