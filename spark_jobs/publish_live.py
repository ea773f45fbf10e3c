"""Live changes that the lake has not seen yet are applied on top of a publication; for the others the lake's result
counts."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, text, update

from contracts.content import content_hash
from contracts.sources import Sources
from lake.tables import PROFILES, RECORDS, TIMELINE
from read_model.attribution import attribute
from read_model.live.live_records import document_of, said_payload
from read_model.rebuild import rebuild
from stores.due import due_of, make_due
from stores.schema import records


def note_live(connection: Connection) -> None:
    """Stores in `stood` the profiles of live assignments, before the lake's result is applied."""
    connection.execute(
        text(
            "INSERT INTO stood SELECT record_id, profile_id FROM records NATURAL JOIN (SELECT"
            " record_id FROM live_assignments) live"
        )
    )


def keep_live_changes(connection: Connection, published: Collection[str], now: datetime) -> None:
    """Applies live assignments that the lake has not seen; the profiles of all others follow the lake."""
    was_live = set(connection.scalars(text("SELECT record_id FROM live_assignments")))
    connection.execute(text(_SETTLED))
    if RECORDS.name in published:
        connection.execute(text(_AGREED))
    live: dict[str, str] = dict(connection.execute(text("SELECT record_id, profile_id FROM live_assignments")).all())
    overwritten = connection.execute(text(_OVERWRITTEN)).all()
    connection.execute(text(_UNMOVED))
    touched = {profile for row in overwritten for profile in (row.was, row.profile_id)} | set(live.values())
    moved = connection.execute(text(_MOVED), {"records": sorted(was_live)}).all()
    touched |= {profile for row in moved for profile in (row.was, row.profile_id) if profile}
    if live and PROFILES.name in published:
        holding = "SELECT profile_id FROM new_profiles WHERE (document -> 'records') ?| cast(:records AS text[])"
        touched |= set(connection.scalars(text(holding), {"records": list(live)}))
    make_due(connection, rebuild(connection, touched, now).gone)
    if live and TIMELINE.name in published:
        found = connection.scalars(text(_THEIR_EVENTS), {"records": list(live), "profiles": sorted(touched)})
        attribute(connection, list(found))


def keep_live_records(
    connection: Connection, published: Collection[str], landed: int, sources: Sources, now: datetime
) -> None:
    """A record that says something else than the lake's version of it, which was just published, says so again; a
    profile whose record says more than the lake knows is put together anew."""
    among = []
    if RECORDS.name in published:
        among.append("l.record_id IN (SELECT record_id FROM new_records)")
    if PROFILES.name in published:
        among.append("l.sequence > :landed AND r.profile_id IN (SELECT profile_id FROM new_profiles)")
    if not among:
        return
    newer = text(
        "SELECT l.record_id, l.source, l.payload, l.sequence, r.profile_id, r.document ->> 'content_hash' AS said"
        f" FROM live_records l JOIN records r USING (record_id) WHERE ({') OR ('.join(among)})"
    )
    touched = set()
    for row in connection.execute(newer, {"landed": landed}).all():
        if row.source not in sources.by_name:
            continue
        if content_hash(said_payload(row.payload)) != row.said:
            document = document_of(sources.by_name[row.source].records, row.payload, now)
            connection.execute(update(records).where(records.c.record_id == row.record_id).values(document=document))
            touched.add(row.profile_id)
        elif row.sequence > landed:
            touched.add(row.profile_id)
    make_due(connection, rebuild(connection, touched, now).gone)


def features_follow(connection: Connection, now: datetime) -> None:
    """Features are computed again of whoever was changed by this publication and has live events or was put together
    live: the lake's features, which are on their way, know nothing of it."""
    due = due_of(
        "SELECT DISTINCT p.profile_id FROM profiles p"
        " JOIN records r USING (profile_id) WHERE p.updated_at = :now AND record_id IN"
        " (SELECT record_id FROM live_records UNION ALL SELECT record_id FROM live_assignments)"
    )
    connection.execute(text(due), {"now": now})


_SETTLED = """
WITH settled AS (
    DELETE FROM live_assignments l USING seen_live s WHERE (s.record_id, s.at) = (l.record_id, l.at)
    RETURNING s.record_id, s.profile_id
)
UPDATE records r SET profile_id = s.profile_id FROM settled s
WHERE r.record_id = s.record_id AND r.profile_id <> s.profile_id
"""
_AGREED = """
DELETE FROM live_assignments l USING new_records n WHERE (n.record_id, n.profile_id) = (l.record_id, l.profile_id)
"""
_OVERWRITTEN = """
WITH was AS (
    SELECT r.record_id, r.profile_id AS was, l.profile_id FROM records r JOIN live_assignments l USING (record_id)
    WHERE r.profile_id <> l.profile_id
), changed AS (
    UPDATE records r SET profile_id = w.profile_id FROM was w WHERE r.record_id = w.record_id RETURNING r.record_id
)
SELECT w.was, w.profile_id FROM was w JOIN changed USING (record_id)
"""
_UNMOVED = "DELETE FROM stood s USING records r WHERE (r.record_id, r.profile_id) = (s.record_id, s.profile_id)"
# Of the lake's own profiles, the lake has said what became of them.
_MOVED = """
SELECT DISTINCT s.profile_id AS was, r.profile_id FROM stood s LEFT JOIN records r USING (record_id)
WHERE s.record_id = ANY (:records) OR EXISTS (
    SELECT FROM profiles p WHERE p.profile_id = s.profile_id
    AND NOT EXISTS (SELECT FROM records o WHERE o.profile_id = s.profile_id)
)
"""
_THEIR_EVENTS = """
SELECT e.event_id FROM new_events e WHERE e.record_id = ANY (:records) OR EXISTS (
    SELECT FROM jsonb_array_elements(e.identifiers) one
    JOIN identifiers i ON (i.kind, i.value) = (one ->> 'kind', one ->> 'value')
    WHERE i.profile_id = ANY (:profiles)
)
"""
