"""How much was left out because it was of somebody erased, by channel and day: so that nobody is kept out unseen.

A tombstone may meet somebody else: a telephone number that was given out anew, a card that was reused. The officer sees
where rows go missing, and nothing of whom they were.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from consent.erasure.tombstones import ERASED
from stores.schema import left_out


def note_left_out(connection: Connection, channel: str, day: date, rows: int, anew: bool = False) -> None:
    """Adds to what was left out of a channel on a day; with `anew` it is all: a run reads all files once more."""
    kept = insert(left_out).values(channel=channel, day=day, rows=rows)
    total = kept.excluded.rows if anew else left_out.c.rows + kept.excluded.rows
    connection.execute(kept.on_conflict_do_update(index_elements=["channel", "day"], set_={"rows": total}))


def note_rows(connection: Connection, channels: Mapping[str, Mapping[str, Any]], day: date) -> dict[str, int]:
    """Notes what a run left out of files, from its report by channel, and returns it."""
    found = {name: told["reasons"][ERASED] for name, told in channels.items() if told["reasons"].get(ERASED)}
    for name, rows in found.items():
        note_left_out(connection, name, day, rows, anew=True)
    return found


def left_out_since(connection: Connection, day: date) -> list[tuple[str, date, int]]:
    """Channel, day and rows, newest first."""
    columns = left_out.c
    query = select(columns.channel, columns.day, columns.rows).where(columns.day >= day)
    rows = connection.execute(query.order_by(columns.day.desc(), columns.channel))
    return [(row.channel, row.day, row.rows) for row in rows]
