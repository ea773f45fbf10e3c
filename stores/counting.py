"""Counts changes of timelines and features by data category, since an answer may only reveal changes that it may
show."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, text

COUNT = """
UPDATE profiles SET counts = counted_changes(counts, seen.categories),
  changed = CASE WHEN updated_at = :now THEN ARRAY(SELECT DISTINCT unnest(changed || seen.categories) ORDER BY 1)
    ELSE seen.categories END,
  version = version + CASE WHEN {counted} THEN 0 ELSE 1 END, updated_at = :now
FROM ({seen}) AS seen(profile_id, categories) WHERE profiles.profile_id = seen.profile_id
"""
"""`seen` has a row a profile with its categories; those that are `counted` have a new version for it already."""

_GIVEN = """
SELECT profile_id, ARRAY(SELECT jsonb_array_elements_text(categories))
FROM jsonb_to_recordset(CAST(:seen AS jsonb)) AS given(profile_id text, categories jsonb)
"""
_COUNT = text(COUNT.format(seen=_GIVEN, counted="profiles.profile_id = ANY(:counted)"))


def count_changes(
    connection: Connection, seen: Mapping[str, Collection[str]], now: datetime, counted: Collection[str] = ()
) -> None:
    """A new version of these profiles, for what changed on their timelines: profile -> the categories of events.

    An event is of its type's category: whoever may not see that does not see the event.
    """
    if seen:
        rows = [{"profile_id": one, "categories": sorted(seen[one])} for one in sorted(seen)]
        connection.execute(_COUNT, {"seen": json.dumps(rows), "now": now, "counted": sorted(counted)})
