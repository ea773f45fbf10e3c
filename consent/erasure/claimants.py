"""Unproven visitors who said that they are somebody: their claims name the person to erase, so they go with them.

Most of them are the person, on a device where they did not sign in. Who is proven to be somebody else keeps what is
theirs.
"""

from sqlalchemy import Connection, text

from consent.erasure.subject import Subject

_CLAIMANTS = text("""
WITH held AS (
    SELECT DISTINCT one ->> 'kind' AS kind, one ->> 'value' AS value
    FROM records, jsonb_array_elements(document -> 'identifiers') one WHERE record_id = ANY(:records)
), alone AS (
    SELECT kind, value FROM held WHERE NOT EXISTS (
        SELECT FROM identifiers i WHERE (i.kind, i.value) = (held.kind, held.value) AND i.profile_id <> ALL(:profiles)
    )
)
SELECT DISTINCT r.record_id, r.profile_id FROM live_records l JOIN records r USING (record_id)
CROSS JOIN LATERAL jsonb_to_recordset(r.document -> 'claims') AS claim(name text, value text)
JOIN alone ON (alone.kind, alone.value) = (claim.name, claim.value)
WHERE r.record_id <> ALL(:records) AND l.payload ->> 'user_id' IS NULL
    AND NOT EXISTS (SELECT FROM records o WHERE o.profile_id = r.profile_id AND o.record_id <> r.record_id)
""")


def add_claimants(connection: Connection, subject: Subject) -> None:
    """Adds the visitors, with their profiles, who claim an identifier that the subject alone holds."""
    theirs = {"records": sorted(subject.records), "profiles": sorted(subject.profiles | subject.rebuilt)}
    for record_id, profile_id in connection.execute(_CLAIMANTS, theirs).tuples().all():
        subject.records.add(record_id)
        subject.profiles.add(profile_id)
