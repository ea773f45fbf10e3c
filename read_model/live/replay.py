"""Reads refused messages once more, under the sources as they are now: `python -m read_model.live.replay`."""

import argparse
import json
import sys
from datetime import UTC, datetime

from sqlalchemy import Engine, delete, select, update

from contracts.settings import settings
from contracts.sources import Sender, load_sources
from read_model.live.erased import Guard, guard_of
from read_model.live.inbox import insert_accepted
from read_model.live.messages import Arrival, sort_messages
from stores.embedded import open_stores
from stores.postgres import migrated
from stores.schema import inbox_quarantine

AT_ONCE = 500


def replay(engine: Engine, guard: Guard, now: datetime) -> dict[str, int]:
    """Accepts messages that can be read now; the rest stays with its newest reason.

    Each message is handled in one commit. Messages that name an erased person are deleted.
    """
    sources = guard.sources
    counts = {"accepted": 0, "duplicate": 0, "quarantined": 0, "erased": 0}
    kept, last = inbox_quarantine.c, 0
    waiting = select(inbox_quarantine).where(kept.replayed_at.is_(None)).order_by(kept.quarantine_id).limit(AT_ONCE)
    while True:
        with engine.begin() as connection:
            rows = connection.execute(waiting.where(kept.quarantine_id > last).with_for_update()).all()
            for row in rows:
                source = sources.by_name.get(row.source)
                if source is None:
                    counts["quarantined"] += 1
                    continue
                sender = Sender(source, row.is_server, row.is_signed)
                found = sort_messages([row.raw], Arrival(sender, row.received_at, False, row.call, row.sent_at))
                own = update(inbox_quarantine).where(kept.quarantine_id == row.quarantine_id)
                if erased := guard.erased(connection, [*found.accepted, *found.refused]):
                    insert_accepted(connection, found.accepted, erased)
                    connection.execute(delete(inbox_quarantine).where(kept.quarantine_id == row.quarantine_id))
                    counts["erased"] += 1
                elif found.refused:
                    connection.execute(own.values(reason=found.refused[0].reason))
                    counts["quarantined"] += 1
                else:
                    new = insert_accepted(connection, found.accepted)
                    connection.execute(own.values(replayed_at=now))
                    counts["accepted" if new else "duplicate"] += 1
        if not rows:
            return counts
        last = rows[-1].quarantine_id


def main() -> None:
    """The command line."""
    argparse.ArgumentParser(prog="python -m read_model.live.replay", description=__doc__).parse_args()
    with open_stores(settings()) as stores, migrated(stores.database_url) as engine:
        done = replay(engine, guard_of(settings(), load_sources(settings())), datetime.now(UTC))
        sys.stdout.write(json.dumps(done) + "\n")


if __name__ == "__main__":
    main()
