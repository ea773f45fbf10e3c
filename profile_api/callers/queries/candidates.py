"""Who a caller may be: the profiles whose records share the rarest keys with what was heard."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Connection, text

from identity.callers.score import Candidate
from identity.matching.comparison_columns import compared
from identity.matching.name_parts import NameFrequencies

Permitted = Callable[[Collection[str]], Collection[str]]
"""Of these profiles those whose person may be identified for the purpose, as the gate decides."""

MOST_OF_KEY = 300
"""A key with more holders is not selective enough: other keys must find the caller, or one more question."""

MOST_RECORDS = 400
MOST_PROFILES = 60
MOST_OF_ONE = 20
"""The most records of one profile that are compared; more would add nothing."""

ENOUGH_ROWS = 1_000
"""From here on a running count is near enough."""

# 1. The holders of each key, but of none that too many hold. 2. The records with the rarest keys in common.
# 3. Their profiles, with all their records.
_FOUND = text(
    """
    WITH hits AS (
        SELECT heard.key, held.record_id FROM unnest(CAST(:keys AS text[])) AS heard(key)
        CROSS JOIN LATERAL (
            SELECT record_id FROM record_keys WHERE record_keys.key = heard.key LIMIT :holders + 1
        ) AS held
    ), telling AS (
        SELECT key, ln(CAST(:records AS double precision) / count(*)) AS bits
        FROM hits GROUP BY key HAVING count(*) <= :holders
    ), likeliest AS (
        SELECT record_id, sum(bits) AS bits FROM hits JOIN telling USING (key)
        GROUP BY record_id ORDER BY bits DESC, record_id LIMIT :most_records
    ), people AS (
        SELECT profile_id, max(bits) AS bits FROM likeliest JOIN records USING (record_id)
        GROUP BY profile_id ORDER BY bits DESC, profile_id LIMIT :profiles
    ), theirs AS (
        SELECT profile_id, document - ARRAY['attributes', 'categories', 'issues'] AS document,
            row_number() OVER (PARTITION BY profile_id ORDER BY record_id) AS place
        FROM records JOIN people USING (profile_id)
    )
    SELECT profile_id, document FROM theirs WHERE place <= :of_one ORDER BY profile_id, place
    """
)


def find_candidates(
    connection: Connection, keys: Sequence[str], names: NameFrequencies, records: int, permitted: Permitted
) -> list[Candidate]:
    """The profiles to compare with what was heard, among so many records; `keys` as in `CallerHypotheses`.

    Of anybody else than the `permitted` no value is compared.
    """
    found = connection.execute(
        _FOUND,
        {
            "keys": list(keys),
            "records": max(records, MOST_OF_KEY + 1),
            "holders": MOST_OF_KEY,
            "most_records": MOST_RECORDS,
            "profiles": MOST_PROFILES,
            "of_one": MOST_OF_ONE,
        },
    )
    people = defaultdict(list)
    documents = found.all()
    may_be = permitted({profile_id for profile_id, _ in documents}) if documents else frozenset()
    for profile_id, document in documents:
        if profile_id in may_be:
            people[profile_id].append(compared(document, names))
    return [Candidate(profile_id, columns) for profile_id, columns in people.items()]


def people_on_file(connection: Connection) -> int:
    """How many people are on file: PostgreSQL's running count, which costs nothing, else a real one."""
    counted = text("SELECT n_live_tup FROM pg_stat_user_tables WHERE relname = 'profiles'")
    rows = connection.scalar(counted) or 0
    return int(rows if rows >= ENOUGH_ROWS else connection.scalar(text("SELECT count(*) FROM profiles")) or 1)
