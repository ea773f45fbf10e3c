"""The states of many records, on all cores."""

from collections.abc import Iterator
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.resolve.name_parts import NameFrequencies
from spark_jobs.resolve.state import SAID, STATE, STATE_DDL, state
from spark_jobs.resolve.uncollected import uncollected
from spark_jobs.tables import arrow_schema

BATCH = 256
"""Records at a time whose states stay in a core's cache until they are columns."""
_IN_ORDER = itemgetter(*STATE)


def states(records: DataFrame, names: NameFrequencies) -> DataFrame:
    """The states of `silver/records` rows."""
    shipped = records.sparkSession.sparkContext.broadcast(names)
    schema = arrow_schema(STATE_DDL)

    def stated(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            with uncollected():
                found = _stated(batch, shipped.value, schema)
            yield from found.to_batches()

    # Files are few and large, and this takes the time of the step: spread over all cores.
    spread = records.select(*SAID).repartition(records.sparkSession.sparkContext.defaultParallelism * 2)
    return spread.mapInArrow(stated, STATE_DDL)


def state_files(spark: SparkSession, file: str, folder: str, names: NameFrequencies) -> None:
    """Writes the states of a Parquet file's records to `folder`, one file a row group.

    Spark lends its Python processes alone: rows that pass through its JVM cost more than their states.
    """
    parts, schema = range(pq.read_metadata(file).num_row_groups), arrow_schema(STATE_DDL)
    if len(parts) < 2:
        for part in parts:
            _state_part(file, part, folder, names, schema)
        return
    shipped = spark.sparkContext.broadcast(names)
    # Few tasks of many parts: after each, its process looks through all that it keeps.
    tasks = min(len(parts), 2 * spark.sparkContext.defaultParallelism)
    spark.sparkContext.parallelize(parts, tasks).foreach(
        lambda part: _state_part(file, part, folder, shipped.value, schema)
    )


@uncollected()
def _state_part(file: str, part: int, folder: str, names: NameFrequencies, schema: pa.Schema) -> None:
    records = pq.ParquetFile(file).read_row_group(part)
    # Read a few times and gone: what makes files small would take longer.
    pq.write_table(
        _stated(records, names, schema), f"{folder}/{part}.parquet", use_dictionary=False, write_statistics=False
    )


def _stated(records: pa.Table | pa.RecordBatch, names: NameFrequencies, schema: pa.Schema) -> pa.Table:
    parts = (records.slice(start, BATCH) for start in range(0, len(records), BATCH))
    return pa.Table.from_batches([_batch(part.to_pylist(), names, schema) for part in parts], schema)


def _batch(records: list[dict[str, Any]], names: NameFrequencies, schema: pa.Schema) -> pa.RecordBatch:
    found = [_IN_ORDER(state(said, names)) for said in records]
    columns = [_column(values, kind) for values, kind in zip(zip(*found, strict=True), schema.types, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _column(values: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    # Lists of structs field by field: Arrow takes several times as long with one dict after the other.
    if not pa.types.is_list(kind) or not pa.types.is_struct(kind.value_type):
        return pa.array(values, kind)
    held = list(chain.from_iterable(values))
    fields = [pa.array([one[field.name] for one in held], field.type) for field in kind.value_type]
    structs = pa.StructArray.from_arrays(fields, fields=list(kind.value_type))
    return pa.ListArray.from_arrays(np.cumsum([0, *map(len, values)], dtype=np.int32), structs, type=kind)
