"""Every byte of every store, decoded where it is encoded: what the scanner reads after an erasure."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Engine, text

from erasure.people.folding import BETWEEN

BLOCK = 8 << 20
ROWS = 2_000


@dataclass(frozen=True)
class Place:
    """A part of a store; `text` if its content is text, so that words and word boundaries are meaningful."""

    store: str
    content: str
    text: bool


LAKE_VALUES = Place("lake", "every column of every Parquet file, checkpoints too, decoded", True)
LAKE_FILES = Place("lake", "every file as bytes: data, log, checksums, checkpoints, change feed", False)
TABLES = Place("postgresql", "every row of every table, Feast's registry too", True)
TABLE_FILES = Place("postgresql", "the server's data folder as bytes: tables, indexes, statistics, WAL, log", False)
KEYS = Place("online store", "every key with its value", True)
KEY_FILES = Place("online store", "the server's folder as bytes: append-only file, snapshot, log", False)
OTHER_FILES = Place("local files", "everything else beside the embedded stores: keys, logs, exports", False)

Content = Iterator[tuple[str, bytes]]
"""A place, by a name without personal data, and its content."""


def lake_values(lake: str) -> Content:
    filesystem, root = fsspec.core.url_to_fs(lake)
    for file in _files(filesystem, root):
        if file.endswith(".parquet"):
            with filesystem.open(file, "rb") as stream:
                for batch in pq.ParquetFile(stream).iter_batches(batch_size=ROWS):
                    for column in batch.columns:
                        yield file.removeprefix(root), BETWEEN.join(_texts(column))


def lake_files(lake: str) -> Content:
    filesystem, root = fsspec.core.url_to_fs(lake)
    for file in _files(filesystem, root):
        with filesystem.open(file, "rb") as stream:
            yield from _blocks(file.removeprefix(root), stream)


def tables(engine: Engine) -> Content:
    """Rows as text, and binary columns as the bytes that they are."""
    listed = text(
        "SELECT n.nspname AS schema, c.relname AS name, (SELECT array_agg(a.attname::text) FROM pg_attribute a WHERE"
        " a.attrelid = c.oid AND a.attnum > 0 AND a.atttypid = 'bytea'::regtype) AS binary FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm')"
        " AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
    )
    with engine.connect() as connection:
        for schema, name, binary in connection.execute(listed).all():
            columns = "".join(f', t."{column}"' for column in binary or [])
            rows = connection.execution_options(yield_per=ROWS).execute(
                text(f'SELECT t::text{columns} FROM "{schema}"."{name}" t')
            )
            for part in rows.partitions():
                # As it is, and without escapes of quotes.
                said = [row[0].encode() for row in part]
                said += [row[0].replace("\\", "").encode() for row in part if "\\" in row[0]]
                said += [bytes(value) for row in part for value in row[1:] if value is not None]
                yield f"{schema}.{name}", BETWEEN.join(said)


def folder_files(folder: Path, *, without: tuple[Path, ...] = ()) -> Content:
    """All files under a folder; one that vanishes meanwhile is skipped."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink() and not any(file.is_relative_to(one) for one in without):
            with suppress(FileNotFoundError, PermissionError), file.open("rb") as stream:
                yield from _blocks(str(file.relative_to(folder)), stream)


def keys(client: Any) -> Content:
    """`client` is a Redis: its types would have every answer awaited."""
    readers: dict[bytes, Callable[[bytes], Any]] = {
        b"string": lambda key: [client.get(key)],
        b"hash": lambda key: [part for pair in client.hgetall(key).items() for part in pair],
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": lambda key: list(client.smembers(key)),
        b"zset": lambda key: client.zrange(key, 0, -1),
    }
    for key in client.scan_iter(count=1000):
        reader = readers.get(client.type(key))
        values = reader(key) if reader else [client.dump(key)]
        yield "keys", BETWEEN.join([key, *(value for value in values if isinstance(value, bytes))])


def _files(filesystem: Any, root: str) -> list[str]:
    return sorted(filesystem.find(root)) if filesystem.exists(root) else []


def _blocks(name: str, stream: Any) -> Content:
    tail = b""
    while block := stream.read(BLOCK):
        yield name, tail + block
        tail = (tail + block)[-4096:]


def _texts(column: pa.Array) -> Iterator[bytes]:
    kind = column.type
    if pa.types.is_dictionary(kind):
        yield from _texts(column.dictionary_decode())
    elif pa.types.is_struct(kind):
        for index in range(kind.num_fields):
            yield from _texts(column.field(index))
    elif pa.types.is_map(kind):
        yield from _texts(column.keys)
        yield from _texts(column.items)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _texts(column.flatten())
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        yield from (one.encode() for one in column.to_pylist() if one is not None)
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        yield from (one for one in column.to_pylist() if one is not None)
