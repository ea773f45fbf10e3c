"""Kafka topic -> inbox: messages in the Segment spec that a company has in Kafka already, as one more live source.

From the inbox on they go the way of all live events: shown at once, and in the lake once. Structured Streaming keeps
the offsets; a message without a `messageId` is named by its place in the topic, so that reading it again adds nothing.
"""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from pyspark.sql import DataFrame, SparkSession
from sqlalchemy import Engine

from contracts.events import RefusedItem, read_id, read_message
from contracts.settings import Settings, settings
from contracts.sources import Sender, Source, load_sources
from lake.session import spark_session
from read_model.live.erased import Guard, guard_of
from read_model.live.inbox import Inbox
from read_model.live.messages import Arrival, Sorted, sort_messages
from stores.embedded import open_stores
from stores.postgres import migrated

CONNECTOR = "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0"
AT_ONCE = 1_000


@dataclass(frozen=True)
class Consumed:
    """A message of the topic, and where it stood."""

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    value: bytes

    def raw(self) -> bytes:
        """The message with an id; what can't be read stays as it is, and is refused with its reason."""
        try:
            plain, message, _ = read_message(self.value)
            known = message.message_id == "" or read_id(message.message_id, "messageId")
        except RefusedItem:
            return self.value
        if known:
            return self.value
        return msgspec.json.encode(plain | {"messageId": f"{self.topic}-{self.partition}-{self.offset}"})


def sorted_messages(consumed: Iterable[Consumed], source: Source) -> list[Sorted]:
    """What becomes of each message; it arrived when the topic took it in. Who may write to the topic is a server."""
    return [sort_messages([one.raw()], Arrival(Sender(source, True), one.timestamp)) for one in consumed]


def keep(engine: Engine, guard: Guard, source: Source, consumed: Iterable[Consumed]) -> int:
    """Keeps messages in the inbox; returns how many were new."""
    box = Inbox(engine, guard)
    try:
        waiting = [box.keep(found) for found in sorted_messages(consumed, source)]
        return sum(len(one.result()) for one in waiting)
    finally:
        box.close()


def consume(spark: SparkSession, config: Settings, engine: Engine, source: Source, for_ever: bool) -> None:
    """Reads what the topic has since the last time, or goes on reading."""
    guard = guard_of(config, load_sources(config))
    read = spark.readStream.format("kafka").option("kafka.bootstrap.servers", config.kafka_servers or "")
    rows = read.option("subscribe", config.kafka_topic or "").option("startingOffsets", "earliest").load()

    def take(batch: DataFrame, number: int) -> None:
        waiting: list[Consumed] = []
        for row in batch.select("topic", "partition", "offset", "timestamp", "value").toLocalIterator():
            waiting.append(consumed_row(row))
            if len(waiting) == AT_ONCE:
                keep(engine, guard, source, waiting)
                waiting = []
        keep(engine, guard, source, waiting)

    writer = rows.writeStream.foreachBatch(take).option(
        "checkpointLocation", f"{config.lake_uri}/checkpoints/kafka/{config.kafka_topic}"
    )
    query = (writer if for_ever else writer.trigger(availableNow=True)).start()
    query.awaitTermination()


def consumed_row(row: Any) -> Consumed:
    """A row of Spark's Kafka reader; its timestamps come without the zone, which is UTC."""
    return Consumed(row.topic, row.partition, row.offset, row.timestamp.replace(tzinfo=UTC), bytes(row.value or b""))


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--for-ever", action="store_true", help="go on reading, instead of up to the newest message")
    given = parser.parse_args(args)
    config = settings()
    source = load_sources(config).by_name.get(config.kafka_source or "")
    if not (config.kafka_servers and config.kafka_topic and source):
        raise SystemExit(
            "expected OCV_KAFKA_SERVERS, OCV_KAFKA_TOPIC and, in OCV_KAFKA_SOURCE, a live source; found less"
        )
    with open_stores(config) as stores, migrated(stores.database_url) as engine:
        consume(spark_session(config, packages=CONNECTOR), config, engine, source, given.for_ever)


if __name__ == "__main__":
    main()
