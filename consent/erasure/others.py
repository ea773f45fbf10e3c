"""What PostgreSQL says of others and of itself: a text that stands there can't be told from a person's by its words."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

from consent.erasure.answers.model import Whose
from consent.erasure.answers.postgres import ANSWERS, FEAST_SCHEMA
from consent.erasure.folding import BETWEEN
from consent.erasure.search import TextSearch
from consent.erasure.subject import Subject

NOBODYS = frozenset({"models", "record_keys", "inbox_quarantine", "tombstones", "erasures", "audit_seals"})
"""Tables whose rows are no one person's, or hold digests alone."""

IN_THE_LAKE = frozenset({"profiles", "identifiers", "records", "timeline", "edges", "reviews"})
"""What the lake says as well is looked for there; here a few rows show the words of the documents themselves."""
FEW = 200
ROWS = 2_000

_BESIDE = {
    "consent_events": "(identifier_kind, identifier) IN (SELECT kind, value FROM theirs)"
    " OR (contact_kind, contact_point) IN (SELECT kind, value FROM theirs)",
    "identity_history": "records ?| :records OR profile_id = ANY(:profiles) OR other_id = ANY(:profiles)",
    "privacy_requests": "profile_id = ANY(:profiles)",
    "intakes": "(contact_kind, contact) IN (SELECT kind, value FROM theirs)"
    " OR request_id IN (SELECT request_id FROM privacy_requests WHERE profile_id = ANY(:profiles))",
    "inbox": "source || ':' || message_id = ANY(:events)",
}
"""Rows that are theirs otherwise than by a column that makes them go."""


def said_by_others(connection: Connection, subject: Subject, search: TextSearch) -> set[str]:
    """Which of the values and words stand in rows that stay; what people write freely is nobody's saying."""
    return {one for said in _texts(connection, subject) for one in search.clear(said)}


def _texts(connection: Connection, subject: Subject) -> Iterator[bytes]:
    theirs = {str(whose): sorted(getattr(subject, whose)) for whose in (Whose.RECORDS, Whose.PROFILES, Whose.EVENTS)}
    given: dict[str, Any] = theirs | {
        "kinds": [one.kind for one in sorted(subject.identifiers)],
        "held": [one.value for one in sorted(subject.identifiers)],
    }
    identifiers = (
        "WITH theirs AS (SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:held AS text[])) AS one(kind, value))"
    )
    for name, answer in ANSWERS.items():
        if name in NOBODYS:
            continue
        own = [f"{column} = ANY(CAST(:{whose} AS text[]))" for column, whose in answer.gone_by.items()]
        own += [_BESIDE[name]] if name in _BESIDE else []
        where = f" WHERE ({' OR '.join(own)}) IS NOT TRUE" if own else ""
        rest = "to_jsonb(t)" + "".join(f" - '{column}'" for column in answer.free_columns)
        few = f" LIMIT {FEW}" if name in IN_THE_LAKE else ""
        query = text(f"{identifiers} SELECT ({rest})::text FROM {name} t{where}{few}")
        wanted = {one: given[one] for one in given if f":{one}" in query.text}
        for part in connection.execute(query, wanted, execution_options={"yield_per": ROWS}).partitions():
            yield BETWEEN.join(row[0].encode() for row in part)
    registry = "SELECT tablename FROM pg_tables WHERE schemaname = :schema"
    for name in connection.scalars(text(registry), {"schema": FEAST_SCHEMA}).all():
        for row in connection.execute(text(f'SELECT t::text, to_jsonb(t) FROM {FEAST_SCHEMA}."{name}" t')):
            yield row[0].encode()
