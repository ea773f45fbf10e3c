"""Records -> the keys under which PostgreSQL finds them for a caller, and for live events."""

import json
from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from sqlalchemy import Connection, text

from identity.matching.caller_keys import index_keys
from identity.matching.comparison_columns import comparison_columns
from identity.matching.name_parts import NameFrequencies
from lake.tables import MODELS, arrow_schema, read
from spark_jobs.publication import Apply, Publication, stage

_SAID = """record_id given_name middle_name family_name gender birth_typed birth_year street unit city postcode
 identifiers""".split()
_KEYED = "record_id string, keys array<string>"


def keyed(records: DataFrame, names: NameFrequencies) -> DataFrame:
    """record_id and keys of `silver/records` rows; `names` as frozen with the lake's model."""
    shipped = records.sparkSession.sparkContext.broadcast(names)
    schema = arrow_schema(_KEYED)

    def of(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            found = [
                (one["record_id"], index_keys(comparison_columns(one, shipped.value))) for one in batch.to_pylist()
            ]
            yield pa.RecordBatch.from_arrays(
                [
                    pa.array(list(column), field.type)
                    for column, field in zip(zip(*found, strict=True), schema, strict=True)
                ]
                if found
                else [pa.array([], field.type) for field in schema],
                schema=schema,
            )

    return records.select(*_SAID).mapInArrow(of, _KEYED)


def stage_keys(
    spark: SparkSession, lake: str, connection: Connection, records: Publication, models: Publication
) -> Apply:
    """The keys of records that changed; a new model counts names anew, and so changes any record's."""
    newest = read(spark, lake, MODELS).orderBy(F.desc("trained_at"), "version").select("names").first()
    names = json.loads(newest.names) if newest else {}
    changed = records.now() if models.pending else records.rows()
    rows = keyed(changed, NameFrequencies(**names))
    stage(connection, "new_keys", "record_id text, keys jsonb", rows.withColumn("keys", F.to_json("keys")))
    gone = text("DELETE FROM record_keys WHERE record_id IN (SELECT record_id FROM new_keys)")
    # In order: an index takes sorted keys several times faster.
    insert = text(
        "INSERT INTO record_keys SELECT key, record_id FROM new_keys, jsonb_array_elements_text(keys) key ORDER BY 1, 2"
    )

    def apply() -> int:
        connection.execute(gone)
        connection.execute(insert)
        return int(connection.execute(text("SELECT count(*) FROM new_keys")).scalar_one())

    return apply
