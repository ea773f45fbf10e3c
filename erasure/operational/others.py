"""Others' and the system's own data in PostgreSQL: the same text there cannot be told from the person's."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select, text

from erasure.answers.model import Whose
from erasure.answers.postgres import ANSWERS, FEAST_SCHEMA
from erasure.people.folding import BETWEEN
from erasure.people.search import TextSearch
from erasure.people.subject import Subject
from stores.schema import inbox_quarantine

NOBODYS = frozenset({"record_keys", "tombstones", "audit_seals", "message_ids", "inbox_quarantine", "intakes"})
"""Tables of digests and ids alone, refused messages and intakes: what anybody sent makes nothing another's."""

OF_PEOPLE = {"models": ["names"], "erasures": ["sealed"]}
"""Columns with people's names or data, in rows of the system."""

IN_THE_LAKE = frozenset({"profiles", "identifiers", "records", "timeline", "edges", "reviews"})
"""Tables that the lake has too are searched there; here a few rows give the documents' own words."""
FEW = 200
ROWS = 2_000

_OF_IDENTIFIERS = "(identifier_kind, identifier) IN (SELECT kind, value FROM theirs)"
_OF_CONVERSATIONS = "conversation_id IN (SELECT conversation_id FROM conversations WHERE record_id = ANY(:records))"
_BESIDE = {
    "consent_events": f"{_OF_IDENTIFIERS} OR (contact_kind, contact_point) IN (SELECT kind, value FROM theirs)",
    "identity_history": "records ?| :records OR profile_id = ANY(:profiles) OR other_id = ANY(:profiles)",
    "privacy_requests": "profile_id = ANY(:profiles)",
    "legal_holds": "record_id = ANY(:records)",
    "profiles": "profile_id = ANY(:rebuilt)",
    "handoffs": _OF_CONVERSATIONS,
    "handoff_events": f"handoff_id IN (SELECT handoff_id FROM handoffs WHERE {_OF_CONVERSATIONS})",
    "conversation_entries": _OF_CONVERSATIONS,
    "inbox": "source || ':' || message_id = ANY(:events)",
}
"""Their rows that are found by other conditions than a key column; profiles that go on without them show them still,
and what is others' there is in the others' records."""


def said_by_others(connection: Connection, subject: Subject, search: TextSearch, all_rows: bool = False) -> set[str]:
    """Which of the values and words occur in rows that stay; free text does not count.

    With `all_rows`, also in rows that the lake does not have yet, and in messages refused since theirs were deleted.
    """
    refused = connection.scalars(select(inbox_quarantine.c.raw)) if all_rows else ()
    return {
        one
        for texts in (_texts(connection, subject, all_rows), refused)
        for said in texts
        for one in search.clear(said)
    }


def _texts(connection: Connection, subject: Subject, all_rows: bool) -> Iterator[bytes]:
    keys = sorted(subject.keys(Whose.IDENTIFIERS))
    theirs = {str(whose): sorted(getattr(subject, whose)) for whose in (Whose.RECORDS, Whose.PROFILES, Whose.EVENTS)}
    given: dict[str, Any] = theirs | {
        "rebuilt": sorted(subject.rebuilt),
        "kinds": [kind for kind, _ in keys],
        "held": [value for _, value in keys],
    }
    identifiers = (
        "WITH theirs AS (SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:held AS text[])) AS one(kind, value))"
    )
    for name, answer in ANSWERS.items():
        if name in NOBODYS:
            continue
        own = [
            _OF_IDENTIFIERS if whose is Whose.IDENTIFIERS else f"{column} = ANY(CAST(:{whose} AS text[]))"
            for column, whose in answer.gone_by.items()
        ]
        own += [_BESIDE[name]] if name in _BESIDE else []
        where = f" WHERE ({' OR '.join(own)}) IS NOT TRUE" if own else ""
        rest = "to_jsonb(t)" + "".join(f" - '{column}'" for column in [*answer.free_columns, *OF_PEOPLE.get(name, [])])
        few = f" LIMIT {FEW}" if name in IN_THE_LAKE and not all_rows else ""
        query = text(f"{identifiers} SELECT ({rest})::text FROM {name} t{where}{few}")
        wanted = {one: given[one] for one in given if f":{one}" in query.text}
        for part in connection.execute(query, wanted, execution_options={"yield_per": ROWS}).partitions():
            yield BETWEEN.join(row[0].encode() for row in part)
    registry = "SELECT tablename FROM pg_tables WHERE schemaname = :schema"
    for name in connection.scalars(text(registry), {"schema": FEAST_SCHEMA}).all():
        for row in connection.execute(text(f'SELECT t::text, to_jsonb(t) FROM {FEAST_SCHEMA}."{name}" t')):
            yield row[0].encode()
