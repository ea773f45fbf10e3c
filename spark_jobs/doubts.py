"""Quarantine -> silver consents: an unreadable decision counts as an objection until somebody has handled it.

A replayed and accepted row is handled: its assumed refusal is revoked, and its own decision comes in as usual.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from channel_files.rows import reread
from consent.current import TAKEN_BACK
from consent.imports import doubts_of, known_kinds
from contracts.channel import Channel
from contracts.consent_rows import LOOKED_AT, NOT_UNDERSTOOD, ConsentRow
from contracts.keyed import keyed
from contracts.settings import settings
from contracts.sources import load_sources
from lake.tables import CONSENTS, QUARANTINE, arrow_schema, changed_rows, read, write_changes

COLUMNS = ["quarantine_id", "channel", "row_number", "raw", "header", "received_at"]


def doubt(
    spark: SparkSession, lake: str, channels: Mapping[str, Channel], after: int, upto: int
) -> tuple[int, dict[str, int]]:
    """Writes what refused rows of consents stand for, and takes back what was looked at.

    Returns how many rows changed, and how many people are in doubt by channel, as the quarantine is now.
    """
    telling = {name: contract for name, contract in channels.items() if "consent" in contract.holds}
    if not telling or upto <= after:
        return 0, {}
    refused = changed_rows(spark, lake, QUARANTINE, after, upto).where(F.col("channel").isin(*telling))
    if refused.isEmpty():
        return 0, {}
    waiting = refused.where("replayed_at IS NULL").select(*COLUMNS)
    found = _doubts(waiting, telling).localCheckpoint()
    changed = write_changes(spark, lake, CONSENTS, found)
    looked_at = refused.where("replayed_at IS NOT NULL").select(F.col("quarantine_id").alias("content_hash"))
    changed += write_changes(spark, lake, CONSENTS, _taken_back(read(spark, lake, CONSENTS), looked_at))
    counts = found.select("channel", "identifier_kind", "identifier").distinct().groupBy("channel").count().collect()
    return changed, {row.channel: row["count"] for row in counts}


def _doubts(waiting: DataFrame, channels: Mapping[str, Channel]) -> DataFrame:
    contracts, schema = dict(channels), arrow_schema(CONSENTS.schema)
    kinds = known_kinds([*contracts.values(), *load_sources(settings()).channels().values()])

    def find(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows: list[dict[str, Any]] = []
            for kept in batch.to_pylist():
                contract = contracts[kept["channel"]]
                row = reread(contract, kept["row_number"], kept["raw"], kept["header"])
                for one in sorted(doubts_of(contract, row.payload, kept["raw"], kept["received_at"], kinds)):
                    stands = ConsentRow(
                        consent_id=keyed(
                            "consent in doubt",
                            kept["quarantine_id"],
                            one.identifier.kind,
                            one.identifier.value,
                            one.purpose,
                        ),
                        channel=contract.channel,
                        identifier=one.identifier,
                        purpose=one.purpose,
                        decision=NOT_UNDERSTOOD,
                        decided_at=kept["received_at"],
                        decided_through=contract.channel,
                        notice=None,
                    )
                    rows.append(stands.as_row() | {"content_hash": kept["quarantine_id"]})
            yield pa.RecordBatch.from_pylist(rows, schema=schema)

    return waiting.mapInArrow(find, CONSENTS.schema)


def _taken_back(consents: DataFrame, looked_at: DataFrame) -> DataFrame:
    """For each doubt about these refused rows, that it was looked at: of the same words, with an id that follows."""
    doubted = consents.where(F.col("decision") == NOT_UNDERSTOOD).join(looked_at, "content_hash", "left_semi")
    changes = {"consent_id": F.concat("consent_id", F.lit(TAKEN_BACK)), "decision": F.lit(LOOKED_AT)}
    return doubted.withColumns(changes)
