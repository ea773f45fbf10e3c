"""Live events -> bronze: what was accepted since the last run, in ranges of the inbox, each row once.

The ids are those of the live side: standardise makes the same events and records from these rows, by the sources' own
contracts. A killed run is repeated; rows that bronze has already are not added again.
"""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa
from pyspark.sql import SparkSession
from sqlalchemy import Connection, Engine, delete, func, select, text, true, union

from contracts.assurance import Proof
from contracts.content import content_hash, payload_text
from contracts.dates import parse_instant
from contracts.event_rows import as_kept, event_payload
from contracts.events import Message, live_event
from contracts.settings import settings
from contracts.sources import EVENTS, Sources, load_sources
from lake.progress import progress, remember
from lake.session import spark_session
from lake.tables import BRONZE, Table, append, arrow_schema, read
from read_model.live.live_records import said_payload
from stores.postgres import migrated
from stores.schema import inbox, live_records, message_ids
from stores.taking_turns import batch_job

JOB = "inbox"
AT_ONCE = 50_000
"""Messages of one range: what the driver holds at once."""
KEPT = timedelta(days=30)
"""How long a message stays in the inbox once the lake has it: for that long its repetition is counted as one."""

Row = dict[str, Any]


class UnknownSource(ValueError):
    """There are live messages of a source that is not known; says what to do."""


def land(
    spark: SparkSession, lake: str, engine: Engine, sources: Sources, now: datetime, at_once: int = AT_ONCE
) -> dict[str, Any]:
    """Takes in what was projected since the last run; tells how many rows each bronze table gained.

    Raises UnknownSource where a message is of a source that is not known: nothing is taken in then, and nothing lost.
    """
    landed = {"events": 0, "records": 0}
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        name = store_name(connection)
        after = progress(spark, lake, JOB).get(name, 0)
        until = newest(connection)
        _check_sources(connection, sources, after, until)
        while after < until:
            upto = min(until, after + at_once)
            landed["events"] += _append(spark, lake, BRONZE["event"], _events(connection, sources, after, upto, now))
            landed["records"] += _append(spark, lake, BRONZE["person"], _records(connection, after, upto, now))
            remember(spark, lake, JOB, {name: upto})
            after = upto
    with engine.begin() as connection:
        old = inbox.c.sequence <= after, inbox.c.problem.is_(None), inbox.c.received_at < now - KEPT
        connection.execute(delete(inbox).where(*old))
        connection.execute(delete(message_ids).where(message_ids.c.received_at < now - KEPT))
    return {**landed, "rows_changed": sum(landed.values())}


def _check_sources(connection: Connection, sources: Sources, after: int, until: int) -> None:
    waiting = [
        select(columns.source).where(columns.sequence > after, columns.sequence <= until, taken)
        for columns, taken in ((inbox.c, inbox.c.problem.is_(None)), (live_records.c, true()))
    ]
    if unknown := sorted(set(connection.scalars(union(*waiting))) - sources.by_name.keys()):
        raise UnknownSource(
            f"expected the sources of all live messages, found none called {', '.join(unknown)}; name them in"
            " OCV_SOURCES_FILE, also if they send no more (the demo's: set OCV_DEMO=1)"
        )


def newest(connection: Connection) -> int:
    """The sequence of what came last: a message, or a record that an erasure has changed."""
    last = (select(func.max(table.c.sequence)).scalar_subquery() for table in (inbox, live_records))
    return connection.scalar(select(func.greatest(*last, 0))) or 0


def store_name(connection: Connection) -> str:
    """The database that the inbox is in: another one counts its messages from one again."""
    found = (
        "SELECT system_identifier || '/' || oid FROM pg_control_system(), pg_database"
        " WHERE datname = current_database()"
    )
    return f"inbox@{connection.scalar(text(found))}"


def reached(spark: SparkSession, lake: str, connection: Connection) -> int:
    """Up to which sequence the lake has this database's messages."""
    return progress(spark, lake, JOB).get(store_name(connection), 0)


def _events(connection: Connection, sources: Sources, after: int, upto: int, now: datetime) -> Iterator[Row]:
    columns = inbox.c
    query = (
        select(columns.source, columns.item, columns.proof, columns.record_id, columns.received_at, columns.sequence)
        .where(columns.sequence > after, columns.sequence <= upto, columns.problem.is_(None))
        .order_by(columns.sequence)
    )
    for row in connection.execute(query):
        message, types = msgspec.convert(row.item, Message), sources.by_name[row.source].types
        event = as_kept(live_event(message, Proof(row.proof), row.received_at, None, types), row.record_id)
        came = (row.source + EVENTS, event.message_id, event_payload(row.source, event), row.sequence, row.received_at)
        yield _row(*came, f"{JOB} {after + 1}-{upto}")


def _records(connection: Connection, after: int, upto: int, now: datetime) -> Iterator[Row]:
    columns = live_records.c
    within = select(columns.source, columns.payload, columns.sequence).where(columns.sequence > after)
    for row in connection.execute(within.where(columns.sequence <= upto).order_by(columns.record_id)):
        if not row.payload["bare"]:
            said = said_payload(row.payload)
            yield _row(row.source, said["key"], said, row.sequence, now, f"{JOB} {after + 1}-{upto}")


def _row(channel: str, key: str, payload: Row, sequence: int, received_at: datetime, batch: str) -> Row:
    return {
        "channel": channel,
        "source_key": key,
        "content_hash": content_hash(payload),
        "payload": payload_text(payload),
        "file": JOB,
        "row_number": sequence,
        "batch_id": batch,
        "received_at": received_at,
    }


def _append(spark: SparkSession, lake: str, table: Table, rows: Iterator[Row]) -> int:
    found = list(rows)
    if not found:
        return 0
    arrived = spark.createDataFrame(pa.Table.from_pylist(found, schema=arrow_schema(table.schema)))
    known = read(spark, lake, table).where("file = 'inbox'").select(*table.key)
    fresh = arrived.join(known, list(table.key), "left_anti").localCheckpoint()
    count = fresh.count()
    if count:
        append(spark, lake, table, fresh)
    return count


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", default=settings().lake_uri)
    parser.add_argument("--now", type=lambda given: parse_instant(given, "iso"), default=datetime.now(UTC))
    given = parser.parse_args(args)
    with batch_job(settings()) as stores, migrated(stores.database_url) as engine:
        try:
            done = land(spark_session(settings()), given.lake, engine, load_sources(settings()), given.now)
        except UnknownSource as error:
            raise SystemExit(str(error)) from None
    print(json.dumps(done))


if __name__ == "__main__":
    main()
