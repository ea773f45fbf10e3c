"""What came live since the lake looked stays on top of what the lake publishes."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, text, update

from contracts.sources import Sources
from profile_api.identity.rebuild import rebuild
from profile_api.live.live_records import document_of
from spark_jobs.tables import RECORDS
from stores.schema import records


def keep_live_records(
    connection: Connection, published: Collection[str], landed: int, sources: Sources, now: datetime
) -> None:
    """A record that says more than the lake's version of it, which was just published, says so again."""
    if RECORDS.name not in published:
        return
    newer = text(
        "SELECT l.record_id, l.source, l.payload, r.profile_id FROM live_records l"
        " JOIN new_records USING (record_id) JOIN records r USING (record_id) WHERE l.sequence > :landed"
    )
    touched = set()
    for row in connection.execute(newer, {"landed": landed}).all():
        if row.source in sources.by_name:
            document = document_of(sources.by_name[row.source], row.payload, now)
            connection.execute(update(records).where(records.c.record_id == row.record_id).values(document=document))
            touched.add(row.profile_id)
    rebuild(connection, touched, now)


def features_follow(connection: Connection, now: datetime) -> None:
    """Features are computed again of whoever was changed by this publication and has live events or was put together
    live: the lake's features, which are on their way, know nothing of it."""
    due = (
        "INSERT INTO features_due (profile_id) SELECT DISTINCT p.profile_id FROM profiles p"
        " JOIN records r USING (profile_id) WHERE p.updated_at = :now AND record_id IN"
        " (SELECT record_id FROM live_records UNION ALL SELECT record_id FROM live_assignments)"
    )
    connection.execute(text(due), {"now": now})
