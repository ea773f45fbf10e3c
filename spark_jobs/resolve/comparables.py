"""The comparables of many records, on all cores."""

from collections.abc import Iterator, Mapping
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from identity.matching.comparables import COMPARABLE_COLUMNS, COMPARABLES_DDL, SAID, comparables
from identity.matching.name_parts import NameFrequencies
from spark_jobs.resolve.uncollected import uncollected

BATCH = 256
"""Records at a time whose comparables stay in a core's cache until they are columns."""
_IN_ORDER = itemgetter(*COMPARABLE_COLUMNS)

_ARROW = {
    "string": pa.string(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "array<string>": pa.list_(pa.string()),
    "array<bigint>": pa.list_(pa.int64()),
    "array<struct<kind:string,key:bigint>>": pa.list_(pa.struct([("kind", pa.string()), ("key", pa.int64())])),
    "array<struct<kind:string,value:string>>": pa.list_(pa.struct([("kind", pa.string()), ("value", pa.string())])),
}


def arrow_of(columns: Mapping[str, str]) -> pa.Schema:
    """Columns and their Spark types as an Arrow schema, without a JVM to read the types."""
    return pa.schema([(name, _ARROW[kind]) for name, kind in columns.items()])


COMPARABLES_SCHEMA = arrow_of(COMPARABLE_COLUMNS)


def comparables_of(records: DataFrame, names: NameFrequencies) -> DataFrame:
    """The comparables of `silver/records` rows."""
    shipped = records.sparkSession.sparkContext.broadcast(names)

    def computed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            with uncollected():
                found = _computed(batch, shipped.value)
            yield from found.to_batches()

    # Files are few and large, and this takes the time of the step: spread over all cores.
    spread = records.select(*SAID).repartition(records.sparkSession.sparkContext.defaultParallelism * 2)
    return spread.mapInArrow(computed, COMPARABLES_DDL)


def comparables_files(spark: SparkSession, file: str, folder: str, names: NameFrequencies) -> None:
    """Writes the comparables of a Parquet file's records to `folder`, one file a row group.

    Spark lends its Python processes alone: rows that pass through its JVM cost more than their comparables.
    """
    parts = range(pq.read_metadata(file).num_row_groups)
    if len(parts) < 2:
        for part in parts:
            _write_part(file, part, folder, names)
        return
    shipped = spark.sparkContext.broadcast(names)
    # Few tasks of many parts: after each, its process looks through all that it keeps.
    tasks = min(len(parts), 2 * spark.sparkContext.defaultParallelism)
    spark.sparkContext.parallelize(parts, tasks).foreach(lambda part: _write_part(file, part, folder, shipped.value))


@uncollected()
def _write_part(file: str, part: int, folder: str, names: NameFrequencies) -> None:
    records = pq.ParquetFile(file).read_row_group(part)
    # Read a few times and gone: what makes files small would take longer.
    pq.write_table(_computed(records, names), f"{folder}/{part}.parquet", use_dictionary=False, write_statistics=False)


def _computed(records: pa.Table | pa.RecordBatch, names: NameFrequencies) -> pa.Table:
    parts = (records.slice(start, BATCH) for start in range(0, len(records), BATCH))
    return pa.Table.from_batches([_batch(part.to_pylist(), names) for part in parts], COMPARABLES_SCHEMA)


def _batch(records: list[dict[str, Any]], names: NameFrequencies) -> pa.RecordBatch:
    found = [_IN_ORDER(comparables(said, names)) for said in records]
    columns = [
        _column(values, kind) for values, kind in zip(zip(*found, strict=True), COMPARABLES_SCHEMA.types, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=COMPARABLES_SCHEMA)


def _column(values: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    # Lists of structs field by field: Arrow takes several times as long with one dict after the other.
    if not pa.types.is_list(kind) or not pa.types.is_struct(kind.value_type):
        return pa.array(values, kind)
    held = list(chain.from_iterable(values))
    fields = [pa.array([one[field.name] for one in held], field.type) for field in kind.value_type]
    structs = pa.StructArray.from_arrays(fields, fields=list(kind.value_type))
    return pa.ListArray.from_arrays(np.cumsum([0, *map(len, values)], dtype=np.int32), structs, type=kind)
