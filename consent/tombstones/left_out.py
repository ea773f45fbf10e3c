"""Counts rows dropped because of tombstones, by channel and day, so that nobody is kept out unnoticed.

A tombstone may match somebody else: a reassigned telephone number, a reused card. The officer sees where rows are
dropped, but not whose.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from consent.tombstones.digests import ERASED
from stores.schema import left_out


def note_left_out(connection: Connection, channel: str, day: date, rows: int, anew: bool = False) -> None:
    """Adds to the count of a channel on a day; with `anew` it replaces it, since a run reads all files again."""
    kept = insert(left_out).values(channel=channel, day=day, rows=rows)
    total = kept.excluded.rows if anew else left_out.c.rows + kept.excluded.rows
    connection.execute(kept.on_conflict_do_update(index_elements=["channel", "day"], set_={"rows": total}))


def note_rows(connection: Connection, channels: Mapping[str, Mapping[str, Any]], day: date) -> dict[str, int]:
    """Stores what a run dropped from files, from its report by channel, and returns it."""
    found = {name: report["reasons"][ERASED] for name, report in channels.items() if report["reasons"].get(ERASED)}
    for name, rows in found.items():
        note_left_out(connection, name, day, rows, anew=True)
    return found


def left_out_since(connection: Connection, day: date) -> list[tuple[str, date, int]]:
    """Channel, day and rows, newest first."""
    columns = left_out.c
    query = select(columns.channel, columns.day, columns.rows).where(columns.day >= day)
    rows = connection.execute(query.order_by(columns.day.desc(), columns.channel))
    return [(row.channel, row.day, row.rows) for row in rows]
