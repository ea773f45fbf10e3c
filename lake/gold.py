"""Gold, computed: one golden record a person by survivorship, and events to the person who caused them."""

from collections.abc import Iterator, Mapping

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from contracts.channel import Channel
from contracts.identifiers import KINDS, OTHER_EXTERNAL_ID
from identity.survivorship import golden_record
from lake.tables import PROFILES, RECTIFICATIONS, arrow_schema


def trust_of(channels: Mapping[str, Channel]) -> dict[tuple[str, str], int]:
    """How far each channel is trusted, by (channel, field); field "" is the channel's own default."""
    trust = {(contract.channel, ""): contract.trust for contract in channels.values()}
    for contract in channels.values():
        trust |= {(contract.channel, field): weight for field, weight in contract.trust_in.items()}
    return trust


def golden_profiles(
    records: DataFrame,
    assignments: DataFrame,
    trust: Mapping[tuple[str, str], int],
    rectified: DataFrame | None = None,
) -> DataFrame:
    """The golden record of every profile; rectified values win, whichever profile their record is in."""
    schema = arrow_schema(PROFILES.schema)

    def build(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = [
                golden_record(row["profile_id"], row["records"], trust, row["rectified"] or ())
                for row in batch.to_pylist()
            ]
            yield pa.RecordBatch.from_pylist(rows, schema=schema)

    of_profile = records.join(assignments.select("record_id", "profile_id"), "record_id")
    grouped = of_profile.groupBy("profile_id").agg(F.collect_list(F.struct(*records.columns)).alias("records"))
    if rectified is None:
        rectified = records.sparkSession.createDataFrame([], RECTIFICATIONS.struct)
    right = rectified.join(assignments.select("record_id", "profile_id"), "record_id").groupBy("profile_id")
    per_profile = right.agg(F.collect_list(F.struct(*RECTIFICATIONS.struct.fieldNames())).alias("rectified"))
    return grouped.join(per_profile, "profile_id", "left").mapInArrow(build, PROFILES.struct)


def attributed(events: DataFrame, records: DataFrame, assignments: DataFrame) -> DataFrame:
    """Events with the profile they belong to: their own record's, or that of an identifier only one profile holds.

    The kind of identifier that the fewest people may share decides. An event of nobody or of several people has no
    profile; it stays in silver until the identities change.
    """
    owner = assignments.select("record_id", "profile_id")
    carriers = records.select("record_id", F.explode("identifiers").alias("held")).join(owner, "record_id")
    holders = carriers.groupBy("held").agg(F.min("profile_id").alias("holder"), F.max("profile_id").alias("other"))
    unique = holders.where("holder = other").select("held", "holder")
    caps = F.create_map(*[F.lit(part) for kind, rules in KINDS.items() for part in (kind, rules.cap)])
    carried = events.where("record_id is null").select("event_id", F.explode("identifiers").alias("held"))
    cap = F.coalesce(caps[F.col("held.kind")], F.lit(OTHER_EXTERNAL_ID.cap))
    strongest = Window.partitionBy("event_id").orderBy(cap, "held.kind", "held.value")
    by_identifier = carried.join(unique, "held").withColumn("_rank", F.row_number().over(strongest)).where("_rank = 1")
    by_record = events.where("record_id is not null").join(owner, "record_id").select("event_id", "profile_id")
    found = by_record.union(by_identifier.select("event_id", F.col("holder")))
    return events.join(found, "event_id", "left")
