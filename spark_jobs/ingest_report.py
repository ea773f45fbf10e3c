"""What became of every row of every file, for the report."""

from collections.abc import Iterable
from typing import Any

from pyspark.sql import DataFrame

from channel_files.folder import SourceFile
from contracts.channel import Channel

OUTCOMES = ("accepted", "duplicate", "quarantined")


def report(
    channels: dict[str, Channel], files: Iterable[SourceFile], rows: DataFrame, columns: DataFrame, parsed: DataFrame
) -> dict[str, Any]:
    """Per channel and file: received = accepted + duplicate + quarantined (asserted per batch), reasons, columns."""
    received = {row.batch_id: row["count"] for row in parsed.groupBy("batch_id").count().collect()}
    counts = dict.fromkeys(("received", *OUTCOMES), 0)
    found: dict[str, Any] = {name: {**counts, "reasons": {}, "files": 0, "delivered": []} for name in sorted(channels)}
    of_file: dict[str, Any] = {}
    for file in files:
        of_file[file.batch_id] = {"file": file.name, **counts}
        found[file.channel]["files"] += 1
        found[file.channel]["delivered"].append(of_file[file.batch_id])
    for row in rows.groupBy("channel", "batch_id", "outcome", "reason").count().collect():
        channel, count = found[row.channel], row["count"]
        for one in (channel, of_file[row.batch_id]):
            one["received"] += count
            one[row.outcome] += count
        if row.reason:
            channel["reasons"][row.reason] = channel["reasons"].get(row.reason, 0) + count
    for batch, count in received.items():
        if of_file[batch]["received"] != count:
            raise AssertionError(f"batch {batch}: expected {count} rows sorted out, found {of_file[batch]['received']}")
    for row in columns.collect():
        channel, contract = found[row.channel], channels[row.channel]
        extra = sorted(set(row.header) - set(contract.columns))
        missing = sorted(set(contract.columns) - set(row.header)) if row.header else []
        channel["extra_columns"] = sorted({*channel.get("extra_columns", []), *extra})
        channel["missing_columns"] = sorted({*channel.get("missing_columns", []), *missing})
        if row.reason:
            of_file[row.batch_id]["note"] = row.reason
    for one in of_file.values():
        if not one["received"]:
            one["note"] = f"no row found in it{'; ' + one['note'] if 'note' in one else ''}"
    return found
