"""Cleans up profiles without records after a publication: only their redirects stay."""

from sqlalchemy import Connection, text

from stores.due import due_of


def follow_the_gone(connection: Connection) -> None:
    """Events go where their records went; ids that are gone lead to who is there, in one step; their features go.

    `stood` has whose the records were that moved, `changed_redirects` what the lake says that was not so.
    """
    connection.execute(text(_EVENTS))
    connection.execute(text(_HEIRS))
    connection.execute(text(_STANDING))
    while connection.execute(text(_FARTHER)).rowcount:
        pass
    connection.execute(text(_FEATURES))


_EVENTS = """
UPDATE timeline t SET profile_id = m.profile_id FROM (
    SELECT s.record_id, s.profile_id AS was, r.profile_id FROM stood s LEFT JOIN records r USING (record_id)
) m WHERE t.profile_id = m.was AND t.record_id = m.record_id
"""
_GONE = """
SELECT DISTINCT profile_id FROM stood s WHERE NOT EXISTS (SELECT FROM records r WHERE r.profile_id = s.profile_id)
"""
# Most of its records went there. What the lake says of such an id is there already.
_HEIRS = f"""
WITH changed AS (
    INSERT INTO redirects SELECT DISTINCT ON (s.profile_id) s.profile_id, r.profile_id
    FROM stood s JOIN records r USING (record_id) WHERE s.profile_id IN ({_GONE})
    GROUP BY s.profile_id, r.profile_id ORDER BY s.profile_id, count(*) DESC, r.profile_id
    ON CONFLICT DO NOTHING RETURNING old_id, profile_id
) INSERT INTO changed_redirects SELECT old_id, profile_id FROM changed
"""
# An id that answers itself (again) leads nowhere else, whichever change of the batch or live brought it back.
_STANDING = "DELETE FROM redirects d WHERE EXISTS (SELECT FROM records r WHERE r.profile_id = d.old_id)"
_FARTHER = """
UPDATE redirects r SET profile_id = n.profile_id FROM redirects n
WHERE n.old_id = r.profile_id AND n.profile_id <> r.old_id
AND (n.old_id IN (SELECT old_id FROM changed_redirects) OR r.old_id IN (SELECT old_id FROM changed_redirects))
"""
_FEATURES = due_of(_GONE)
